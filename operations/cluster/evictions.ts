import { componentOf, type Component } from "./components";
import { groupBy } from "../system/groupBy";
import { timeOf } from "./events";
import type { Event, Pod } from "./live";

/** Pods of a component that were evicted for the same reason. */
export interface EvictionHealth {
    readonly instance: string;
    readonly component: string;
    readonly namespace: string;
    readonly count: number;
    /** Time of the last eviction, RFC 3339. */
    readonly last: string;
    /** In the kubelet's own words. */
    readonly reason: string;
    /** Key in the stack file that raises the exceeded limit. */
    readonly key?: string;
}

/**
 * Evictions, newest first. An evicted pod of a Deployment remains for a long time; a StatefulSet's is replaced at once,
 * so that only its event is left.
 *
 * @param events of any reason
 * @param instances names of the stack's instances: any other is the shared load balancer
 */
export function evictionsOf(
    pods: readonly Pod[],
    events: readonly Event[],
    instances: readonly string[],
): EvictionHealth[] {
    const nameOf = (namespace: string, name: string) => `${namespace}/${name}`;
    const byName = new Map(pods.map((pod) => [nameOf(pod.metadata.namespace, pod.metadata.name), pod]));
    const evicted = pods.filter(({ status }) => status?.reason === "Evicted");
    const evictions = events.filter(({ reason }) => reason === "Evicted");
    const reported = evictions.flatMap((event) => {
        const { kind, namespace = "", name = "" } = event.involvedObject;
        const pod = kind === "Pod" ? byName.get(nameOf(namespace, name)) : undefined;
        const time = timeOf(event);
        return pod && !evicted.includes(pod) ? [{ pod, time, message: event.message }] : [];
    });
    const all = [
        ...evicted.map((pod) => ({ pod, time: evictedAt(pod), message: pod.status?.message ?? "no reason given" })),
        ...reported,
    ].map(({ pod, time, message }) => ({ pod, time, component: componentOf(pod), reason: message.trim() }));
    const groups = groupBy(all, ({ component, reason }) => JSON.stringify([component, reason]));
    return [...groups.values()]
        .map((same) => {
            const { pod, component, reason } = same[0]!;
            const { instance, name, namespace } = component;
            const last = same
                .map(({ time }) => time)
                .sort()
                .at(-1)!;
            const key = keyFor(component, pod, reason, instances);
            return { instance, component: name, namespace, count: same.length, last, reason, ...(key ? { key } : {}) };
        })
        .sort((a, b) => b.last.localeCompare(a.last));
}

const evictedAt = ({ metadata, status }: Pod): string =>
    status?.conditions?.find(({ type }) => type === "DisruptionTarget")?.lastTransitionTime ??
    metadata.creationTimestamp;

/**
 * Depends on the kubelet's wording:
 * https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/eviction/helpers.go
 */
function keyFor(
    { instance, name }: Component,
    { spec }: Pod,
    reason: string,
    instances: readonly string[],
): string | undefined {
    const root = instances.includes(instance) ? `plinth:instances.${instance}` : "plinth:edge";
    const directory = /^Usage of EmptyDir volume "([^"]+)" exceeds/.exec(reason)?.[1];
    if (directory) return `${root}.volumes."${name}.${directory}".size`;
    const container = /^Container (\S+) exceeded its local ephemeral storage limit/.exec(reason)?.[1];
    if (container !== undefined && container !== spec.containers[0]!.name)
        return `${root}.resources."${name}.${container}".ephemeralStorage`;
    if (container !== undefined || reason.startsWith("Pod ephemeral local storage usage exceeds"))
        return `${root}.resources.${name}.ephemeralStorage`;
    if (reason.includes("low on resource: ephemeral-storage"))
        return `${root}.resources.${name}.ephemeralStorageRequest`;
    return undefined;
}
