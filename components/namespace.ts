import type { Instance } from "./instance";

export interface NamespaceArgs {
    /** Strictest level that all pods of the platform fit. @default "restricted" */
    readonly podSecurity?: "restricted" | "baseline" | "privileged";
}

/**
 * The namespace of an instance with its Pod Security level, quota and default limits; the policies that the graph
 * yields are its children too.
 *
 * Without the right to create namespaces (`namespace: { name, create: false }`) everything but the namespace itself
 * is declared, and its labels are the administrator's.
 */
export class Namespace {
    readonly name: string;

    constructor(instance: Instance, args: NamespaceArgs = {}) {
        this.name = instance.namespace;
        const { owner } = instance;
        if (instance.ownsNamespace) {
            const level = args.podSecurity ?? "restricted";
            instance.add(owner, "Namespace", "namespace", {
                metadata: {
                    labels: { "pod-security.kubernetes.io/enforce": level, "pod-security.kubernetes.io/warn": level },
                },
            });
        }
        const { quota, limitRange } = instance.config;
        if (quota) {
            if ("limits.cpu" in quota)
                instance.problem(
                    ["quota", "limits.cpu"],
                    "is not possible: pods have no CPU limits, and Kubernetes would refuse them all; allowed: requests.cpu",
                );
            instance.add(owner, "ResourceQuota", "quota", { spec: { hard: quota } });
        }
        if (limitRange) {
            const { cpu, memory, ephemeralStorage } = limitRange;
            const disk: Record<string, string> =
                ephemeralStorage === undefined ? {} : { "ephemeral-storage": ephemeralStorage };
            // No CPU limit: it would throttle every container that states none, and refuse those that request more.
            instance.add(owner, "LimitRange", "limits", {
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
