import type { Input } from "../config/value";
import { Component, type ComponentOptions } from "./component";
import type { NetworkRule, Node } from "./graph";
import type { HasNode, Instance } from "./instance";
import { podTemplate, usesOf } from "./pod";
import type { PodArgs } from "./podArgs";

export interface TaskArgs {
    readonly pod: PodArgs;
    /** Retries after a failure, each in a new pod. @default 6 */
    readonly retries?: number;
    /** Timeout in seconds, including retries. @default 1800 */
    readonly timeoutSeconds?: number;
    /** @default none */
    readonly networkRules?: readonly NetworkRule[];
    /** @default none */
    readonly startsAfter?: readonly HasNode[];
    /**
     * What the stack's state has been compared with, such as the version of the data. Where that fails, the Task does
     * not begin. A change alone does not run it again.
     *
     * @default none
     */
    readonly checked?: Input<string>;
}

/** Annotation of a Task's Job with what has been compared. */
const checkedAnnotation = "plinth.dev/checked";

/** The exit code of a Task for which retries would not help: EX_CONFIG in sysexits. */
const refusal = 78;

/**
 * Work that runs once, and again when its image or inputs change: installations, migrations, buckets.
 *
 * It must be idempotent, and must itself wait for the servers that it uses, because a plain `kubectl apply` starts
 * everything at once. With exit code 78, it fails permanently.
 */
export class Task extends Component implements HasNode {
    readonly node: Node;

    constructor(instance: Instance, name: string, args: TaskArgs, opts?: ComponentOptions) {
        super(instance, "Task", name, opts);
        const { pod, retries = 6, timeoutSeconds = 1800, networkRules = [], startsAfter = [], checked } = args;
        this.node = instance.addNode(name, { kind: "task", uses: usesOf(pod), networkRules, startsAfter });
        instance.add(
            this,
            "Job",
            name,
            {
                // The next `up` runs a failed Job again. No TTL, because a deleted Job would also run again.
                metadata: {
                    annotations: {
                        "pulumi.com/replaceUnready": "true",
                        "pulumi.com/timeoutSeconds": String(timeoutSeconds),
                        ...(checked === undefined ? {} : { [checkedAnnotation]: checked }),
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
