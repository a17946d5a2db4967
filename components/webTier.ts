import { Component, type ComponentOptions } from "./component";
import type { ReplicasConfig } from "../config/fields";
import { clusterService, deployment } from "./deployment";
import type { NetworkRule, Node, Service } from "./graph";
import type { HasNode, Instance } from "./instance";
import { usesOf } from "./pod";
import type { PodArgs } from "./podArgs";

export interface WebTierArgs {
    readonly pod: PodArgs;
    /** Ports of the Service, by the containers' port names. @default those of the first container */
    readonly ports?: Readonly<Record<string, number>>;
    /** @default 1 */
    readonly replicas?: ReplicasConfig;
    /**
     * At most one pod at any time, with downtime during rollouts, for workloads with their own volume.
     *
     * @default false
     */
    readonly single?: boolean;
    /** @default none */
    readonly networkRules?: readonly NetworkRule[];
    /** Data services and Tasks to start after. @default none */
    readonly startsAfter?: readonly HasNode[];
}

/** Seconds that a stopping web pod continues to answer, so that all balancers notice that it is terminating. */
export const drainSeconds = 5;

/** HTTP pods behind one Service: scaled, spread, and replaced without downtime; or a single pod. */
export class WebTier extends Component implements HasNode {
    readonly node: Node;
    readonly service: Service;

    constructor(instance: Instance, name: string, args: WebTierArgs, opts?: ComponentOptions) {
        super(instance, "WebTier", name, opts);
        const { pod, replicas = 1, single = false, networkRules = [], startsAfter = [] } = args;
        const ports = args.ports ?? pod.containers[0]!.ports ?? {};
        this.node = instance.addNode(name, { kind: "web tier", uses: usesOf(pod), networkRules, startsAfter });
        this.service = instance.service(name, ports, {});
        const containers = pod.containers.map((container) =>
            container.ports ? { preStop: drainSeconds, ...container } : container,
        );
        deployment(instance, this, this.node, { pod: { ...pod, containers }, replicas, recreate: single });
        clusterService(instance, this, this.node, ports);
        this.registerOutputs({ host: this.service.host });
    }
}
