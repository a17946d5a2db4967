import { suggest } from "../../config/problems";
import { type Component, fullName, podsOf } from "./components";
import { UserError } from "../system/errors";
import type { Kubectl } from "./kubectl";
import { newestAbout } from "./events";
import type { ContainerState, ContainerStatus, Event, List, Pod } from "./live";

export const isReady = ({ metadata, status }: Pod): boolean =>
    metadata.deletionTimestamp === undefined &&
    (status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false);

/** Whether a pod takes a database's writes, as its operator says: CloudNativePG, mariadb-operator. */
const isWriter = ({ metadata: { labels } }: Pod): boolean =>
    ["cnpg.io/instanceRole", "k8s.mariadb.com/role"].some((label) => labels?.[label] === "primary");

/** The pods of one component: ready ones first, of those an operator's writer, then newest first. */
export async function podsOfComponent(kubectl: Kubectl, component: Component): Promise<Pod[]> {
    const args = ["get", "pods", "--namespace", component.namespace, "--selector", podsOf(component)];
    const { items } = await kubectl.json<List<Pod>>(args);
    return items.sort(
        (a, b) =>
            Number(isReady(b)) - Number(isReady(a)) ||
            Number(isWriter(b)) - Number(isWriter(a)) ||
            b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp),
    );
}

/** All containers of a pod, in the order in which they start. */
export const containersOf = ({ initContainers = [], containers }: Pod["spec"]) => [...initContainers, ...containers];

/** The same, with what became of them. */
export const statusesOf = ({ status }: Pod): ContainerStatus[] => [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
];

/** @throws UserError that lists the available containers */
export function checkContainer(component: Component, pod: Pod, container: string): void {
    const names = containersOf(pod.spec).map(({ name }) => name);
    if (!names.includes(container))
        throw new UserError(
            `${fullName(component)} has no container "${container}"${suggest(container, names)}; available: ${names.join(", ")}`,
        );
}

/**
 * Why a pod is not ready, as Kubernetes reports it, causes before consequences; undefined if it is ready.
 *
 * @param events say what a pod's status does not: which probe fails, or why a volume cannot be mounted. @default none
 */
export function reasonOf(pod: Pod, events: readonly Event[] = []): string | undefined {
    if (isReady(pod)) return undefined;
    const { metadata, status } = pod;
    if (metadata.deletionTimestamp !== undefined) return "Terminating";
    const unplaced = status?.conditions?.find(({ type, status: is }) => type === "PodScheduled" && is === "False");
    if (unplaced) return said(unplaced.reason ?? "Unschedulable", unplaced.message);
    if (status?.reason) return said(status.reason, status.message);
    return said(reasonOfContainers(pod), newestAbout(events, pod, isAbout(statusesOf(pod))));
}

function reasonOfContainers(pod: Pod): string {
    const containers = statusesOf(pod);
    const reasons = containers.flatMap((container) => {
        const reason = containerReason(container);
        return reason ? [{ reason: `${container.name}: ${reason}`, waits: waitsForOthers(container) }] : [];
    });
    const running = pod.status?.initContainerStatuses?.find(({ state, ready }) => state?.running && !ready);
    const cause =
        reasons.find(({ waits }) => !waits)?.reason ??
        (running ? `${running.name}: is running` : undefined) ??
        reasons[0]?.reason;
    if (cause) return cause;
    const unready = containers.filter(({ ready, state }) => !ready && state?.terminated?.exitCode !== 0);
    return unready.length > 0
        ? `${unready.map(({ name }) => name).join(", ")}: not ready`
        : (pod.status?.phase ?? "Pending");
}

/**
 * Which events explain the state of these containers: those about probes once one runs, those about volumes and
 * networks before. What else a container waits for is in its status.
 */
function isAbout(containers: readonly ContainerStatus[]): (reason: string) => boolean {
    if (containers.some(({ state, lastState }) => state?.running || lastState?.terminated))
        return (reason) => reason === "Unhealthy";
    const waits = containers.every(({ state }) => !state?.terminated && !state?.waiting?.message);
    return (reason) => waits && reason !== "FailedScheduling";
}

/** A container that waits for init containers does not show the cause. */
const waitsForOthers = ({ state }: ContainerStatus): boolean => state?.waiting?.reason === "PodInitializing";

/** Why a container does not run, or why it has ended; undefined if it runs or has done its work. */
export function containerReason({ state, lastState }: ContainerStatus): string | undefined {
    const { waiting, terminated } = state ?? {};
    if (terminated && terminated.exitCode !== 0) return exitOf(terminated);
    if (!waiting) return undefined;
    const last = lastState?.terminated;
    return said(waiting.reason ?? "Waiting", waiting.message) + (last ? ` (before: ${exitOf(last)})` : "");
}

/** Includes the last line of the container's message. */
const exitOf = ({ reason, exitCode, message }: NonNullable<ContainerState["terminated"]>): string =>
    said(`${reason ?? "Error"}, exit code ${exitCode}`, message?.trim().split("\n").at(-1));

const said = (reason: string, message: string | undefined): string => (message ? `${reason}: ${message}` : reason);

/** How often the containers of a pod were restarted. */
export const restartsOf = ({ status }: Pod): number =>
    (status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0);
