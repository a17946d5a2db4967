import { isAtRest, isOperated, isPooler } from "../../components/kinds";
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
    /** Space on the node's own disk, for logs and directories that live as long as their pod. */
    readonly disk: number;
}

/** The pods that one workload starts. */
export interface Requested extends Amount {
    /** `Deployment opencart/frontend` */
    readonly workload: string;
    /** Minimum number of permanently running pods; 0 for Tasks, whose pods end. */
    readonly pods: number;
    /** Maximum bytes of the node's disk that a pod may use. */
    readonly diskLimit: number;
    /** Pods with the same value are placed on the same node. */
    readonly sharesNode?: string;
}

export const nothing: Amount = { cpu: 0, memory: 0, disk: 0 };

/** Applies a function to each component of some amounts. */
const each = (amounts: readonly Amount[], rule: (parts: readonly number[]) => number): Amount => ({
    cpu: rule(amounts.map(({ cpu }) => cpu)),
    memory: rule(amounts.map(({ memory }) => memory)),
    disk: rule(amounts.map(({ disk }) => disk)),
});

export const sum = (amounts: readonly Amount[]): Amount =>
    each(amounts, (parts) => parts.reduce((total, part) => total + part, 0));

/** The maximum of each component. */
export const largest = (amounts: readonly Amount[]): Amount => each(amounts, (parts) => Math.max(0, ...parts));

export const times = (amount: Amount, factor: number): Amount => each([amount], ([part]) => part! * factor);

/** Parses a resource list of a node or container. */
export const amountOf = (resources: Readonly<Record<string, string>> = {}): Amount => ({
    cpu: parseQuantity(resources["cpu"] ?? "0"),
    memory: parseQuantity(resources["memory"] ?? "0"),
    disk: parseQuantity(resources["ephemeral-storage"] ?? "0"),
});

/**
 * What a node must have free for one pod, or the limits of the pod: the sum of all containers, or an init container
 * that needs more.
 * https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
 */
export function podRequest(
    { initContainers = [], containers }: PodSpec,
    kind: "requests" | "limits" = "requests",
): Amount {
    // Init containers with restartPolicy Always are sidecars: they run alongside the containers.
    const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === "Always");
    const wanted = ({ resources }: ContainerSpec) => amountOf(resources?.[kind]);
    return largest([sum([...sidecars, ...containers].map(wanted)), ...initContainers.map(wanted)]);
}

/** The requests of the pods of every workload among the objects. */
export function requestsOf(objects: readonly RenderedObject[]): Requested[] {
    return objects.flatMap((object) => {
        const pod = operatedPod(object) ?? (podOf(object) as PodSpec | undefined);
        if (!pod) return [];
        const { kind, metadata } = object;
        const sharesNode = labelsOf(object)[plinthLabels.sharedFiles];
        return {
            workload: `${kind} ${metadata.namespace}/${metadata.name}`,
            pods: kind === "Deployment" || kind === "StatefulSet" ? leastPods(object, objects) : operatedPods(object),
            ...podRequest(pod),
            diskLimit: podRequest(pod, "limits").disk,
            ...(sharesNode ? { sharesNode: `${metadata.namespace}/${sharesNode}` } : {}),
        };
    });
}

interface OperatedSpec extends ContainerSpec {
    readonly instances?: number;
    readonly replicas?: number;
    /** mariadb-operator's: its agent runs beside each server, after an init container. */
    readonly galera?: { readonly agent: ContainerSpec; readonly initContainer: ContainerSpec };
}

const operatedSpec = (object: RenderedObject) => (object["spec"] ?? {}) as OperatedSpec;

/** The pod that an operator makes for each member of a database, or for each pooler. */
function operatedPod(object: RenderedObject): PodSpec | undefined {
    if (isPooler(object)) return (object["spec"] as { readonly template: { readonly spec: PodSpec } }).template.spec;
    const { resources, galera } = operatedSpec(object);
    if (!isOperated(object) || !resources) return undefined;
    return galera
        ? { initContainers: [galera.initContainer], containers: [{ resources }, galera.agent] }
        : { containers: [{ resources }] };
}

/** The number of these; none while the instance is stopped. */
function operatedPods(object: RenderedObject): number {
    const { instances, replicas } = operatedSpec(object);
    if (isPooler(object)) return instances ?? 1;
    return isOperated(object) && !isAtRest(object) ? (instances ?? replicas ?? 1) : 0;
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
