import { setTimeout as sleep } from "node:timers/promises";
import pc from "picocolors";
import { isAtRest } from "../../components/kinds";
import { componentOf, fullName, listOperated, listPods, listStack } from "../cluster/components";
import { warningsIn } from "../cluster/events";
import { tasksOf, tierOf } from "../cluster/health";
import type { Kubectl } from "../cluster/kubectl";
import { KubectlError } from "../cluster/kubectlError";
import type { ContainerStatus, Event, Job, Live, Pod, Workload } from "../cluster/live";
import { type OperatedServers, operatedTier } from "../cluster/operated";
import { containerReason, containersOf, statusesOf } from "../cluster/pods";
import type { RenderedObject, Rendering } from "../render/rendering";
import { unreadyPods } from "../status/status";
import { UserError } from "../system/errors";

/** Intervals in milliseconds. */
export interface WatchArgs {
    /** Between two looks at the cluster. @default 5 seconds */
    readonly interval?: number;
    /**
     * How long a container must be unable to start: an image may be on its way to the registry, and a Secret may come
     * from an operator.
     * @default 3 minutes
     */
    readonly patience?: number;
}

type WatchKubectl = Pick<Kubectl, "quiet" | "config" | "selector">;

/**
 * Reasons of the kubelet for a container that it cannot start, whatever else becomes ready. A container that starts and
 * crashes is none of them: it may wait for another.
 */
const cannotStart = [
    "CreateContainerConfigError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
];

/**
 * Runs the engine, whose own messages do not show why a pod is not ready, and meanwhile prints what `status` would
 * show. Where waiting does not help, it ends the engine instead of letting it wait for its time-outs, which are ten
 * minutes and more.
 *
 * @param up runs the engine until the signal is aborted
 * @throws UserError with the containers that cannot start
 */
export async function watchPods(
    kubectl: WatchKubectl,
    rendering: Pick<Rendering, "objects" | "stack">,
    up: (signal: AbortSignal) => Promise<void>,
    { interval = 5000, patience = 180_000 }: WatchArgs = {},
): Promise<void> {
    const hopeless = new AbortController();
    const ended = new AbortController();
    const tell = teller();
    const stuckIn = stuckContainers(rendering.objects, patience);
    const watching = (async () => {
        for (;;) {
            await sleep(interval, undefined, { signal: ended.signal }).catch(() => undefined);
            if (ended.signal.aborted) return;
            const seen = await look(kubectl);
            if (seen === "forbidden" || ended.signal.aborted) return;
            if (seen) {
                tell(unreadyPods(seen));
                const stuck = stuckIn(seen.pods, Date.now());
                if (stuck.length > 0) return hopeless.abort(new UserError(stuckText(rendering.stack, stuck)));
            }
        }
    })();
    // Awaited below: an error must not go unhandled while the engine runs.
    watching.catch(() => undefined);
    try {
        await up(hopeless.signal);
    } catch (error) {
        throw hopeless.signal.aborted ? hopeless.signal.reason : error;
    } finally {
        ended.abort();
        await watching;
    }
}

/** What runs now; undefined if the API server does not answer, "forbidden" if this account may not look. */
async function look({ quiet, config, selector }: WatchKubectl) {
    const reader = {
        config,
        selector,
        json: <T>(args: readonly string[]) => quiet.json<T>([...args, "--request-timeout", "10s"]),
    };
    try {
        const objects = await listStack<Live>(reader, "deployments,statefulsets,jobs");
        const operated = (await listOperated<OperatedServers>(reader)).filter((object) => !isAtRest(object));
        const namespaces = new Set([...objects, ...operated].map(({ metadata }) => metadata.namespace));
        const pods = await listPods<Pod>(reader, namespaces);
        const jobs = objects.filter(({ kind }) => kind === "Job") as Job[];
        const workloads = objects.filter(({ kind }) => kind !== "Job") as Workload[];
        // Scheduled Jobs and those that a user has started are not the launch's.
        const own = jobs.filter(({ metadata }) => !metadata.ownerReferences?.length);
        const seen = (events: readonly Event[]) => ({
            pods,
            tiers: [
                ...workloads.map((workload) => tierOf(workload, pods, events)),
                ...operated.map((object) => operatedTier(object, pods, events)),
            ],
            tasks: tasksOf(own, pods, events),
        });
        const first = seen([]);
        return unreadyPods(first).length === 0 ? first : seen(await warningsIn(reader, namespaces));
    } catch (error) {
        if (!(error instanceof KubectlError)) throw error;
        return error.kind === "forbidden" ? "forbidden" : undefined;
    }
}

/**
 * Prints what is not ready: each reason of a component once, when two looks have shown it. Numbers, as of attempts and
 * seconds, make no difference. What was ready in between is told again.
 */
function teller(): (lines: readonly string[]) => void {
    const key = (line: string) => line.replaceAll(/\d+/g, "0");
    const componentIn = (line: string) => line.split(/:? /, 1)[0]!;
    let before = new Set<string>();
    let told = new Set<string>();
    return (lines) => {
        const unready = new Set(lines.map(componentIn));
        told = new Set([...told].filter((one) => unready.has(componentIn(one))));
        for (const line of lines.filter((one) => before.has(key(one)) && !told.has(key(one)))) {
            console.error(pc.yellow(`Not ready: ${line}`));
            told.add(key(line));
        }
        before = new Set(lines.map(key));
    };
}

/**
 * Finds containers that have been unable to start for some time. Those with another image than the stack's new one do
 * not count: the engine is about to replace them.
 *
 * @param patience in milliseconds; a name that no registry can have needs none
 * @returns their components and reasons; to be called at each look, with its time in milliseconds
 */
function stuckContainers(
    objects: readonly RenderedObject[],
    patience: number,
): (pods: readonly Pod[], now: number) => string[] {
    const images = imagesIn(objects);
    let since = new Map<string, number>();
    return (pods, now) => {
        const found = pods
            .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
            .flatMap((pod) => waitingContainers(pod).map((status) => ({ pod, status })))
            .filter(({ pod, status }) => images.has(imageKey(pod, status.name, imageOf(pod, status.name))))
            .map(({ pod, status }) => ({
                key: `${pod.metadata.namespace}/${pod.metadata.name} ${status.name}`,
                isFinal: status.state?.waiting?.reason === "InvalidImageName",
                line: `${fullName(componentOf(pod))}: ${status.name}: ${containerReason(status)}`,
            }));
        since = new Map(found.map(({ key }) => [key, since.get(key) ?? now]));
        const stuck = found.filter(({ key, isFinal }) => isFinal || now - since.get(key)! >= patience);
        return [...new Set(stuck.map(({ line }) => line))];
    };
}

const waitingContainers = (pod: Pod): ContainerStatus[] =>
    statusesOf(pod).filter(({ state }) => cannotStart.includes(state?.waiting?.reason ?? ""));

const imageOf = ({ spec }: Pod, container: string): string | undefined =>
    containersOf(spec).find(({ name }) => name === container)?.image;

/** The images that the containers of the stack's workloads and Tasks are to have, with their components. */
const imagesIn = (objects: readonly RenderedObject[]): Set<string> =>
    new Set(
        (objects as unknown as Workload[])
            .filter(({ kind }) => ["Deployment", "StatefulSet", "Job"].includes(kind))
            .flatMap((workload) =>
                containersOf(workload.spec.template.spec).map(({ name, image }) => imageKey(workload, name, image)),
            ),
    );

const imageKey = (object: Live, container: string, image: string | undefined): string =>
    `${object.metadata.namespace} ${fullName(componentOf(object))} ${container} ${image}`;

const stuckText = (stack: string, stuck: readonly string[]): string =>
    `The launch was ended, because these containers cannot start, and waiting longer does not change that:\n${stuck
        .map((line) => `  ${line}`)
        .join("\n")}\nWhat is deployed stays. Correct the cause, then continue: ./plinth launch ${stack}`;
