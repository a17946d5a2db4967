import type { PodSpec } from "kubernetes-types/core/v1";
import { templateOf } from "../../components/references";
import type { Kubectl } from "./kubectl";
import { KubectlError } from "./kubectlError";
import { remedyFor } from "./trialRemedies";
import { type RenderedObject, type Rendering, titleOf } from "../render/rendering";
import { groupBy } from "../system/groupBy";

/** What a rule of the cluster's, such as a quota or a webhook, has against an object of the stack. */
export interface Refused {
    /** `Service shop/edge`, or `a pod of Deployment shop/frontend`. */
    readonly what: string;
    /** In the server's own words, without the name of the object. */
    readonly why: string;
    /** What to set. */
    readonly remedy: string;
    /** Whether it is only in the way as long as other pods use up a quota. */
    readonly isTransient: boolean;
    /** Whether the object itself is refused, too: not if a bare pod or the state of a webhook may be the reason. */
    readonly isCertain: boolean;
}

/** The server's answers to dry runs. */
export interface Trial {
    readonly tried: number;
    readonly refused: readonly Refused[];
    /** Namespaces that do not exist yet, in which nothing can be tried. */
    readonly absent: readonly string[];
    /** What this account may not try, by the server's answers. */
    readonly forbidden: readonly string[];
}

interface Candidate {
    readonly what: string;
    readonly object: RenderedObject;
    /** The stack's object that it comes from. */
    readonly source: RenderedObject;
}

type TrialKubectl = Pick<Kubectl, "read">;
type Tried = Pick<Rendering, "objects" | "outputs">;

const applying = ["apply", "--server-side", "--force-conflicts", "--field-manager", "plinth-doctor"];

/**
 * Tries every object of a stack, and a bare pod of every template: controllers create pods later, and what is refused
 * then is reported in their events only. Nothing is stored.
 *
 * @param isForeign objects of other owners, which the stack would not change
 */
export async function tryObjects(
    kubectl: TrialKubectl,
    rendering: Tried,
    isForeign: (object: RenderedObject) => boolean,
): Promise<Trial> {
    const own = rendering.objects
        .filter((object) => !isForeign(object))
        .map((object) => ({ what: titleOf(object), object, source: object }));
    const pods = await tryPods(kubectl, rendering);
    const there = own.filter(({ object }) => !pods.absent.includes(object.metadata.namespace ?? ""));
    return together(await tryAll(kubectl, applying, there, rendering), pods);
}

/** Tries the bare pods only: the engine's preview tries the objects. */
export const tryPods = (kubectl: TrialKubectl, rendering: Tried): Promise<Trial> =>
    tryAll(kubectl, ["create"], rendering.objects.flatMap(barePod), rendering);

/** Kinds of operators may have templates of something else. */
const startsPods = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"];

function barePod(source: RenderedObject, index: number): Candidate[] {
    const template = templateOf(source);
    if (!template?.spec || !startsPods.includes(source.kind)) return [];
    const { labels, annotations } = template.metadata ?? {};
    const object = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
            name: `plinth-trial-${index}`,
            namespace: source.metadata.namespace!,
            ...(labels ? { labels } : {}),
            ...(annotations ? { annotations } : {}),
        },
        spec: template.spec,
    };
    return [{ what: `a pod of ${titleOf(source)}`, object, source }];
}

/** What a pod refers to, by the server's words if it is missing. */
const references = [
    { kind: "ServiceAccount", field: "serviceAccountName", missing: /service ?account .*not found/i },
    { kind: "PriorityClass", field: "priorityClassName", missing: /no PriorityClass/ },
    { kind: "RuntimeClass", field: "runtimeClassName", missing: /RuntimeClass "[^"]*" not found/ },
] as const;

/** A pod without what the server misses, if the stack creates that; else undefined. */
function withoutMissing(
    pod: RenderedObject,
    why: string,
    objects: readonly RenderedObject[],
): RenderedObject | undefined {
    if (pod.kind !== "Pod") return undefined;
    const spec = pod.spec as PodSpec;
    const missed = references.find(({ missing }) => missing.test(why));
    if (!missed || spec[missed.field] === undefined) return undefined;
    const isDeclared = objects.some(
        ({ kind, metadata: { name, namespace = pod.metadata.namespace } }) =>
            kind === missed.kind && name === spec[missed.field] && namespace === pod.metadata.namespace,
    );
    return isDeclared ? { ...pod, spec: { ...spec, [missed.field]: undefined } } : undefined;
}

async function tryAll(
    kubectl: TrialKubectl,
    args: readonly string[],
    candidates: readonly Candidate[],
    rendering: Tried,
): Promise<Trial> {
    const byNamespace = [...groupBy(candidates, ({ object }) => object.metadata.namespace ?? "").values()];
    const trials: Trial[] = [];
    for (const same of byNamespace) trials.push(await tryNamespace(kubectl, args, same, rendering));
    return together(...trials);
}

async function tryNamespace(
    kubectl: TrialKubectl,
    args: readonly string[],
    candidates: readonly Candidate[],
    rendering: Tried,
): Promise<Trial> {
    const tried = candidates.length;
    const none: Trial = { tried, refused: [], absent: [], forbidden: [] };
    const all = candidates.map(({ object }) => object);
    const whole = await dryRun(kubectl, args, { apiVersion: "v1", kind: "List", items: all });
    if (!whole) return none;
    const { namespace } = all[0]!.metadata;
    if (namespace && whole.details.includes(`namespaces "${namespace}" not found`))
        return { ...none, tried: 0, absent: [namespace] };
    // Of many objects, kubectl prints those that were accepted, but not to which one an error belongs.
    const accepted = new Set(whole.output.trim().split("\n"));
    const rest = candidates.filter(({ object }) => !accepted.has(printedName(object)));
    const answers: Trial[] = [];
    // Each needs a process.
    const atOnce = 6;
    for (let start = 0; start < rest.length; start += atOnce)
        answers.push(
            ...(await Promise.all(
                rest.slice(start, start + atOnce).map((candidate) => tryOne(kubectl, args, candidate, rendering)),
            )),
        );
    return { ...together(...answers), tried };
}

async function tryOne(
    kubectl: TrialKubectl,
    args: readonly string[],
    { what, object, source }: Candidate,
    rendering: Tried,
): Promise<Trial> {
    const none: Trial = { tried: 1, refused: [], absent: [], forbidden: [] };
    const error = await dryRun(kubectl, args, object);
    // Kinds that are missing have a check of their own, and the engine replaces what cannot be changed.
    if (!error || error.kind === "unknownKind" || isReplaced(object, error.details)) return none;
    if (error.kind === "forbidden") return { ...none, forbidden: [what] };
    const why = wordsOf(error.details);
    const rest = withoutMissing(object, why, rendering.objects);
    if (rest) return tryOne(kubectl, args, { what, object: rest, source }, rendering);
    const remedy = remedyFor(why, source, Object.keys(rendering.outputs.instances));
    const isTransient = /exceeded quota/.test(why);
    return { ...none, refused: [{ what, why, remedy, isTransient, isCertain: isCertain(object, error.details) }] };
}

/** Failures that say nothing about an object. */
const broken =
    /failed (calling|to call) webhook|Unable to connect|connection refused|connection reset|i\/o timeout|TLS handshake|no such host|deadline exceeded|\((InternalError|ServiceUnavailable|Timeout|ServerTimeout|TooManyRequests)\)/;

/** The server's own rules, which take a bare pod as they take one of a controller. */
const ownRules =
    /(failed|exceeded) quota|must specify|usage per|limit to request ratio|no limit is specified|violates PodSecurity|security context constraint|is invalid:|no PriorityClass|RuntimeClass "[^"]*" not found|service ?account .*not found/i;

/** Policies may refuse bare pods as such, or exempt those of a controller. */
const policies = /admission webhook|ValidatingAdmissionPolicy/;

const isCertain = ({ kind }: RenderedObject, details: string): boolean =>
    !broken.test(details) && (kind !== "Pod" || (ownRules.test(details) && !policies.test(details)));

const isReplaced = ({ kind }: RenderedObject, message: string): boolean =>
    kind !== "PersistentVolumeClaim" &&
    /field is immutable|updates to statefulset spec for fields other than/.test(message);

async function dryRun(
    kubectl: TrialKubectl,
    args: readonly string[],
    object: object,
): Promise<KubectlError | undefined> {
    try {
        await kubectl.read(
            [...args, "--dry-run=server", "--output", "name", "--filename", "-"],
            JSON.stringify(object),
        );
        return undefined;
    } catch (error) {
        if (error instanceof KubectlError) return error;
        throw error;
    }
}

/** As `--output name` prints it: `deployment.apps/frontend`. */
function printedName({ apiVersion, kind, metadata }: RenderedObject): string {
    const group = apiVersion.includes("/") ? `.${apiVersion.split("/", 1)[0]}` : "";
    return `${kind.toLowerCase()}${group}/${metadata.name}`;
}

/** The server's words without kubectl's, and without the name of the object that was tried. */
const wordsOf = (details: string): string =>
    details
        .split("\n")
        .filter((line) => !/^warning/i.test(line))
        .join(" ")
        .replaceAll(/\s+/g, " ")
        .replace(/^Error from server( \(\w+\))?: /, "")
        .replace(/^error when [a-z ]+ "STDIN": /, "")
        .replace(/^The \w+ "[^"]*" is invalid: /, "")
        .replace(/^[\w.]+ "[^"]*" is forbidden: /, "")
        .trim();

const together = (...trials: readonly Trial[]): Trial => ({
    tried: trials.reduce((sum, { tried }) => sum + tried, 0),
    refused: trials.flatMap(({ refused }) => refused),
    absent: [...new Set(trials.flatMap(({ absent }) => absent))],
    forbidden: trials.flatMap(({ forbidden }) => forbidden),
});

/** One line for each reason and remedy. Which containers a quota names differs from pod to pod. */
export function refusalLines(refused: readonly Refused[]): string[] {
    const groups = groupBy(refused, ({ why, remedy }) => JSON.stringify([why.replaceAll(/ for: [^;]+/g, ""), remedy]));
    return [...groups.values()].map((same) => {
        const { why, remedy } = same[0]!;
        const names = same.map(({ what }) => what);
        const more = names.length - 2;
        const shown = names.slice(0, 2).join(", ") + (more > 0 ? ` and ${more} more` : "");
        return `${shown}: ${why}; ${remedy}`;
    });
}
