import { images } from "../../../config/images";
import type { OperatedDatabaseConfig } from "../../../config/operatedDatabase";
import type { Component } from "../../component";
import type { Node, Service, Settings } from "../../graph";
import type { Instance } from "../../instance";
import { disruptionBudget } from "../../deployment";
import { cloudNativePgApi } from "../../kinds";
import { metricsRules } from "../../metrics";
import { plinthLabels, selectorOf } from "../../labels";
import { placementFor, placementSpec } from "../../placement";
import { pullSecretsOf } from "../../pullSecret";
import { requestsAndLimits } from "../../resources";
import { inheritedLabels, toApiServer } from "./common";

/** Of PgBouncer's own metrics. */
const metricsPort = 9127;

/** Part of a server's connections that clients of the pooler share; the others are for backups and the operator. */
const share = 0.8;

/**
 * Seconds after which a server's connection that nobody uses is closed. A restore begins when the database has no
 * sessions left, and PgBouncer's own ten minutes are longer than it waits.
 */
const idle = 20;

/**
 * Seconds after a refused connection to the server in which PgBouncer refuses its clients, too, without another try. Its
 * own fifteen come on top of the time that another member takes to be promoted: seen with PgBouncer 1.26.
 */
const retry = 1;

/** Adds the pooler to the graph, between the platform and the member that takes writes. */
export function joinPooler(instance: Instance, database: string, server: Service<Settings>): Node {
    const name = `${database}-pooler`;
    return instance.addNode(name, {
        kind: "connection pooler",
        selector: { "cnpg.io/poolerName": instance.objectName(name) },
        uses: [server.bind()],
        networkRules: [...metricsRules(instance.cluster.monitoringNamespace, metricsPort), toApiServer(instance)],
    });
}

export interface PoolerArgs {
    readonly pooler: NonNullable<OperatedDatabaseConfig["pooler"]>;
    /** Final name of the Cluster. */
    readonly cluster: string;
    /** Number of connections that one of its members takes. */
    readonly connections: number;
}

/** Declares PgBouncer as a Pooler of CloudNativePG, whose Service has its name. */
export function connectionPooler(
    instance: Instance,
    owner: Component,
    node: Node,
    { pooler: { instances, maxClients }, cluster, connections }: PoolerArgs,
): void {
    const image = instance.image(images.pgbouncer);
    const pullSecrets = pullSecretsOf(instance);
    // The operator makes an account for each pooler.
    const { serviceAccount: _, ...placement } = placementFor(instance, node.name);
    const resources = requestsAndLimits(
        instance.resources(node.name, { cpu: "50m", memory: "128Mi" }),
        instance.stack.config.cluster.cpuLimits,
    );
    // The operator overrides the names that other pods have.
    const component = { [plinthLabels.component]: `${node.instance}.${node.name}` };
    instance.objects.addCustom(
        owner,
        node.name,
        {
            apiVersion: cloudNativePgApi,
            kind: "Pooler",
            labels: component,
            // CloudNativePG 1.30 makes the Deployment anew until the Pooler is gone. In the foreground, the engine's usual
            // way, the Pooler would wait for the Deployment: for ever.
            annotations: { "pulumi.com/deletionPropagationPolicy": "background" },
            spec: {
                cluster: { name: cluster },
                instances,
                type: "rw",
                pgbouncer: {
                    // Django keeps cursors and settings of its sessions.
                    poolMode: "session",
                    parameters: {
                        max_client_conn: String(maxClients),
                        default_pool_size: String(Math.max(1, Math.floor((connections * share) / instances))),
                        server_idle_timeout: String(idle),
                        server_login_retry: String(retry),
                    },
                },
                template: {
                    metadata: { labels: { ...inheritedLabels(instance, node), ...component } },
                    spec: {
                        ...placementSpec(placement, { spread: selectorOf(node) }),
                        ...(pullSecrets.length > 0 ? { imagePullSecrets: pullSecrets.map((name) => ({ name })) } : {}),
                        containers: [
                            {
                                name: "pgbouncer",
                                image: image.reference,
                                imagePullPolicy: image.pullPolicy,
                                resources,
                            },
                        ],
                    },
                },
            },
        },
        { node, lifetime: "running" },
    );
    if (instances > 1) disruptionBudget(instance, owner, node, selectorOf(node));
}
