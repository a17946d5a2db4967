import { plinthLabels } from "../components/labels";
import { podOf } from "../components/references";
import { parseQuantity } from "../config/quantity";
import type { RenderedObject } from "./rendering";

interface ContainerSpec {
    readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
    readonly restartPolicy?: string;
}

interface PodSpec {
    readonly initContainers?: readonly ContainerSpec[];
    readonly containers: readonly ContainerSpec[];
}

/** CPU in cores, memory in bytes. */
export interface Amount {
    readonly cpu: number;
    readonly memory: number;
}

/** The pods that one workload starts. */
export interface Requested extends Amount {
    /** `Deployment opencart/frontend` */
    readonly workload: string;
    /** Pods that run all the time, at the least; 0 for those of Tasks, which end. */
    readonly pods: number;
    /** Pods with the same value stay together on one node. */
    readonly sharesNode?: string;
}

export const nothing: Amount = { cpu: 0, memory: 0 };

export const sum = (amounts: readonly Amount[]): Amount =>
    amounts.reduce(({ cpu, memory }, amount) => ({ cpu: cpu + amount.cpu, memory: memory + amount.memory }), nothing);

export const times = ({ cpu, memory }: Amount, factor: number): Amount => ({
    cpu: cpu * factor,
    memory: memory * factor,
});

const requestOf = ({ resources }: ContainerSpec): Amount => ({
    cpu: parseQuantity(resources?.requests?.["cpu"] ?? "0"),
    memory: parseQuantity(resources?.requests?.["memory"] ?? "0"),
});

/**
 * What a node must have free for one pod: all containers together, or an init container that wants more.
 * https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
 */
export function podRequest({ initContainers = [], containers }: PodSpec): Amount {
    // Those that restart always are sidecars: they run beside the containers.
    const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === "Always");
    const running = sum([...sidecars, ...containers].map(requestOf));
    const starting = initContainers.map(requestOf);
    return {
        cpu: Math.max(running.cpu, ...starting.map(({ cpu }) => cpu)),
        memory: Math.max(running.memory, ...starting.map(({ memory }) => memory)),
    };
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
