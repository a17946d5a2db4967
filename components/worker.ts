import { Component, type ComponentOptions } from "./component";
import type { ReplicasConfig } from "../config/fields";
import { deployment } from "./deployment";
import type { NetworkRule, Node } from "./graph";
import type { HasNode, Instance } from "./instance";
import { usesOf } from "./pod";
import type { PodArgs } from "./podArgs";

export interface WorkerArgs {
    readonly pod: PodArgs;
    /** @default 1 */
    readonly replicas?: ReplicasConfig;
    /** At most one pod at any time, even during a rollout, for schedulers such as Celery's beat. @default false */
    readonly single?: boolean;
    /** @default none */
    readonly networkRules?: readonly NetworkRule[];
    /** @default none */
    readonly startsAfter?: readonly HasNode[];
}

/** Pods that process a queue or a schedule, without incoming connections. */
export class Worker extends Component implements HasNode {
    readonly node: Node;

    constructor(instance: Instance, name: string, args: WorkerArgs, opts?: ComponentOptions) {
        super(instance, "Worker", name, opts);
        const { pod, replicas = 1, single = false, networkRules = [], startsAfter = [] } = args;
        this.node = instance.addNode(name, { kind: "worker", uses: usesOf(pod), networkRules, startsAfter });
        deployment(instance, this, this.node, { pod, replicas, recreate: single });
        this.registerOutputs({});
    }
}
