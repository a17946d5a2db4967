import { databasePorts } from "../../../config/database";
import { images } from "../../../config/images";
import { mebibytes } from "../../../config/quantity";
import type { Component } from "../../component";
import { type Node, nodeId, Service } from "../../graph";
import type { Instance } from "../../instance";
import { atRest, cloudNativePgApi } from "../../kinds";
import { plinthLabels } from "../../labels";
import { metricsRules } from "../../metrics";
import { pullSecretsOf } from "../../pullSecret";
import { mib } from "../../scratch";
import { metricsPorts } from "../metrics";
import { majorOf, seriesOf } from "../series";
import { postgresSizes } from "../sizing";
import {
    awaited,
    checkedSeries,
    defined,
    inheritedLabels,
    memberPlacement,
    memberRules,
    memberVolumes,
    type Operated,
    type OperatedArgs,
    operatedName,
    serverResources,
} from "./common";
import { connectionPooler, joinPooler } from "./pooler";

/** Where members tell their state, to the operator and to each other. */
const statusPort = 8000;

/** On Secrets whose changed passwords the operator applies at once. */
const reloads = { "cnpg.io/reload": "true" };

/** The longest name of a Cluster: https://cloudnative-pg.io/docs/devel/cloudnative-pg.v1 */
const longestName = 50;

/** Directory of a pod with the operator's program in it, and with what the server writes beside its volume. */
const temporary = "1Gi";

/** True of a Cluster whose last pod is gone. */
const hibernated = `jsonpath={.status.conditions[?(@.type=="cnpg.io/hibernation")].status}=True`;

/** The operator's label of members, as opposed to poolers. */
const part = { "app.kubernetes.io/component": "database" };

const ports = { postgresql: databasePorts.postgres };

/**
 * PostgreSQL as a Cluster of CloudNativePG, which makes pods, volumes and Services of it, and promotes another member
 * when the one that takes writes is lost.
 */
export function operatedPostgres(instance: Instance, owner: Component, name: string, args: OperatedArgs): Operated {
    const { config, database, user, passwords } = args;
    const cluster = operatedName(instance, name, longestName);
    // Without the latter also its poolers. The Jobs that fill a volume have both.
    const selector = { "cnpg.io/cluster": cluster, ...part };
    const self = new Service(
        nodeId(instance.namespace, name),
        instance.host(`${name}-r`),
        {
            ...ports,
            status: statusPort,
        },
        {},
    );
    const node = instance.addNode(name, {
        kind: "database",
        selector,
        uses: [self.bind()],
        networkRules: [
            ...metricsRules(instance.cluster.monitoringNamespace, metricsPorts.postgres),
            ...memberRules(instance, name, config, [statusPort, databasePorts.postgres]),
        ],
    });
    // With the keys that the operator reads; a value from a Secret of others is copied.
    const secret = (suffix: string, username: string, password: typeof passwords.password) =>
        instance.secret(owner, `${name}${suffix}`, { username, password }, { node, type: "Opaque", labels: reloads })
            .password;
    const password = secret("", user, passwords.password);
    const rootPassword = secret("-root", "postgres", passwords.rootPassword);
    const settings = { name: database, user, password };
    const at = (host: string) => new Service(node.id, instance.host(host), ports, settings);
    const direct = at(`${name}-rw`);
    const readService = config.members === 1 ? direct : at(config.readFrom === "replicas" ? `${name}-ro` : `${name}-r`);
    if (config.members === 1 && config.readFrom === "replicas")
        instance.problem([name, "readFrom"], '"replicas" is not possible with members: 1; allowed: members');
    const connections = declareCluster(instance, owner, node, {
        args,
        selector,
        secrets: { app: password.secret, root: rootPassword.secret },
    });
    if (!config.pooler) return { node, service: direct, readService, direct, rootPassword };
    const pooler = joinPooler(instance, name, direct);
    connectionPooler(instance, owner, pooler, { pooler: config.pooler, cluster, connections });
    const service = new Service(pooler.id, instance.host(pooler.name), ports, settings);
    return { node, service, readService, direct, rootPassword };
}

interface ClusterArgs {
    readonly args: OperatedArgs;
    readonly selector: Readonly<Record<string, string>>;
    /** Secrets of the platform's user and of the administrator. */
    readonly secrets: { readonly app: string; readonly root: string };
}

/** @returns the number of connections that a member takes */
function declareCluster(
    instance: Instance,
    owner: Component,
    node: Node,
    { args, selector, secrets }: ClusterArgs,
): number {
    const { config, database, user } = args;
    const { name } = node;
    const { members, synchronous } = config;
    const { series, checked } = checkedSeries(instance, name, images.cloudnativePg, args);
    checkClients(instance, series, args);
    const { limit, resources } = serverResources(instance, name, args, [temporary]);
    const { size, storageClass } = memberVolumes(instance, name, args.size);
    const sizes = postgresSizes(limit, mebibytes(size));
    const image = instance.image(images.cloudnativePg);
    const pullSecrets = pullSecretsOf(instance);
    const restartedAt = instance.restartedAt(name);
    instance.objects.addCustom(
        owner,
        name,
        {
            apiVersion: cloudNativePgApi,
            kind: "Cluster",
            labels: {},
            annotations: {
                [plinthLabels.engine]: checked,
                ...(instance.config.state === "running"
                    ? // Its condition Ready stays true in hibernation.
                      awaited(`jsonpath={.status.readyInstances}=${members}`)
                    : { ...atRest, ...awaited(hibernated, 600) }),
                ...(restartedAt ? { "kubectl.kubernetes.io/restartedAt": restartedAt } : {}),
            },
            spec: {
                instances: members,
                imageName: image.reference,
                imagePullPolicy: image.pullPolicy,
                ...(pullSecrets.length > 0 ? { imagePullSecrets: pullSecrets.map((one) => ({ name: one })) } : {}),
                inheritedMetadata: { labels: { ...inheritedLabels(instance, node), ...part } },
                bootstrap: {
                    initdb: {
                        database,
                        owner: user,
                        secret: { name: secrets.app },
                        dataChecksums: true,
                        encoding: "UTF8",
                        // Every image has it, and it knows all letters.
                        localeCollate: "C.UTF-8",
                        localeCType: "C.UTF-8",
                    },
                },
                enableSuperuserAccess: true,
                superuserSecret: { name: secrets.root },
                postgresql: {
                    parameters: {
                        shared_buffers: `${sizes.sharedBuffers}MB`,
                        effective_cache_size: `${sizes.effectiveCache}MB`,
                        maintenance_work_mem: `${sizes.maintenance}MB`,
                        work_mem: `${sizes.work}MB`,
                        max_connections: String(sizes.connections),
                        max_wal_size: `${sizes.maxWal}MB`,
                        ...args.settings,
                    },
                    ...(synchronous && members > 1
                        ? // Without a standby that can take them, writes go on.
                          { synchronous: { method: "any", number: 1, dataDurability: "preferred" } }
                        : {}),
                },
                storage: { size, ...(storageClass === undefined ? {} : { storageClass }) },
                resources,
                ephemeralVolumesSizeLimit: { shm: mib(sizes.sharedMemory), temporaryData: temporary },
                ...placementOf(instance, node, selector),
                // A primary that ends at once is replaced at once. The operator's own 180 s are given to sessions to end by
                // themselves; new ones are refused meanwhile, so one session that stays keeps everybody else out.
                smartShutdownTimeout: 0,
                // Another member is promoted in less time than the primary's pod takes to be made anew.
                primaryUpdateMethod: "switchover",
                // A budget of a single one would hold up drains for ever.
                enablePDB: members > 1,
            },
        },
        { node, lifetime: "instance" },
    );
    return sizes.connections;
}

/** The fields of a Cluster that tell where its pods run. */
function placementOf(instance: Instance, node: Node, selector: Readonly<Record<string, string>>): object {
    const { affinity, nodeSelector, tolerations, ...others } = memberPlacement(instance, node, selector, true);
    const { nodeAffinity, podAffinity, podAntiAffinity } = (affinity ?? {}) as Readonly<Record<string, object>>;
    const placed = {
        nodeSelector,
        tolerations,
        nodeAffinity,
        additionalPodAffinity: podAffinity,
        additionalPodAntiAffinity: podAntiAffinity,
    };
    return { ...defined(others), ...(Object.keys(defined(placed)).length > 0 ? { affinity: defined(placed) } : {}) };
}

/** Dumps are made by the clients of another image, which refuse a newer server. */
function checkClients(instance: Instance, series: string, { clients }: OperatedArgs): void {
    const { reference, tag } = instance.image(clients);
    const known = seriesOf("postgres", tag);
    if (known !== undefined && Number(majorOf(known)) < Number(majorOf(series)))
        instance.problem(
            ["images", clients.name],
            `"${reference}" is older than the server, ${series}, whose backups its clients make; allowed: an image of ${series} or later`,
        );
}
