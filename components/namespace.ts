import type { AnyInstance } from "../config/stack";
import { authorityData } from "./authorityFile";
import { Component, type Owned } from "./component";
import type { Funnel } from "./funnel";

export interface NamespaceArgs {
    readonly config: AnyInstance;
    /** Name in the cluster. */
    readonly namespace: string;
    /** Whether it is created here rather than already existing. */
    readonly owned: boolean;
    /** Strictest level that all pods of the platform satisfy. */
    readonly podSecurity: "restricted" | "baseline" | "privileged";
    /** Whether all pods have CPU limits. */
    readonly limitsCpu: boolean;
    /** Receives the objects of the instance. */
    readonly objects: Funnel;
    /** Certificates of authorities that its pods trust besides the public ones. */
    readonly caBundles: readonly (string | undefined)[];
    readonly problem: (keys: readonly string[], message: string) => void;
}

/**
 * The namespace of an instance with its Pod Security level, quota and default limits. The network policies derived from
 * the graph are also its children.
 *
 * Without the right to create namespaces (`namespace: { name, create: false }`), everything except the namespace itself
 * is declared, and its labels are up to the administrator.
 */
export class Namespace extends Component {
    /** ConfigMap with certificates of your own authorities. */
    readonly authorities: string | undefined;

    constructor(instance: Owned, args: NamespaceArgs) {
        const { config, namespace, owned, podSecurity: level, limitsCpu, objects, problem } = args;
        super(instance, "Namespace", "namespace");
        this.registerOutputs({ name: namespace });
        if (owned)
            objects.add(this, "Namespace", "namespace", {
                metadata: {
                    labels: { "pod-security.kubernetes.io/enforce": level, "pod-security.kubernetes.io/warn": level },
                },
            });
        const data = authorityData(args.caBundles);
        this.authorities = data && objects.add(this, "ConfigMap", "authorities", { data });
        const { quota, limitRange } = config;
        if (quota) {
            if ("limits.cpu" in quota && !limitsCpu)
                problem(
                    ["quota", "limits.cpu"],
                    "is not possible: pods have no CPU limits, and Kubernetes would refuse them all; allowed: requests.cpu, or plinth:cluster.cpuLimits: true",
                );
            objects.add(this, "ResourceQuota", "quota", { spec: { hard: quota } });
        }
        if (limitRange) {
            const { cpu, memory, ephemeralStorage } = limitRange;
            const disk: Record<string, string> =
                ephemeralStorage === undefined ? {} : { "ephemeral-storage": ephemeralStorage };
            // No CPU limit: it would throttle every container without its own, and refuse those that request more.
            objects.add(this, "LimitRange", "limits", {
                spec: {
                    limits: [
                        {
                            type: "Container",
                            default: { memory, ...disk },
                            defaultRequest: { cpu, memory, ...disk },
                        },
                    ],
                },
            });
        }
    }
}
