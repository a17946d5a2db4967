import { Component, type ComponentOptions } from "./component";
import type { ReplicasConfig } from "../config/fields";
import { clusterService, deployment } from "./deployment";
import type { NetworkRule, Node, Service } from "./graph";
import type { HasNode, Instance } from "./instance";
import { usesOf } from "./pod";
import type { PodArgs } from "./podArgs";

export interface WebTierArgs {
    readonly pod: PodArgs;
    /** Ports of the Service, by the names that the containers give them. @default those of the first container */
    readonly ports?: Readonly<Record<string, number>>;
    /** @default 1 */
    readonly replicas?: ReplicasConfig;
    /**
     * At most one at any time, also during a rollout, which it does not answer for: for what holds a volume of its own.
     *
     * @default false
     */
    readonly single?: boolean;
    /** @default none */
    readonly networkRules?: readonly NetworkRule[];
    /** Data services and Tasks that come first. @default none */
    readonly startsAfter?: readonly HasNode[];
}

/** Seconds that a stopping web pod still answers, so that every balancer has noticed that it goes. */
export const drainSeconds = 5;

/** Pods that answer HTTP behind one Service: scaled, spread, and replaced without downtime; or a single one. */
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
