import { X509Certificate } from "node:crypto";
import { componentOf } from "./components";
import { newestAbout } from "./events";
import type { Condition, CronJob, Event, Job, Live, Node, Pod, Workload } from "./live";
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

/**
 * @param pods all pods of the namespace; may contain others
 * @param events warnings of the namespace; may contain others. @default none
 */
export function tierOf(workload: Workload, pods: readonly Pod[], events: readonly Event[] = []): TierHealth {
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
    const reason = ok
        ? undefined
        : (podReason(own, events) ??
          failureOf(status?.conditions) ??
          (own.length < desired ? notCreated(workload, events) : undefined) ??
          rolloutOf(updated, desired));
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
export function podReason(pods: readonly Pod[], events: readonly Event[]): string | undefined {
    const [youngest] = pods
        .filter((pod) => !isReady(pod))
        .sort((a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp));
    return youngest && reasonOf(youngest, events);
}

/** Why the pods of a StatefulSet or Job were not admitted, which only their controllers' events say. */
const notCreated = (owner: Live, events: readonly Event[]): string | undefined =>
    newestAbout(events, owner, (reason) => reason === "FailedCreate");

/** The same of a Deployment, for example because of a quota or Pod Security. */
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

/**
 * The newest Job of each Task: interrupted runs may have left older ones.
 *
 * @param events warnings of the namespaces. @default none
 */
export function tasksOf(jobs: readonly Job[], pods: readonly Pod[], events: readonly Event[] = []): TaskHealth[] {
    const newest = new Map<string, Job>();
    for (const job of [...jobs].sort((a, b) =>
        a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp),
    )) {
        const { namespace, name } = componentOf(job);
        newest.set(`${namespace}/${name}`, job);
    }
    return [...newest.values()].map((job) => {
        const { instance, name: component, namespace } = componentOf(job);
        const failed = failedCondition(job);
        const isDone = job.status?.conditions?.some(({ type, status }) => type === "Complete" && status === "True");
        const state = isDone ? "done" : failed ? "failed" : job.status?.active ? "running" : "waits";
        const said = state === "done" ? undefined : jobReason(job, pods, events);
        // The pod's last message says more than the Job's failure condition.
        const reason = failed ? `${failed.reason}: ${said ?? failed.message}` : said;
        const created = job.metadata.creationTimestamp;
        return { instance, component, namespace, state, created, ...(reason ? { reason } : {}) };
    });
}

function jobReason(job: Job, pods: readonly Pod[], events: readonly Event[]): string | undefined {
    const { name, namespace } = job.metadata;
    const own = pods.filter(
        ({ metadata }) => metadata.namespace === namespace && metadata.labels?.["job-name"] === name,
    );
    return podReason(own, events) ?? (job.status?.active ? undefined : notCreated(job, events));
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
    /** Why it failed, or what holds up the run in progress. */
    readonly reason?: string;
}

/** @param run what its namespace holds; may contain others. @default nothing */
export function scheduledOf(cronJob: CronJob, run: RunFacts = { runs: [], pods: [], events: [] }): ScheduledHealth {
    const { instance, name: component, namespace } = componentOf(cronJob);
    const { lastScheduleTime: start, lastSuccessfulTime: success, active } = cronJob.status ?? {};
    const running = (active?.length ?? 0) > 0;
    const failed = start !== undefined && !running && (success === undefined || success < start);
    const reason = running || failed ? runReason(cronJob, run) : undefined;
    return {
        instance,
        component,
        namespace,
        schedule: cronJob.spec.schedule,
        suspended: cronJob.spec.suspend ?? false,
        running,
        ...(start ? { lastStart: start } : {}),
        ...(success ? { lastSuccess: success } : {}),
        failed,
        ...(reason ? { reason } : {}),
    };
}

export interface RunFacts {
    /** Jobs, of scheduled tasks and others. */
    readonly runs: readonly Job[];
    readonly pods: readonly Pod[];
    readonly events: readonly Event[];
}

/** Of the newest run. */
function runReason({ metadata }: CronJob, { runs, pods, events }: RunFacts): string | undefined {
    const [newest] = runs
        .filter(
            (job) =>
                job.metadata.namespace === metadata.namespace &&
                job.metadata.ownerReferences?.some(({ kind, name }) => kind === "CronJob" && name === metadata.name),
        )
        .sort((a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp));
    return newest && (jobReason(newest, pods, events) ?? failedCondition(newest)?.message);
}

const failedCondition = (job: Job) =>
    job.status?.conditions?.find(({ type, status }) => type === "Failed" && status === "True");

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
