import { namespaceOf } from "../../config/unique";
import { certificates } from "../../operations/status/certificates";
import { example, type Register } from "../command";
import { componentOf, listPods, listStack, workloadKinds } from "../../operations/cluster/components";
import { UserError } from "../../operations/system/errors";
import { evictionEvents, evictionsOf } from "../../operations/cluster/evictions";
import {
    claimOf,
    imageOf,
    nodeOf,
    scheduledOf,
    tasksOf,
    type TierHealth,
    tierOf,
} from "../../operations/cluster/health";
import type { Kubectl } from "../../operations/cluster/kubectl";
import type {
    Claim,
    CronJob,
    Ingress,
    Job,
    List,
    Live,
    Node,
    Pod,
    StorageClass,
    Workload,
} from "../../operations/cluster/live";
import { openSession } from "../../operations/launch/sandbox";
import type { Session } from "../../operations/session";
import { knownOutputs } from "../../operations/status/knownOutputs";
import { notReady, type Status, statusText } from "../statusText";
import { volumesInUse } from "../../operations/cluster/volumeUse";

export const status: Register = (program) => {
    example(
        program
            .command("status")
            .description(
                "Show a stack's objects in the cluster and whether they are ready.\n\nExit code 0 if everything that should be ready is ready, else 1.",
            )
            .argument("[stack]", "launched stack", "dev")
            .option("--json", "for scripts")
            .action(async (stack: string, options: { json?: boolean }) =>
                showStatus(await openSession(stack), options.json ?? false),
            ),
        "status production",
        "status production --json | jq '.notReady'",
    );
};

export async function showStatus(session: Session, json: boolean): Promise<void> {
    const gathered = await gather(session);
    const missing = notReady(gathered);
    console.log(
        json ? JSON.stringify({ ...gathered, notReady: missing }, null, 2) : statusText(gathered, missing, Date.now()),
    );
    process.exitCode = missing.length > 0 ? 1 : 0;
}

/** The state of everything with the stack's label, and of declared tiers that are missing. */
async function gather(session: Session): Promise<Status> {
    const { stack } = session;
    const kubectl = await session.kubectl();
    const kinds = `${workloadKinds},persistentvolumeclaims,ingresses`;
    const [objects, nodes, known] = await Promise.all([
        listStack<Live>(kubectl, kinds),
        listOutside<Node>(kubectl, "nodes"),
        knownOutputs(session),
    ]);
    const ofKind = <T extends Live>(...wanted: string[]) => objects.filter(({ kind }) => wanted.includes(kind)) as T[];
    const workloads = ofKind<Workload>("Deployment", "StatefulSet");
    const namespaces = new Set(objects.map(({ metadata }) => metadata.namespace));
    const pods = await listPods<Pod>(kubectl, namespaces);
    const claims = ofKind<Claim>("PersistentVolumeClaim");
    const isPending = claims.some(({ status: is }) => is?.phase === "Pending");
    const [used, classes, shown, evicted] = await Promise.all([
        volumesInUse(kubectl, pods),
        isPending ? listOutside<StorageClass>(kubectl, "storageclasses") : [],
        certificates(kubectl, workloads, ofKind<Ingress>("Ingress")),
        evictionEvents(kubectl, namespaces),
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
        tiers: [...workloads.map((workload) => tierOf(workload, pods)), ...(await absent(session, workloads))].sort(
            (a, b) => a.namespace.localeCompare(b.namespace) || a.component.localeCompare(b.component),
        ),
        tasks: tasksOf(ofKind<Job>("Job"), pods),
        scheduled: ofKind<CronJob>("CronJob").map(scheduledOf),
        claims: claims.map((claim) => claimOf(claim, { use: used, pods, classes })),
        certificates: shown,
        evictions: evictionsOf(
            pods,
            evicted,
            kubectl.config.instances.map(({ name }) => name),
        ),
    };
}

/** Tiers that the stack declares but that are not in the cluster. */
async function absent(session: Session, present: readonly Workload[]): Promise<TierHealth[]> {
    const key = ({ kind, metadata }: Live) => `${kind} ${metadata.namespace}/${metadata.name}`;
    const there = new Set(present.map(key));
    const { objects } = await session.rendering();
    return (objects as unknown as Workload[])
        .filter((object) => ["Deployment", "StatefulSet"].includes(object.kind) && !there.has(key(object)))
        .map((object) => {
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
                reason: `is not in the cluster: ./plinth launch ${session.stack}`,
            };
        });
}

/** Objects that do not belong to the stack; none if they may not be listed. */
async function listOutside<T>(kubectl: Kubectl, kind: string): Promise<T[]> {
    try {
        return (await kubectl.json<List<T>>(["get", kind])).items;
    } catch (error) {
        if (error instanceof UserError) return [];
        throw error;
    }
}
