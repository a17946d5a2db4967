import { mebibytesFor, parseQuantity } from "../config/quantity";
import type { Node } from "./graph";
import type { Instance } from "./instance";
import type { ContainerArgs, Mount, PodArgs, Scratch } from "./podArgs";

/**
 * MiB of a container's logs that a kubelet keeps: five files of 10 MiB by Kubernetes' own default, of 50 on AKS. The
 * root is read-only, so there is nothing else that a container writes beside its mounts.
 */
export const logSpace = 256;

/** Whole mebibytes as a quantity. */
export const mib = (mebibytes: number): string => `${Math.ceil(mebibytes)}Mi`;

/** The larger of two quantities. */
const larger = (one: string, other: string): string => (parseQuantity(one) >= parseQuantity(other) ? one : other);

/** What all of a container's directories on the node's disk take when they are full, and its logs. */
export const spaceFor = (directories: readonly Scratch[]): string =>
    mib(logSpace + directories.reduce((sum, { size, memory }) => sum + (memory ? 0 : mebibytesFor(size)), 0));

/**
 * What of some space a node must have free: a quarter, and never more than 1 GiB. Directories are hardly ever full, and not
 * at once; a small node shall take the pods. One whose disk gets full evicts first who is above their request.
 */
export const requestOf = (space: string): string => mib(Math.min(1024, parseQuantity(space) / 4 / 2 ** 20));

/** The directories of a pod by the names of their volumes: several containers may share one, which is as large as any of them wants. */
export function scratchOf(
    instance: Instance,
    node: Node,
    { initContainers = [], containers }: PodArgs,
): Map<string, Scratch> {
    const found = new Map<string, Scratch>();
    for (const mount of [...initContainers, ...containers].flatMap(({ mounts = [] }) => mounts)) {
        if (!("scratch" in mount)) continue;
        const name = scratchName(mount);
        const { scratch } = mount;
        found.set(name, { ...scratch, size: larger(scratch.size, found.get(name)?.size ?? "0") });
    }
    for (const [name, scratch] of found)
        found.set(name, { ...scratch, size: instance.scratchSize(node.name, name, scratch.size) });
    return found;
}

export const scratchName = ({ path, name }: Extract<Mount, { scratch: Scratch }>): string =>
    name ??
    (path
        .replace(/[^a-z0-9]+/gi, "-")
        .replace(/^-|-$/g, "")
        .toLowerCase() ||
        "root");

export const mountsScratch =
    (name: string) =>
    ({ mounts = [] }: ContainerArgs): boolean =>
        mounts.some((mount) => "scratch" in mount && scratchName(mount) === name);
