import { setTimeout as sleep } from "node:timers/promises";
import pc from "picocolors";
import { type DeclaredSource, declaredSourceIn, supervisorName } from "../../components/database/replication";
import { plinthLabels } from "../../components/labels";
import type { Kubectl } from "../cluster/kubectl";
import { KubectlError } from "../cluster/kubectlError";
import type { List, Pod } from "../cluster/live";
import { UserError } from "../system/errors";
import { type Following, hasSupervisor, judgeMember, ordinalOf, type SourceChange } from "./declaredSource";

/** Intervals and timeouts in milliseconds. */
export interface FollowArgs {
    /** Between two looks at the cluster. @default 500 */
    readonly interval?: number;
    /**
     * Between two triggers of the kubelets: the first may have come before their caches were up to date.
     * @default 2000
     */
    readonly again?: number;
    /** After the engine, until a new source must take writes. @default 3 minutes, in which it waits for a lost one */
    readonly timeout?: number;
    /** How long a new source says that its user must decide before that is an error. @default 20 seconds */
    readonly decision?: number;
    /** After the new source takes writes, until the other members must have read of it. @default 10 seconds */
    readonly patience?: number;
}

type Reading = Pick<Kubectl, "read" | "json">;
type FollowKubectl = Pick<Kubectl, "quiet" | "config">;

/** How far the engine is. */
interface Run {
    /** When it ended; undefined while it runs. */
    ended: number | undefined;
    failed: boolean;
}

interface Member {
    readonly pod: Pod;
    readonly following: Following;
}

/** What a new source says when only its user can decide how to go on. */
const needsDecision = /\bdatabase\.(lost|source)\b/;

/**
 * Runs the engine, and tells the members of databases with a new source as soon as the engine has declared it, because
 * writes are refused until they know: a kubelet refreshes the file that they read it from every 60 to 90 seconds by
 * itself, and at once when an annotation of the pod changes.
 *
 * Waits until the new sources take writes, and the other members have read of it.
 *
 * @param up runs the engine
 * @returns what keeps a new source from taking writes, in its own words; empty if all do
 */
export async function followSources(
    kubectl: FollowKubectl,
    changes: readonly SourceChange[],
    up: () => Promise<void>,
    args: FollowArgs = {},
): Promise<string[]> {
    const run: Run = { ended: undefined, failed: false };
    const following = Promise.all(
        changes.map((change) => follow(kubectl, change, run, args).catch(unseen(kubectl.config.stack, change))),
    );
    // Awaited below: an error must not go unhandled while the engine runs.
    following.catch(() => undefined);
    try {
        await up();
    } catch (error) {
        run.failed = true;
        // It may have declared them before.
        await following.catch(() => undefined);
        throw error;
    }
    run.ended = Date.now();
    return (await following).filter((why) => why !== undefined);
}

/** @returns why the new source takes no writes; undefined if it does, or nothing was declared */
async function follow(
    kubectl: FollowKubectl,
    change: SourceChange,
    run: Run,
    { interval = 500, again = 2000, timeout = 180_000, decision = 20_000, patience = 10_000 }: FollowArgs,
): Promise<string | undefined> {
    const { quiet, config } = kubectl;
    const declared = await declaration(quiet, change, run, interval);
    if (!declared) return undefined;
    const tell = sayer(change.name);
    tell(`member ${declared.source} is to be the source`);
    let mayTouch = await touch(quiet, change);
    if (!mayTouch)
        console.error(
            pc.yellow(
                `${change.name}: its members read that within two minutes, because this account may not annotate pods. For the missing right: ./plinth rbac ${config.stack}`,
            ),
        );
    let touched = Date.now();
    let opened: number | undefined;
    let said = { words: "", since: touched };
    for (; !run.failed; await sleep(interval)) {
        const members = await membersOf(quiet, change, declared);
        const source = members?.find(({ pod }) => ordinalOf(pod) === declared.source);
        const behind = (members ?? []).filter(({ following }) => following.is === "behind");
        if (mayTouch && behind.length > 0 && isPast(touched, again)) {
            mayTouch = await touch(quiet, change);
            touched = Date.now();
        }
        if (source?.following.is === "source") {
            opened ??= Date.now();
            if (behind.length > 0 && !isPast(opened, patience)) continue;
            tell(`member ${declared.source} is the source and takes writes`);
            warnOf(change, behind);
            return undefined;
        }
        // Where nothing runs, as on simulated nodes, nothing follows.
        if (members && !source && run.ended !== undefined) return undefined;
        const words = wordsOf(source);
        if (words !== said.words) said = { words, since: Date.now() };
        if (words && source?.following.is === "informed") tell(`${source.pod.metadata.name}: ${words}`);
        const isLate = run.ended !== undefined && isPast(run.ended, timeout);
        if (isLate || (needsDecision.test(words) && isPast(said.since, decision)))
            return `${change.name} takes no writes: member ${declared.source} is declared its source, but ${words || "its pods cannot be read"}`;
    }
    return undefined;
}

/** Waits until the engine has declared another source; undefined if it ends without that. */
async function declaration(
    kubectl: Reading,
    { namespace, configMap, before }: SourceChange,
    run: Run,
    interval: number,
): Promise<DeclaredSource | undefined> {
    for (; ; await sleep(interval)) {
        // The last look is after the engine's end.
        const isLast = run.ended !== undefined || run.failed;
        const read = () =>
            kubectl.json<{ data?: { source?: string } }>(["get", "configmap", configMap, "--namespace", namespace]);
        const text = (await unlessRefused(read))?.data?.source;
        if (text !== undefined && text !== before) return declaredSourceIn(text);
        if (isLast) return undefined;
    }
}

/** The members whose supervisors run; undefined if the pods cannot be listed now. */
async function membersOf(
    kubectl: Reading,
    { namespace, members }: SourceChange,
    declared: DeclaredSource,
): Promise<Member[] | undefined> {
    const where = ["--namespace", namespace];
    const pods = await unlessRefused(() => kubectl.json<List<Pod>>(["get", "pods", ...where, "--selector", members]));
    return (
        pods &&
        Promise.all(
            pods.items.filter(hasSupervisor).map(async (pod) => {
                const log = ["logs", pod.metadata.name, ...where, "--container", supervisorName, "--tail", "100"];
                try {
                    // An unreachable node must not delay the others for long.
                    const text = await kubectl.read([...log, "--request-timeout", "5s"]);
                    return { pod, following: judgeMember(ordinalOf(pod), declared, text) };
                } catch (error) {
                    if (!(error instanceof UserError) || isForbidden(error)) throw error;
                    return { pod, following: { is: "behind", why: error.message } as const };
                }
            }),
        )
    );
}

/** Makes the kubelets of the members refresh mounted files now. @returns whether this account may do so */
async function touch(kubectl: Reading, { namespace, members }: SourceChange): Promise<boolean> {
    const now = `${plinthLabels.lookedAgain}=${new Date().toISOString()}`;
    try {
        await kubectl.read(["annotate", "pods", "--selector", members, "--namespace", namespace, "--overwrite", now]);
    } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return !isForbidden(error);
    }
    return true;
}

const isForbidden = (error: unknown): boolean => error instanceof KubectlError && error.kind === "forbidden";

/** Undefined if that fails in a way that may succeed the next time. */
async function unlessRefused<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
        return await read();
    } catch (error) {
        if (!(error instanceof UserError) || isForbidden(error)) throw error;
        return undefined;
    }
}

/** An account that may not look is told so, and the launch succeeds. */
const unseen =
    (stack: string, { name }: SourceChange) =>
    (error: unknown): undefined => {
        if (!isForbidden(error)) throw error;
        console.error(
            pc.yellow(
                `${name}: it could not be verified that the new source takes writes: ${(error as UserError).message}\nFor the missing rights: ./plinth rbac ${stack}`,
            ),
        );
    };

function wordsOf(source: Member | undefined): string {
    if (!source) return "";
    const { following } = source;
    if (following.is === "behind") return following.why ?? "has not read that yet";
    return following.is === "informed" ? (following.says ?? "") : "";
}

/** Members that do not answer may still serve clients, if there is no path between them and the new source. */
function warnOf({ name }: SourceChange, behind: readonly Member[]): void {
    if (behind.length === 0) return;
    const lines = behind.map(({ pod, following }) => {
        const why = following.is === "behind" ? following.why : undefined;
        return `  ${pod.metadata.name} on ${pod.spec.nodeName}: ${why ?? "has not read which member is the source"}`;
    });
    console.error(
        pc.yellow(
            `${name}: these members do not follow the new source yet. They do so within two minutes, unless their nodes are down:\n${lines.join("\n")}`,
        ),
    );
}

/** Prints sentences that follow each other, each once. */
function sayer(name: string): (words: string) => void {
    let last = "";
    return (words) => {
        if (words !== last) console.error(`${name}: ${words}`);
        last = words;
    };
}

const isPast = (time: number, by: number): boolean => Date.now() - time >= by;
