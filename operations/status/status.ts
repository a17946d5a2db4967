import { isAtRest, isDatabase, isOperated } from "../../components/kinds";
import { namespaceOf } from "../../config/unique";
import { continueCommand, recordsOf, restoreTasksIn, unfinishedRestores } from "../backup/progress";
import { componentOf, fullName, listOperated, listPods, listStack, workloadKinds } from "../cluster/components";
import { type ClaimHealth, claimOf } from "../cluster/claimHealth";
import { claimEventsIn, warningsIn } from "../cluster/events";
import { type EvictionHealth, evictionsOf } from "../cluster/evictions";
import {
    type CertificateHealth,
    imageOf,
    type NodeHealth,
    nodeOf,
    type ScheduledHealth,
    scheduledOf,
    type TaskHealth,
    tasksOf,
    type TierHealth,
    tierOf,
} from "../cluster/health";
import type { Kubectl } from "../cluster/kubectl";
import { liveOf } from "../cluster/ownership";
import { operatedTier, type OperatedServers } from "../cluster/operated";
import type { Claim, CronJob, Ingress, Job, List, Live, Node, Pod, StorageClass, Workload } from "../cluster/live";
import { volumesInUse } from "../cluster/volumeUse";
import type { Session } from "../session";
import { UserError } from "../system/errors";
import { certificates } from "./certificates";
import { knownOutputs } from "./knownOutputs";

/** The status of a stack in the cluster. */
export interface Status {
    readonly stack: string;
    /** Empty if they may not be listed. */
    readonly nodes: readonly NodeHealth[];
    readonly instances: readonly {
        readonly name: string;
        readonly platform: string;
        /** The state in the stack file. */
        readonly state: string;
        readonly namespace: string;
        readonly urls: Readonly<Record<string, string>>;
    }[];
    /** `engine`: from the last run's outputs; `rendering`: as a run would produce. */
    readonly urlsFrom: "engine" | "rendering";
    readonly tiers: readonly TierHealth[];
    readonly tasks: readonly TaskHealth[];
    readonly scheduled: readonly ScheduledHealth[];
    readonly claims: readonly ClaimHealth[];
    readonly certificates: readonly CertificateHealth[];
    readonly evictions: readonly EvictionHealth[];
    /** Restores that are in progress or were interrupted. */
    readonly restores: readonly { readonly instance: string; readonly backup: string; readonly command: string }[];
}

/**
 * What should be ready but is not, with reasons: instances in the middle of a restore, tiers without all their pods,
 * Tasks that are not done, volumes of running instances that are not bound, certificates that have expired or are
 * missing. Failed scheduled tasks, evicted pods with a successor, and nodes that are not ready are shown but do not
 * count, because none of them prevents a platform from working.
 *
 * @param now milliseconds since the epoch. @default the current time
 */
export function notReady(status: Status, now = Date.now()): string[] {
    const isStopped = (instance: string) =>
        status.instances.some(({ name, state }) => name === instance && state !== "running");
    return [
        ...status.restores.map(
            ({ instance, backup, command }) =>
                `${instance}: a restore of ${backup} is in progress or was interrupted; to continue: ${command}`,
        ),
        ...unreadyPods(status),
        ...status.claims
            // A volume may wait for its first pod, which a stopped instance does not have; nor has that of the backups,
            // before the first one.
            .filter(
                ({ phase, waits, instance }) =>
                    phase !== "Bound" && (phase === "Lost" || !(waits || isStopped(instance))),
            )
            .map(({ namespace, claim, phase, reason }) => because(`volume ${namespace}/${claim} is ${phase}`, reason)),
        ...status.certificates
            .filter(({ managedBy, expires }) => managedBy === "Secret" && !(expires && Date.parse(expires) > now))
            .map(({ namespace, source, expires, reason }) =>
                because(`certificate ${namespace}/${source}`, expires ? `expired on ${dayOf(expires)}` : reason),
            ),
    ];
}

/** The part of {@link notReady} that concerns pods: tiers without all their pods, and Tasks that are not done. */
export const unreadyPods = ({ tiers, tasks }: Pick<Status, "tiers" | "tasks">): string[] => [
    ...tiers.filter(({ ok }) => !ok).map((tier) => because(healthName(tier), tier.reason)),
    ...tasks
        .filter(({ state }) => state !== "done")
        .map((task) => because(`${healthName(task)} is not done (${task.state})`, task.reason)),
];

const because = (what: string, reason: string | undefined) => (reason ? `${what}: ${reason}` : what);

/** The component that a part of the status is about: `shop/frontend`. */
export const healthName = ({ component: name, ...where }: Pick<TierHealth, "instance" | "component" | "namespace">) =>
    fullName({ ...where, name });

/** The day of an RFC 3339 time. */
export const dayOf = (time: string): string => time.slice(0, 10);

/** The state of everything with the stack's label, and of declared tiers that are missing. */
export async function gatherStatus(session: Session): Promise<Status> {
    const { stack } = session;
    const kubectl = await session.kubectl();
    const kinds = `${workloadKinds},persistentvolumeclaims,ingresses`;
    const [objects, operated, nodes, known] = await Promise.all([
        listStack<Live>(kubectl, kinds),
        listOperated<OperatedServers>(kubectl),
        listOutside<Node>(kubectl, "nodes"),
        knownOutputs(session),
    ]);
    const ofKind = <T extends Live>(...wanted: string[]) => objects.filter(({ kind }) => wanted.includes(kind)) as T[];
    const workloads = ofKind<Workload>("Deployment", "StatefulSet");
    const namespaces = new Set(objects.map(({ metadata }) => metadata.namespace));
    const pods = await listPods<Pod>(kubectl, namespaces);
    const claims = ofKind<Claim>("PersistentVolumeClaim");
    const pending = claims.filter(({ status: is }) => is?.phase === "Pending");
    const cronJobs = ofKind<CronJob>("CronJob");
    const restoring = restoreTasksIn(cronJobs);
    const [used, classes, shown, warnings, claimEvents, runs, records] = await Promise.all([
        volumesInUse(kubectl, pods),
        pending.length > 0 ? listOutside<StorageClass>(kubectl, "storageclasses") : [],
        certificates(kubectl, workloads, ofKind<Ingress>("Ingress")),
        warningsIn(kubectl, namespaces),
        claimEventsIn(kubectl, new Set(pending.map(({ metadata }) => metadata.namespace))),
        scheduledRuns(kubectl, cronJobs),
        noneIfRefused(liveOf(kubectl, recordsOf(restoring))),
    ]);
    return {
        stack,
        nodes: nodes.map(nodeOf),
        instances: kubectl.config.instances.map((instance) => ({
            name: instance.name,
            platform: instance.platform,
            state: instance.state,
            namespace: namespaceOf(instance),
            urls: known.outputs.instances[instance.name]?.urls ?? {},
        })),
        urlsFrom: known.source,
        tiers: [
            ...workloads.map((workload) => tierOf(workload, pods, warnings)),
            ...operated.filter((object) => !isAtRest(object)).map((object) => operatedTier(object, pods, warnings)),
            ...(await absent(session, [...workloads, ...operated])),
        ].sort((a, b) => a.namespace.localeCompare(b.namespace) || a.component.localeCompare(b.component)),
        tasks: tasksOf(
            // An operator's own Jobs come and go with its work.
            ofKind<Job>("Job").filter(({ metadata }) => !metadata.ownerReferences?.some(isOperated)),
            pods,
            warnings,
        ),
        scheduled: cronJobs.map((cronJob) => scheduledOf(cronJob, { runs, pods, events: warnings })),
        claims: claims.map((claim) => claimOf(claim, { use: used, pods, classes, events: claimEvents })),
        certificates: shown,
        evictions: evictionsOf(
            pods,
            warnings,
            kubectl.config.instances.map(({ name }) => name),
        ),
        restores: unfinishedRestores(restoring, records).map(({ instance, progress: { backup } }) => ({
            instance,
            backup,
            command: continueCommand({ instance, stack }, backup),
        })),
    };
}

/** The Jobs of scheduled tasks, which do not have the stack's label; none if all tasks have succeeded. */
async function scheduledRuns(kubectl: Kubectl, cronJobs: readonly CronJob[]): Promise<Job[]> {
    const unfinished = cronJobs.filter((cronJob) => {
        const { failed, running } = scheduledOf(cronJob);
        return failed || running;
    });
    const namespaces = [...new Set(unfinished.map(({ metadata }) => metadata.namespace))];
    return (await Promise.all(namespaces.map((name) => listOutside<Job>(kubectl, "jobs", "--namespace", name)))).flat();
}

/** Tiers that the stack declares but that are not in the cluster. */
async function absent(session: Session, present: readonly Live[]): Promise<TierHealth[]> {
    const key = ({ kind, metadata }: Live) => `${kind} ${metadata.namespace}/${metadata.name}`;
    const there = new Set(present.map(key));
    const { objects } = await session.rendering();
    const reason = `is not in the cluster: ./plinth launch ${session.stack}`;
    const missing = objects.filter((object) => !there.has(key(object as unknown as Live)));
    const workloads = missing.filter(({ kind }) =>
        ["Deployment", "StatefulSet"].includes(kind),
    ) as unknown as Workload[];
    const operated = missing.filter(isDatabase) as unknown as OperatedServers[];
    return [
        ...workloads.map((object) => {
            const { instance, name: component, namespace } = componentOf(object);
            return {
                instance,
                component,
                namespace,
                kind: object.kind,
                ready: 0,
                desired: object.spec.replicas ?? 1,
                image: imageOf(object.spec.template.spec),
                restarts: 0,
                ok: false,
                reason,
            };
        }),
        ...operated
            .filter((object) => !isAtRest(object))
            .map((object) => ({ ...operatedTier(object, []), ready: 0, reason })),
    ];
}

/** Objects that do not belong to the stack; none if they may not be listed. */
const listOutside = <T>(kubectl: Kubectl, kind: string, ...where: string[]): Promise<T[]> =>
    noneIfRefused(kubectl.json<List<T>>(["get", kind, ...where]).then(({ items }) => items));

const noneIfRefused = <T>(asked: Promise<T[]>): Promise<T[]> =>
    asked.catch((error: unknown) => {
        if (error instanceof UserError) return [];
        throw error;
    });
