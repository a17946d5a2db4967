import { X509Certificate } from "node:crypto";
import { componentOf } from "./components";
import type { Claim, Condition, CronJob, Job, Node, Pod, StorageClass, Workload } from "./live";
import { isReady, reasonOf, restartsOf } from "./pods";

/** Times are in RFC 3339 as in Kubernetes, sizes are quantities, usage is in bytes. */
export interface TierHealth {
    readonly instance: string;
    readonly component: string;
    readonly namespace: string;
    readonly kind: string;
    readonly ready: number;
    readonly desired: number;
    readonly image: string;
    readonly created?: string;
    readonly restarts: number;
    /** Whether all desired pods are ready and up to date. */
    readonly ok: boolean;
    /** Why it is not. */
    readonly reason?: string;
}

/** @param pods all pods of the namespace; may contain others */
export function tierOf(workload: Workload, pods: readonly Pod[]): TierHealth {
    const { spec, status, metadata } = workload;
    const { instance, name: component, namespace } = componentOf(workload);
    const own = pods.filter((pod) => {
        const of = componentOf(pod);
        return of.namespace === namespace && of.instance === instance && of.name === component;
    });
    const desired = spec.replicas ?? 1;
    const ready = status?.readyReplicas ?? 0;
    const updated = status?.updatedReplicas ?? 0;
    const seen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
    // Old pods are still counted as ready while new ones fail to become ready.
    const ok = seen && ready >= desired && updated >= desired && (status?.replicas ?? 0) <= updated;
    const reason = ok ? undefined : (podReason(own) ?? failureOf(status?.conditions) ?? rolloutOf(updated, desired));
    return {
        instance,
        component,
        namespace,
        kind: workload.kind,
        ready,
        desired,
        image: imageOf(spec.template.spec),
        created: metadata.creationTimestamp,
        restarts: own.reduce((sum, pod) => sum + restartsOf(pod), 0),
        ok,
        ...(reason ? { reason } : {}),
    };
}

/** The image of a pod's main container. */
export const imageOf = ({ containers }: Workload["spec"]["template"]["spec"]): string => containers[0]?.image ?? "";

/** The reason of the newest pod that is not ready: older ones may be terminating. */
function podReason(pods: readonly Pod[]): string | undefined {
    const [youngest] = pods
        .filter((pod) => !isReady(pod))
        .sort((a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp));
    return youngest && reasonOf(youngest);
}

/** Pods that could not be created, for example because of a quota or Pod Security. */
function failureOf(conditions: readonly Condition[] | undefined): string | undefined {
    const failure = conditions?.find(({ type, status }) => type === "ReplicaFailure" && status === "True");
    return failure && `${failure.reason}: ${failure.message}`;
}

const rolloutOf = (updated: number, desired: number): string =>
    updated < desired ? `rolling out: ${updated} of ${desired} pods are new` : "rolling out: waiting for its pods";

export interface TaskHealth {
    readonly instance: string;
    readonly component: string;
    readonly namespace: string;
    readonly state: "done" | "running" | "failed" | "waits";
    readonly created: string;
    readonly reason?: string;
}

/** The newest Job of each Task: interrupted runs may have left older ones. */
export function tasksOf(jobs: readonly Job[], pods: readonly Pod[]): TaskHealth[] {
    const newest = new Map<string, Job>();
    for (const job of [...jobs].sort((a, b) =>
        a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp),
    )) {
        const { namespace, name } = componentOf(job);
        newest.set(`${namespace}/${name}`, job);
    }
    return [...newest.values()].map((job) => {
        const { instance, name: component, namespace } = componentOf(job);
        const holds = (type: string) =>
            job.status?.conditions?.find((one) => one.type === type && one.status === "True");
        const failed = holds("Failed");
        const state = holds("Complete") ? "done" : failed ? "failed" : job.status?.active ? "running" : "waits";
        const own = pods.filter((pod) => pod.metadata.labels?.["job-name"] === job.metadata.name);
        const said = state === "done" ? undefined : podReason(own);
        // The pod's last message says more than the Job's failure condition.
        const reason = failed ? `${failed.reason}: ${said ?? failed.message}` : said;
        const created = job.metadata.creationTimestamp;
        return { instance, component, namespace, state, created, ...(reason ? { reason } : {}) };
    });
}

export interface ScheduledHealth {
    readonly instance: string;
    readonly component: string;
    readonly namespace: string;
    readonly schedule: string;
    readonly suspended: boolean;
    readonly running: boolean;
    readonly lastStart?: string;
    readonly lastSuccess?: string;
    /** Whether the last run failed. */
    readonly failed: boolean;
}

export function scheduledOf(cronJob: CronJob): ScheduledHealth {
    const { instance, name: component, namespace } = componentOf(cronJob);
    const { lastScheduleTime: start, lastSuccessfulTime: success, active } = cronJob.status ?? {};
    const running = (active?.length ?? 0) > 0;
    return {
        instance,
        component,
        namespace,
        schedule: cronJob.spec.schedule,
        suspended: cronJob.spec.suspend ?? false,
        running,
        ...(start ? { lastStart: start } : {}),
        ...(success ? { lastSuccess: success } : {}),
        failed: start !== undefined && !running && (success === undefined || success < start),
    };
}

export interface ClaimHealth {
    readonly instance: string;
    readonly claim: string;
    readonly namespace: string;
    readonly phase: string;
    /** Whether it gets its volume with its first pod, of which there is none yet. */
    readonly waits: boolean;
    readonly size: string;
    readonly storageClass: string;
    /** Undefined if no kubelet reports it. */
    readonly fileSystem?: FileSystemUse;
}

/** Usage of the file system that holds a volume, in bytes. Volumes that are directories share a file system. */
export interface FileSystemUse {
    readonly used: number;
    readonly capacity: number;
}

export interface ClaimFacts {
    /** Usage by `namespace/claim`. */
    readonly use: ReadonlyMap<string, FileSystemUse>;
    /** All pods of the claims' namespaces. @default none */
    readonly pods?: readonly Pod[];
    /** Storage classes, as far as they can be listed. @default none */
    readonly classes?: readonly StorageClass[];
}

export function claimOf(claim: Claim, { use, pods = [], classes = [] }: ClaimFacts): ClaimHealth {
    const { name, namespace } = claim.metadata;
    const fileSystem = use.get(`${namespace}/${name}`);
    const storageClass = classes.find(({ metadata }) => metadata.name === claim.spec.storageClassName);
    const isUsed = pods.some(
        ({ metadata, spec }) =>
            metadata.namespace === namespace &&
            spec.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === name),
    );
    return {
        instance: componentOf(claim).instance,
        claim: name,
        namespace,
        phase: claim.status?.phase ?? "unknown",
        waits:
            claim.status?.phase === "Pending" && storageClass?.volumeBindingMode === "WaitForFirstConsumer" && !isUsed,
        size: claim.status?.capacity?.["storage"] ?? claim.spec.resources?.requests?.["storage"] ?? "",
        storageClass: claim.spec.storageClassName ?? "",
        ...(fileSystem ? { fileSystem } : {}),
    };
}

/**
 * What a kubelet reports about its pods' volumes: https://kubernetes.io/docs/reference/instrumentation/node-metrics/
 */
export interface StatsSummary {
    readonly pods?: readonly {
        readonly volume?: readonly {
            readonly usedBytes?: number;
            readonly capacityBytes?: number;
            readonly pvcRef?: { readonly name: string; readonly namespace: string };
        }[];
    }[];
}

/** By `namespace/claim`. */
export const useOfVolumes = (summaries: readonly StatsSummary[]): Map<string, FileSystemUse> =>
    new Map(
        summaries
            .flatMap(({ pods }) => pods ?? [])
            .flatMap(({ volume }) => volume ?? [])
            .flatMap(({ pvcRef, usedBytes: used, capacityBytes: capacity }) =>
                pvcRef && used !== undefined && capacity
                    ? [[`${pvcRef.namespace}/${pvcRef.name}`, { used, capacity }] as const]
                    : [],
            ),
    );

export interface NodeHealth {
    readonly name: string;
    readonly ready: boolean;
    readonly version: string;
    /** Memory available to pods, as a quantity. */
    readonly memory: string;
}

export const nodeOf = ({ metadata, status }: Node): NodeHealth => ({
    name: metadata.name,
    ready: status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false,
    version: status.nodeInfo.kubeletVersion,
    memory: status.allocatable?.["memory"] ?? "unknown",
});

export interface CertificateHealth {
    readonly namespace: string;
    /** `Secret/key`, or the volume on which Caddy stores the certificates it obtains. */
    readonly source: string;
    readonly managedBy: "Secret" | "Caddy";
    readonly hosts?: readonly string[];
    /** RFC 3339; undefined if it cannot be read. */
    readonly expires?: string;
    readonly reason?: string;
}

/**
 * The certificates of a Secret's data, by its keys: `tls.crt`, or `<instance>.crt` if several instances share a Secret.
 */
export function certificatesOf(
    namespace: string,
    secret: string,
    data: Readonly<Record<string, string>>,
): CertificateHealth[] {
    const own = (key: string) => ({ namespace, source: `${secret}/${key}`, managedBy: "Secret" as const });
    const keys = Object.keys(data).filter((key) => key.endsWith(".crt") && key !== "ca.crt");
    return keys.map((key) => {
        try {
            // The first certificate of a chain is the site's.
            const certificate = new X509Certificate(Buffer.from(data[key]!, "base64"));
            const names = (certificate.subjectAltName ?? "").split(", ").map((name) => name.replace(/^DNS:/, ""));
            return { ...own(key), hosts: names, expires: new Date(certificate.validTo).toISOString() };
        } catch {
            return { ...own(key), reason: "is not a readable certificate" };
        }
    });
}
