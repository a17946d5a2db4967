import { Component, type ComponentOptions } from "./component";
import type { NetworkRule, Node } from "./graph";
import type { HasNode, Instance } from "./instance";
import { podTemplate, usesOf } from "./pod";
import type { PodArgs } from "./podArgs";

export interface ScheduledTaskArgs {
    readonly pod: PodArgs;
    /** Cron expression of five fields. */
    readonly schedule: string;
    /** @default "Etc/UTC" */
    readonly timeZone?: string;
    /** Whether it only runs manually. @default false */
    readonly suspended?: boolean;
    /** Retries after a failure, each in a new pod. @default 1 */
    readonly retries?: number;
    /** What happens when a run is still going on at the time of the next one. @default Forbid: that one is left out */
    readonly concurrency?: "Allow" | "Forbid" | "Replace";
    /** Seconds after which a run is terminated. @default 3600 */
    readonly timeoutSeconds?: number;
    /** @default none */
    readonly annotations?: Readonly<Record<string, string>>;
    /** @default none */
    readonly networkRules?: readonly NetworkRule[];
    /** @default none */
    readonly startsAfter?: readonly HasNode[];
}

/** A scheduled task. */
export class ScheduledTask extends Component implements HasNode {
    readonly node: Node;

    constructor(instance: Instance, name: string, args: ScheduledTaskArgs, opts?: ComponentOptions) {
        super(instance, "ScheduledTask", name, opts);
        const { pod, timeoutSeconds = 3600, networkRules = [], startsAfter = [], annotations } = args;
        this.node = instance.addNode(name, { kind: "scheduled task", uses: usesOf(pod), networkRules, startsAfter });
        instance.add(
            this,
            "CronJob",
            name,
            {
                ...(annotations ? { metadata: { annotations } } : {}),
                spec: {
                    schedule: args.schedule,
                    timeZone: args.timeZone ?? "Etc/UTC",
                    ...(args.suspended ? { suspend: true } : {}),
                    concurrencyPolicy: args.concurrency ?? "Forbid",
                    // Runs missed during an outage are not repeated one by one.
                    startingDeadlineSeconds: 300,
                    successfulJobsHistoryLimit: 1,
                    failedJobsHistoryLimit: 3,
                    jobTemplate: {
                        spec: {
                            backoffLimit: args.retries ?? 1,
                            activeDeadlineSeconds: timeoutSeconds,
                            template: podTemplate(instance, this.node, { ...pod, restartPolicy: "Never" }),
                        },
                    },
                },
            },
            { node: this.node },
        );
        this.registerOutputs({});
    }
}
