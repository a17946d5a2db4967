import { setTimeout as sleep } from "node:timers/promises";
import pc from "picocolors";
import { plinthLabels } from "../../components/labels";
import { reloadContainer } from "../../components/loadBalancer/reload";
import { componentOf, fullName } from "../cluster/components";
import { UserError } from "../system/errors";
import { groupBy } from "../system/groupBy";
import type { Kubectl } from "../cluster/kubectl";
import { KubectlError } from "../cluster/kubectlError";
import type { List, Pod } from "../cluster/live";
import type { RenderedObject, Rendering } from "../render/rendering";
import { reasonOf } from "../cluster/pods";
import { isEdge, judgeEdge, judgeTier, admitsVisitors, sourceOf, type Verdict, wantedBy } from "./servedRules";
import { count } from "../system/text";

interface Workload extends RenderedObject {
    readonly spec: { readonly template: { readonly spec: Parameters<typeof judgeTier>[1] } };
}

interface Judged {
    /** Namespace and name; only the namespace if its pods could not be listed. */
    readonly name: string;
    readonly pod?: Pod;
    readonly verdict: Verdict;
}

export interface AwaitArgs {
    /**
     * Timeout in milliseconds. A kubelet refreshes mounted files every 60 to 90 seconds if it cannot be triggered, and
     * restarts a Caddy that has not answered for a minute. @default 3 minutes
     */
    readonly timeout?: number;
    /** Polling interval in milliseconds. @default 1000 */
    readonly interval?: number;
}

/** Polls between two triggers of the kubelet: the first may have come before its cache was up to date. */
const pollsPerTouch = 10;

/** How many requests run in parallel. */
const concurrency = 8;

/**
 * Waits until every pod that admits visitors applies the access rules of the launched stack: edges have reloaded their
 * configuration and certificates, and pods of tiers with old rules have ended.
 *
 * A kubelet updates files in a pod within 90 seconds by itself, and at once when an annotation of the pod changes.
 *
 * @throws UserError that lists the pods that still apply old rules
 */
export async function awaitRules(
    kubectl: Kubectl,
    rendering: Pick<Rendering, "stack" | "objects">,
    { timeout = 180_000, interval = 1000 }: AwaitArgs = {},
): Promise<void> {
    const end = Date.now() + timeout;
    const namespaces = new Set(rendering.objects.flatMap(({ metadata }) => metadata.namespace ?? []));
    let asked: Pick<Kubectl, "read" | "json"> = kubectl;
    let said = "";
    let mayTouch = true;
    for (let looks = 0; ; looks++) {
        const judged = await judgePods(asked, rendering.objects, namespaces);
        const open = judged.filter(({ verdict }) => verdict.is === "old");
        if (open.length === 0 || Date.now() > end) return conclude(rendering.stack, judged);
        const names = open.map(({ name }) => name).join(", ");
        if (names !== said) console.error(`Waiting for pods that have not loaded the new rules yet: ${names}`);
        said = names;
        if (mayTouch && looks % pollsPerTouch === 0) mayTouch = await triggerKubelets(asked, open);
        // Repeated commands are not printed.
        asked = kubectl.quiet;
        await sleep(interval);
    }
}

/** Judges all pods of a stack that admit visitors. */
async function judgePods(
    kubectl: Pick<Kubectl, "read" | "json">,
    objects: readonly RenderedObject[],
    namespaces: ReadonlySet<string>,
): Promise<Judged[]> {
    const templates = new Map(
        objects
            .filter((object): object is Workload => ["Deployment", "StatefulSet"].includes(object.kind))
            .map((object) => [keyOf(object), object.spec.template.spec]),
    );
    const instances = new Set(objects.map(instanceOf));
    const read = dataReader(kubectl);
    const inNamespace = async (namespace: string): Promise<Judged[]> => {
        const args = ["get", "pods", "--namespace", namespace, "--selector", "app.kubernetes.io/managed-by=plinth"];
        try {
            const { items } = await kubectl.json<List<Pod>>(args);
            const judged: Judged[] = [];
            for (const pod of items.filter((one) => admitsVisitors(one) && instances.has(instanceOf(one)))) {
                const template = templates.get(keyOf(pod));
                const verdict = template && isEdge(pod) ? await askEdge(kubectl, pod, read) : judgeTier(pod, template);
                judged.push({ name: `${namespace}/${pod.metadata.name}`, pod, verdict });
            }
            return judged;
        } catch (error) {
            return [{ name: namespace, verdict: verdictOfError(error) }];
        }
    };
    return (await limited([...namespaces], inNamespace)).flat();
}

/** What a forbidden request means; one that failed otherwise may succeed the next time. */
function verdictOfError(error: unknown): Verdict {
    if (!(error instanceof UserError)) throw error;
    return { is: isForbidden(error) ? "unseen" : "old", why: error.message };
}

type Labelled = Pick<RenderedObject, "metadata">;

const component = ({ metadata }: Labelled) => componentOf({ metadata: { namespace: "", ...metadata } });
const instanceOf = (object: Labelled): string => component(object).instance;
const keyOf = (object: Labelled): string => `${component(object).namespace} ${fullName(component(object))}`;

const isForbidden = (error: UserError): boolean => error instanceof KubectlError && error.kind === "forbidden";

type ReadData = (kind: string, namespace: string, name: string) => Promise<Readonly<Record<string, string>>>;

/** Reads the data of ConfigMaps and Secrets, each only once; those that do not exist have none. */
function dataReader(kubectl: Pick<Kubectl, "json">): ReadData {
    const known = new Map<string, ReturnType<ReadData>>();
    const read: ReadData = async (kind, namespace, name) => {
        try {
            const object = await kubectl.json<{ data?: Record<string, string> }>([
                ...["get", kind, name, "--namespace", namespace],
            ]);
            return object.data ?? {};
        } catch (error) {
            if (error instanceof KubectlError && error.kind === "notFound") return {};
            throw error;
        }
    };
    return (...what) => {
        const key = what.join(" ");
        const answer = known.get(key) ?? read(...what);
        known.set(key, answer);
        return answer;
    };
}

/** Compares the configuration in the cluster for an edge's pod with the one that the pod reports. */
async function askEdge(kubectl: Pick<Kubectl, "read">, pod: Pod, read: ReadData): Promise<Verdict> {
    const { name, namespace } = pod.metadata;
    try {
        const wanted = await wantedBy(async (path) => {
            const source = sourceOf(pod, path);
            const value = source && (await read(source.kind, namespace, source.name))[source.key];
            return value === undefined ? undefined : Buffer.from(value, source?.kind === "secret" ? "base64" : "utf8");
        });
        const args = ["logs", name, "--namespace", namespace, "--container", reloadContainer, "--tail", "50"];
        // An unreachable node must not delay the others.
        return judgeEdge(pod, wanted, await kubectl.read([...args, "--request-timeout", "5s"]));
    } catch (error) {
        const verdict = verdictOfError(error);
        return verdict.is === "old" ? { ...verdict, why: reasonOf(pod) ?? verdict.why } : verdict;
    }
}

/**
 * Makes the kubelets of pods refresh mounted files now.
 *
 * @returns whether this account may do so
 */
async function triggerKubelets(kubectl: Pick<Kubectl, "read">, open: readonly Judged[]): Promise<boolean> {
    const now = `${plinthLabels.lookedAgain}=${new Date().toISOString()}`;
    const edges = open.flatMap(({ pod }) => (pod && isEdge(pod) && !pod.metadata.deletionTimestamp ? [pod] : []));
    try {
        for (const [namespace, pods] of groupBy(edges, ({ metadata }) => metadata.namespace)) {
            const names = pods.map(({ metadata }) => metadata.name);
            await kubectl.read(["annotate", "pods", ...names, "--namespace", namespace, "--overwrite", now]);
        }
    } catch (error) {
        if (!(error instanceof UserError)) throw error;
        // A pod that has ended in the meantime is noticed by the next poll.
        return !isForbidden(error);
    }
    return true;
}

/** @throws UserError that lists the pods that still apply old rules */
function conclude(stack: string, judged: readonly Judged[]): void {
    const lines = (...wanted: readonly Verdict["is"][]) =>
        judged.flatMap(({ name, pod, verdict }) =>
            wanted.includes(verdict.is) && "why" in verdict
                ? [`  ${name}${pod ? ` on ${pod.spec.nodeName}` : ""}: ${verdict.why}`]
                : [],
        );
    const unseen = lines("unseen");
    if (unseen.length > 0)
        console.error(
            pc.yellow(
                `It could not be verified that these pods have loaded the new rules; they do so within two minutes unless they reject them. For the missing rights: ./plinth rbac ${stack}\n${unseen.join("\n")}`,
            ),
        );
    const old = lines("old", "refused");
    if (old.length > 0)
        throw new UserError(
            `The stack is launched, but these pods have not loaded the new rules and may still admit visitors by the old ones:\n${old.join("\n")}\n` +
                `Once the cause is fixed, check again: ./plinth launch ${stack}`,
        );
    const edges = judged.filter(({ pod, verdict }) => pod && isEdge(pod) && verdict.is === "new");
    if (edges.length > 0) console.log(`\nThe new rules are in effect in ${count(edges.length, "edge pod")}.`);
}

/** Like `Promise.all` over `map`, with limited concurrency. */
async function limited<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
    const results: R[] = [];
    const queue = items.entries();
    const worker = async () => {
        for (const [index, item] of queue) results[index] = await work(item);
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    return results;
}
