import { X509Certificate } from "node:crypto";
import { componentOf } from "./components";
import type { Claim, Condition, CronJob, Job, Node, Pod, Workload } from "./live";
import { isReady, reasonOf, restartsOf } from "./pods";

/** Times are as Kubernetes gives them (RFC 3339), sizes as quantities, use in bytes. */
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
    /** Whether all pods that should be there are ready and of the newest version. */
    readonly ok: boolean;
    /** Why it is not. */
    readonly reason?: string;
}

/** @param pods all of the namespace, or more */
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
    // Old pods that stay answer for new ones that do not get ready.
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

/** Of the youngest pod that is not ready: the older ones may be on their way out. */
function podReason(pods: readonly Pod[]): string | undefined {
    const [youngest] = pods
        .filter((pod) => !isReady(pod))
        .sort((a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp));
    return youngest && reasonOf(youngest);
}

/** Pods that could not even be made: refused by a quota or by Pod Security. */
function failureOf(conditions: readonly Condition[] | undefined): string | undefined {
    const failure = conditions?.find(({ type, status }) => type === "ReplicaFailure" && status === "True");
    return failure && `${failure.reason}: ${failure.message}`;
}

const rolloutOf = (updated: number, desired: number): string =>
    updated < desired ? `rolling out: ${updated} of ${desired} pods are new` : "rolling out: waits for its pods";

export interface TaskHealth {
    readonly instance: string;
    readonly component: string;
    readonly namespace: string;
    readonly state: "done" | "running" | "failed" | "waits";
    readonly created: string;
    readonly reason?: string;
}

/** The newest Job of each Task: an interrupted run may have left older ones. */
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
        // What the pod said last tells more than that its Job has failed.
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
    /** Whether the last run has ended without success. */
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
    readonly size: string;
    readonly storageClass: string;
    /** Undefined where no kubelet tells. */
    readonly fileSystem?: FileSystemUse;
}

/** Of the file system that holds a volume; a volume that is a directory shares it with others. In bytes. */
export interface FileSystemUse {
    readonly used: number;
    readonly capacity: number;
}

/** @param use by `namespace/claim` */
export function claimOf(claim: Claim, use: ReadonlyMap<string, FileSystemUse>): ClaimHealth {
    const { name, namespace } = claim.metadata;
    const fileSystem = use.get(`${namespace}/${name}`);
    return {
        instance: componentOf(claim).instance,
        claim: name,
        namespace,
        phase: claim.status?.phase ?? "unknown",
        size: claim.status?.capacity?.["storage"] ?? claim.spec.resources?.requests?.["storage"] ?? "",
        storageClass: claim.spec.storageClassName ?? "",
        ...(fileSystem ? { fileSystem } : {}),
    };
}

/** What a kubelet tells of its pods' volumes: https://kubernetes.io/docs/reference/instrumentation/node-metrics/ */
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
    /** What pods may use, as a quantity. */
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
    /** `Secret/key`, or the volume on which Caddy keeps what it gets itself. */
    readonly source: string;
    readonly managedBy: "Secret" | "Caddy";
    readonly hosts?: readonly string[];
    /** RFC 3339; undefined where it cannot be read. */
    readonly expires?: string;
    readonly reason?: string;
}

/** The certificates of a Secret's data, by its keys: `tls.crt`, or `<instance>.crt` where several share one. */
export function certificatesOf(
    namespace: string,
    secret: string,
    data: Readonly<Record<string, string>>,
): CertificateHealth[] {
    const own = (key: string) => ({ namespace, source: `${secret}/${key}`, managedBy: "Secret" as const });
    const keys = Object.keys(data).filter((key) => key.endsWith(".crt") && key !== "ca.crt");
    return keys.map((key) => {
        try {
            // Of a chain, the first is the site's.
            const certificate = new X509Certificate(Buffer.from(data[key]!, "base64"));
            const names = (certificate.subjectAltName ?? "").split(", ").map((name) => name.replace(/^DNS:/, ""));
            return { ...own(key), hosts: names, expires: new Date(certificate.validTo).toISOString() };
        } catch {
            return { ...own(key), reason: "is no certificate that can be read" };
        }
    });
}
