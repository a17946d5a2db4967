import { mebibytesFor, parseQuantity } from "../config/quantity";
import type { Node } from "./graph";
import type { Instance } from "./instance";
import { pathName } from "./names";
import type { ContainerArgs, Mount, PodArgs, Scratch } from "./podArgs";

/**
 * MiB of a container's logs that a kubelet keeps: five files of 10 MiB by default, of 50 MiB on AKS. The root is
 * read-only, so a container writes nothing else outside its mounts.
 */
export const logSpace = 256;

/** Whole mebibytes as a quantity. */
export const mib = (mebibytes: number): string => `${Math.ceil(mebibytes)}Mi`;

/** The larger of two quantities. */
const larger = (one: string, other: string): string => (parseQuantity(one) >= parseQuantity(other) ? one : other);

/** Maximum size of all of a container's directories on the node's disk and its logs. */
export const spaceFor = (directories: readonly Scratch[]): string =>
    mib(logSpace + directories.reduce((sum, { size, memory }) => sum + (memory ? 0 : mebibytesFor(size)), 0));

/**
 * The part of a size that a node must have free: a quarter, at most 1 GiB. Directories are rarely full, and not all at
 * once, and small nodes should accept the pods. A node whose disk fills up first evicts pods that exceed their request.
 */
export const requestOf = (space: string): string => mib(Math.min(1024, parseQuantity(space) / 4 / 2 ** 20));

/** The directories of a pod by volume name. If containers share one, the largest requested size applies. */
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

export const scratchName = ({ path, name }: Extract<Mount, { scratch: Scratch }>): string => name ?? pathName(path);

export const mountsScratch =
    (name: string) =>
    ({ mounts = [] }: ContainerArgs): boolean =>
        mounts.some((mount) => "scratch" in mount && scratchName(mount) === name);
