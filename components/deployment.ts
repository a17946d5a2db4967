import type { Component } from "./component";
import type { ReplicasConfig } from "../config/fields";
import type { Node } from "./graph";
import type { Instance } from "./instance";
import { selectorOf } from "./labels";
import { podTemplate } from "./pod";
import type { PodArgs } from "./podArgs";

export interface DeploymentArgs {
    readonly pod: PodArgs;
    /** Default replicas: a number, or bounds for an autoscaler. */
    readonly replicas: ReplicasConfig;
    /** Whether the old pod is stopped before the new one starts, for workloads with their own volume. @default false */
    readonly recreate?: boolean;
    /** How pods are replaced unless the old one stops first. @default one more pod at a time, without downtime */
    readonly rollout?: { readonly maxSurge: number | string; readonly maxUnavailable: number | string };
}

/**
 * Declares a Deployment with what its replicas require: an autoscaler for bounds; a disruption budget, spreading and
 * rollouts without downtime for two or more pods.
 */
export function deployment(instance: Instance, owner: Component, node: Node, args: DeploymentArgs): void {
    const replicas = instance.replicas(node.name, args.replicas);
    const scaled = typeof replicas === "object" && replicas.min < replicas.max;
    const lowest = typeof replicas === "object" ? replicas.min : replicas;
    if (args.recreate && (scaled || lowest > 1))
        instance.problem(
            ["replicas", node.name],
            `${JSON.stringify(replicas)} is not allowed; allowed: at most 1, because two pods of "${node.name}" must never run at once`,
        );
    const several = scaled || lowest > 1;
    const template = podTemplate(instance, node, {
        ...args.pod,
        spread: several,
        surges: !args.recreate,
    });
    instance.add(
        owner,
        "Deployment",
        node.name,
        {
            spec: {
                // The autoscaler sets the number; a number stated here would override it in every run.
                ...(scaled ? {} : { replicas: lowest }),
                revisionHistoryLimit: 3,
                selector: { matchLabels: selectorOf(node) },
                strategy: args.recreate
                    ? { type: "Recreate" }
                    : { type: "RollingUpdate", rollingUpdate: args.rollout ?? { maxSurge: 1, maxUnavailable: 0 } },
                template,
            },
        },
        { node, ...(scaled ? { ignoreChanges: ["spec.replicas"] } : {}) },
    );
    if (scaled) {
        const target = { type: "Utilization", averageUtilization: replicas.cpu };
        instance.add(
            owner,
            "HorizontalPodAutoscaler",
            node.name,
            {
                spec: {
                    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: instance.objectName(node.name) },
                    minReplicas: replicas.min,
                    maxReplicas: replicas.max,
                    metrics: [{ type: "Resource", resource: { name: "cpu", target } }],
                },
            },
            { node },
        );
        if (!instance.cluster.metrics)
            instance.warn(`"${node.name}" stays at ${replicas.min} pods: the cluster has no metrics-server`);
    }
    if (several) disruptionBudget(instance, owner, node, selectorOf(node));
}

/** Lets a node drain evict only one of the pods at a time. */
export function disruptionBudget(
    instance: Instance,
    owner: Component,
    node: Node,
    matchLabels: Readonly<Record<string, string>>,
): void {
    instance.add(
        owner,
        "PodDisruptionBudget",
        node.name,
        {
            spec: {
                maxUnavailable: 1,
                // Broken pods must not block a drain.
                unhealthyPodEvictionPolicy: "AlwaysAllow",
                selector: { matchLabels },
            },
        },
        { node },
    );
}

export interface ClusterServiceArgs {
    /** @default the component's */
    readonly name?: string;
    /** Labels of the pods behind it. @default those of the component */
    readonly selector?: Readonly<Record<string, string>>;
    /**
     * Whether it resolves to the pods' own addresses, ready or not, so that members can find each other. @default false
     */
    readonly members?: boolean;
    /** Logical name of a ConfigMap of the node that changes first. @default none */
    readonly after?: string;
}

/**
 * Declares a Service inside the cluster. Nothing waits for it, because its name is known and readiness depends on the
 * pods.
 */
export function clusterService(
    instance: Instance,
    owner: Component,
    node: Node,
    ports: Readonly<Record<string, number>>,
    { name = node.name, selector = selectorOf(node), members = false, after }: ClusterServiceArgs = {},
): void {
    instance.add(
        owner,
        "Service",
        name,
        {
            metadata: { annotations: { "pulumi.com/skipAwait": "true" } },
            spec: {
                selector,
                ...(members ? { clusterIP: "None", publishNotReadyAddresses: true } : {}),
                ports: Object.entries(ports).map(([portName, port]) => ({
                    name: portName,
                    port,
                    targetPort: portName,
                })),
            },
        },
        { node, ...(after ? { after } : {}) },
    );
}
