import { databasePorts } from "../../../config/database";
import { images } from "../../../config/images";
import { mebibytes } from "../../../config/quantity";
import type { Component } from "../../component";
import { type Node, nodeId, type SecretRef, Service } from "../../graph";
import type { Instance } from "../../instance";
import { mariadbOperatorApi } from "../../kinds";
import { componentLabels, instanceLabels, plinthLabels } from "../../labels";
import { myCnf, word } from "../../languages/myCnf";
import { placementFor } from "../../placement";
import { hardened, podSecurityContext } from "../../pod";
import { pullSecretsOf } from "../../pullSecret";
import { requestsAndLimits } from "../../resources";
import { galeraPorts, groupSettings, keptCommits, numberSettings } from "../galera/files";
import { configurationFile } from "../mysql";
import { upgradesInPlace } from "../series";
import { mysqlSizes, temporaryLimit } from "../sizing";
import {
    affinityFor,
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
import { memberMetrics } from "./mariadbMetrics";

/** Of the operator's agent in each pod, which tells it the member's state and recovers it. */
const agentPort = 5555;

/** On Secrets whose changed passwords the operator applies at once. */
const watched = { "k8s.mariadb.com/watch": "" };

/** The longest name of a StatefulSet, whose pods have a label with it and a revision. */
const longestName = 52;

/**
 * Directories that the server writes beside its volume. The operator's webhook lets nobody change them, so that they do
 * not follow the size of the volume.
 */
const temporary = "1Gi";
const directories = [
    { name: "tmp", mountPath: "/tmp", size: temporary },
    { name: "run", mountPath: "/run/mysqld", size: "16Mi" },
] as const;

/** Uid and gid of the server in the official images, and of the operator's containers beside it. */
const user = 999;

/** Of the operator's programs in each pod. */
const beside = { cpu: "10m", memory: "128Mi" } as const;

const ports = { mysql: databasePorts.mariadb };

/**
 * MariaDB as a Galera cluster of mariadb-operator, which makes a StatefulSet and Services of it, chooses the member that
 * takes writes, and begins anew after a loss of all. Database, account and rights are objects of the operator, too.
 */
export function operatedMariadb(instance: Instance, owner: Component, name: string, args: OperatedArgs): Operated {
    const { config, passwords } = args;
    // Another topology's StatefulSet and Service have the component's name, and are there until its members have begun.
    const object = `${name}-mariadb`;
    const cluster = operatedName(instance, name, longestName, object);
    const { whole, group, missing } = galeraPorts;
    const self = new Service(
        nodeId(instance.namespace, name),
        instance.host(`${object}-internal`),
        { ...ports, whole, group, missing },
        {},
    );
    const node = instance.addNode(name, {
        kind: "database",
        // Without the Jobs that fill and examine a volume, which need no network.
        selector: { "app.kubernetes.io/name": "mariadb", "app.kubernetes.io/instance": cluster },
        uses: [self.bind()],
        networkRules: memberRules(instance, name, config, [databasePorts.mariadb, agentPort]),
    });
    const { password } = instance.secret(
        owner,
        name,
        { password: passwords.password },
        { node, type: "Opaque", labels: watched },
    );
    const { rootPassword } = instance.secret(
        owner,
        `${name}-root`,
        { rootPassword: passwords.rootPassword },
        { node, type: "Opaque" },
    );
    const settings = { name: args.database, user: args.user, password };
    const at = (host: string) => new Service(node.id, instance.host(host), ports, settings);
    const service = at(`${object}-primary`);
    const connections = declareServers(instance, owner, node, { args, object, rootPassword });
    declareAccount(instance, owner, node, { args, cluster, password, connections });
    return {
        node,
        service,
        readService: at(config.readFrom === "replicas" ? `${object}-secondary` : object),
        direct: service,
        rootPassword,
    };
}

interface ServersArgs {
    readonly args: OperatedArgs;
    /** Logical name of the MariaDB. */
    readonly object: string;
    readonly rootPassword: SecretRef;
}

/** @returns the number of connections that a member takes */
function declareServers(
    instance: Instance,
    owner: Component,
    node: Node,
    { args, object, rootPassword }: ServersArgs,
): number {
    const { name } = node;
    const { members, upgradeFrom } = args.config;
    const { series, checked } = checkedSeries(instance, name, images.mariadb, args);
    const { limit, resources } = serverResources(
        instance,
        name,
        args,
        directories.map(({ size }) => size),
    );
    const { size, storageClass: storageClassName } = memberVolumes(instance, name, args.size);
    const disk = mebibytes(size);
    const sizes = mysqlSizes("mariadb", limit, disk);
    const own = Object.entries(args.settings ?? {}).map(([key, value]) => myCnf`${word(key)} = ${word(value)}`);
    const labels = { ...inheritedLabels(instance, node), [plinthLabels.component]: `${node.instance}.${name}` };
    const metrics = memberMetrics(instance, node, object);
    // Another topology's data are not on these volumes.
    const before = /^(.*) operator$/.exec(upgradeFrom ?? "")?.[1];
    instance.objects.addCustom(
        owner,
        object,
        {
            apiVersion: mariadbOperatorApi,
            kind: "MariaDB",
            // The operator overrides the names that other pods have.
            labels: { [plinthLabels.component]: labels[plinthLabels.component]! },
            annotations: {
                [plinthLabels.engine]: checked,
                ...awaited(JSON.stringify([`jsonpath={.status.replicas}=${members}`, "condition=Ready"])),
            },
            spec: {
                ...imageFields(instance, images.mariadb),
                ...pullSecrets(instance),
                // On everything that the operator makes, but not the stack's: it is the operator's own.
                inheritMetadata: { labels: { ...instanceLabels(instance, componentLabels(node)), ...metrics.labels } },
                podMetadata: { labels, ...annotationsOf(instance, name) },
                rootPasswordSecretKeyRef: { name: rootPassword.secret, key: rootPassword.key, generate: false },
                replicas: members,
                galera: galeraFields(instance, disk, resources),
                // Between members, and for whoever wants it.
                tls: { enabled: true, required: false },
                myCnf: configurationFile("mariadb", sizes, {
                    extra: [...numberSettings, ...groupSettings, ...own],
                    temporary: temporaryLimit(mebibytes(temporary)),
                }),
                // Rewrites the system tables, so only by consent.
                ...(before !== undefined && upgradesInPlace(before, series)
                    ? { env: [{ name: "MARIADB_AUTO_UPGRADE", value: "1" }] }
                    : {}),
                storage: {
                    resizeInUseVolumes: true,
                    volumeClaimTemplate: {
                        metadata: { labels },
                        accessModes: ["ReadWriteOnce"],
                        resources: { requests: { storage: size } },
                        ...defined({ storageClassName }),
                    },
                },
                resources,
                podSecurityContext: podSecurityContext({ user }),
                securityContext: hardened(),
                volumes: directories.map((one) => ({ name: one.name, emptyDir: { sizeLimit: one.size } })),
                volumeMounts: directories.map((one) => ({ name: one.name, mountPath: one.mountPath })),
                ...placementOf(instance, node),
                ...metrics.spec,
            },
        },
        { node, lifetime: "running" },
    );
    return sizes.connections;
}

function galeraFields(instance: Instance, disk: number, resources: object): object {
    const container = {
        ...imageFields(instance, images.mariadbOperator),
        resources: requestsAndLimits(beside, instance.stack.config.cluster.cpuLimits),
        securityContext: hardened(),
    };
    return {
        enabled: true,
        providerOptions: { "gcache.size": `${keptCommits(disk)}M` },
        // Not by the account's token, for which the account would need rights in the whole cluster.
        agent: { ...container, port: agentPort, basicAuth: { enabled: true } },
        initContainer: container,
        // One volume for each member.
        config: { reuseStorageVolume: true },
        // Both start a server with the same settings.
        initJob: { resources },
        recovery: { enabled: true, job: { resources } },
    };
}

interface AccountArgs {
    readonly args: OperatedArgs;
    /** Final name of the MariaDB. */
    readonly cluster: string;
    readonly password: SecretRef;
    /** Number that a member takes. */
    readonly connections: number;
}

/** Declares the platform's database and its user. None is deleted with its object. */
function declareAccount(
    instance: Instance,
    owner: Component,
    node: Node,
    { args, cluster, password, connections }: AccountArgs,
): void {
    const common = { mariaDbRef: { name: cluster }, cleanupPolicy: "Skip" };
    const declare = (kind: string, spec: object) =>
        instance.objects.addCustom(
            owner,
            node.name,
            {
                apiVersion: mariadbOperatorApi,
                kind,
                labels: {},
                annotations: awaited("condition=Ready"),
                spec: { ...common, ...spec },
            },
            { node, lifetime: "running" },
        );
    declare("Database", { name: args.database, characterSet: "utf8mb4", collate: "utf8mb4_unicode_ci" });
    declare("User", {
        name: args.user,
        host: "%",
        passwordSecretKeyRef: { name: password.secret, key: password.key },
        maxUserConnections: connections,
    });
    declare("Grant", {
        privileges: ["ALL PRIVILEGES"],
        database: args.database,
        table: "*",
        username: args.user,
        host: "%",
    });
}

const imageFields = (instance: Instance, image: (typeof images)[keyof typeof images]) => {
    const { reference, pullPolicy } = instance.image(image);
    return { image: reference, imagePullPolicy: pullPolicy };
};

function pullSecrets(instance: Instance): object {
    const names = pullSecretsOf(instance);
    return names.length > 0 ? { imagePullSecrets: names.map((name) => ({ name })) } : {};
}

/** A changed `restartedAt` replaces the pods, one after the other. */
function annotationsOf(instance: Instance, name: string): object {
    const restartedAt = instance.restartedAt(name);
    const annotations = {
        ...placementFor(instance, name).podAnnotations,
        ...(restartedAt ? { [plinthLabels.restartedAt]: restartedAt } : {}),
    };
    return Object.keys(annotations).length > 0 ? { annotations } : {};
}

/** The fields of a MariaDB that tell where its pods run. */
function placementOf(instance: Instance, node: Node): object {
    const { affinity, ...placed } = memberPlacement(instance, node, node.selector!, false);
    return defined({ ...placed, affinity: affinityFor(instance, node.name, affinity) });
}
