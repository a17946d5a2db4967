import { plinthLabels } from "../../components/labels";
import { podOf } from "../../components/references";
import { parseQuantity } from "../../config/quantity";
import type { RenderedObject } from "./rendering";

interface ContainerSpec {
    readonly resources?: Readonly<Partial<Record<"requests" | "limits", Readonly<Record<string, string>>>>>;
    readonly restartPolicy?: string;
}

interface PodSpec {
    readonly initContainers?: readonly ContainerSpec[];
    readonly containers: readonly ContainerSpec[];
}

/** CPU in cores, memory and disk in bytes. */
export interface Amount {
    readonly cpu: number;
    readonly memory: number;
    /** Of the node's own disk, for logs and directories that end with their pod. */
    readonly disk: number;
}

/** The pods that one workload starts. */
export interface Requested extends Amount {
    /** `Deployment opencart/frontend` */
    readonly workload: string;
    /** Pods that run all the time, at the least; 0 for those of Tasks, which end. */
    readonly pods: number;
    /** Bytes of the node's disk that a pod may fill. */
    readonly diskLimit: number;
    /** Pods with the same value stay together on one node. */
    readonly sharesNode?: string;
}

export const nothing: Amount = { cpu: 0, memory: 0, disk: 0 };

/** What a rule makes of each part of some amounts. */
const each = (amounts: readonly Amount[], rule: (parts: readonly number[]) => number): Amount => ({
    cpu: rule(amounts.map(({ cpu }) => cpu)),
    memory: rule(amounts.map(({ memory }) => memory)),
    disk: rule(amounts.map(({ disk }) => disk)),
});

export const sum = (amounts: readonly Amount[]): Amount =>
    each(amounts, (parts) => parts.reduce((total, part) => total + part, 0));

/** The largest of each. */
export const largest = (amounts: readonly Amount[]): Amount => each(amounts, (parts) => Math.max(0, ...parts));

export const times = (amount: Amount, factor: number): Amount => each([amount], ([part]) => part! * factor);

/** What a list of resources says, as nodes and containers have it. */
export const amountOf = (resources: Readonly<Record<string, string>> = {}): Amount => ({
    cpu: parseQuantity(resources["cpu"] ?? "0"),
    memory: parseQuantity(resources["memory"] ?? "0"),
    disk: parseQuantity(resources["ephemeral-storage"] ?? "0"),
});

/**
 * What a node must have free for one pod, or what the pod may take: all containers together, or an init container that
 * wants more.
 * https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
 */
export function podRequest(
    { initContainers = [], containers }: PodSpec,
    kind: "requests" | "limits" = "requests",
): Amount {
    // Those that restart always are sidecars: they run beside the containers.
    const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === "Always");
    const wanted = ({ resources }: ContainerSpec) => amountOf(resources?.[kind]);
    return largest([sum([...sidecars, ...containers].map(wanted)), ...initContainers.map(wanted)]);
}

/** What the pods of every workload among the objects request. */
export function requestsOf(objects: readonly RenderedObject[]): Requested[] {
    return objects.flatMap((object) => {
        const pod = podOf(object) as PodSpec | undefined;
        if (!pod) return [];
        const { kind, metadata } = object;
        const sharesNode = labelsOf(object)[plinthLabels.sharedFiles];
        return {
            workload: `${kind} ${metadata.namespace}/${metadata.name}`,
            pods: kind === "Deployment" || kind === "StatefulSet" ? leastPods(object, objects) : 0,
            ...podRequest(pod),
            diskLimit: podRequest(pod, "limits").disk,
            ...(sharesNode ? { sharesNode: `${metadata.namespace}/${sharesNode}` } : {}),
        };
    });
}

function leastPods({ spec, metadata }: RenderedObject, objects: readonly RenderedObject[]): number {
    const scaler = objects.find(
        (other) =>
            other.kind === "HorizontalPodAutoscaler" &&
            other.metadata.name === metadata.name &&
            other.metadata.namespace === metadata.namespace,
    );
    return (
        (spec as { replicas?: number }).replicas ??
        (scaler?.spec as { minReplicas?: number } | undefined)?.minReplicas ??
        1
    );
}

interface Template {
    readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
}

function labelsOf({ spec }: RenderedObject): Readonly<Record<string, string>> {
    const { template, jobTemplate } = spec as { template?: Template; jobTemplate?: { spec: { template: Template } } };
    return (template ?? jobTemplate?.spec.template)?.metadata?.labels ?? {};
}
