import { Component, type ComponentOptions } from "./component";
import type { NetworkRule, Node } from "./graph";
import type { HasNode, Instance } from "./instance";
import { podTemplate, usesOf } from "./pod";
import type { PodArgs } from "./podArgs";

export interface TaskArgs {
    readonly pod: PodArgs;
    /** Tries after a failure; each starts a new pod. @default 6 */
    readonly retries?: number;
    /** Seconds for all tries together. @default 1800 */
    readonly timeoutSeconds?: number;
    /** @default none */
    readonly networkRules?: readonly NetworkRule[];
    /** @default none */
    readonly startsAfter?: readonly HasNode[];
}

/** With this exit code a Task says that no other try would help: sysexits' EX_CONFIG. */
const refusal = 78;

/**
 * Work that is done once, and again when its image or its inputs change: installations, migrations, buckets.
 *
 * It must be safe to run any number of times, and must itself wait for the servers that it uses, since a plain
 * `kubectl apply` starts everything at once. With
 * exit code 78 it gives up for good.
 */
export class Task extends Component implements HasNode {
    readonly node: Node;

    constructor(instance: Instance, name: string, args: TaskArgs, opts?: ComponentOptions) {
        super(instance, "Task", name, opts);
        const { pod, retries = 6, timeoutSeconds = 1800, networkRules = [], startsAfter = [] } = args;
        this.node = instance.addNode(name, { kind: "task", uses: usesOf(pod), networkRules, startsAfter });
        instance.add(
            this,
            "Job",
            name,
            {
                // A failed Job is run again by the next `up`. No TTL: a Job that vanished would be run again, too.
                metadata: {
                    annotations: {
                        "pulumi.com/replaceUnready": "true",
                        "pulumi.com/timeoutSeconds": String(timeoutSeconds),
                    },
                },
                spec: {
                    backoffLimit: retries,
                    activeDeadlineSeconds: timeoutSeconds,
                    podFailurePolicy: {
                        rules: [{ action: "FailJob", onExitCodes: { operator: "In", values: [refusal] } }],
                    },
                    template: podTemplate(instance, this.node, { ...pod, restartPolicy: "Never" }),
                },
            },
            { node: this.node },
        );
        this.registerOutputs({});
    }
}
