import type * as k8s from "@pulumi/kubernetes";
import type { Fields } from "./kinds";
import type { ResourcesConfig } from "../config/fields";
import { parseQuantity } from "../config/quantity";
import type { ClusterConfig } from "../config/stack";
import type { Node } from "./graph";
import type { Instance } from "./instance";
import type { ContainerArgs, Scratch } from "./podArgs";
import { mib, requestOf, spaceFor } from "./scratch";

type Requirements = Fields<k8s.types.input.core.v1.ResourceRequirements>;

/** Directories that a container writes to. */
interface Writes {
    readonly main: boolean;
    /** On disk and in memory, by name. */
    readonly directories: ReadonlyMap<string, Scratch>;
    /** Names of those for which another container already requests space. */
    readonly requested: ReadonlySet<string>;
}

/** The resources of a container, the user's or the default ones, after checking that its directories fit. */
export function resourcesOf(
    instance: Instance,
    node: Node,
    args: ContainerArgs,
    { main, directories, requested }: Writes,
): Requirements {
    const key = main ? node.name : `${node.name}.${args.name}`;
    const least = spaceFor([...directories.values()]);
    const fresh = [...directories].filter(([name]) => !requested.has(name)).map(([, directory]) => directory);
    const settings = instance.resources(key, {
        ...(args.unboundedDisk ? {} : { ephemeralStorage: least }),
        ephemeralStorageRequest: requestOf(spaceFor(fresh)),
        ...args.resources,
    });
    const { ephemeralStorage = least, memory } = settings;
    const names = [...directories.keys()].join(", ");
    if (parseQuantity(ephemeralStorage) < parseQuantity(least))
        instance.problem(
            ["resources", key, "ephemeralStorage"],
            `"${ephemeralStorage}" is too little for ${names ? `the directories ${names} and ` : ""}the logs; allowed: at least ${least}`,
        );
    const inMemory = [...directories.values()].reduce(
        (sum, one) => sum + (one.memory ? parseQuantity(one.size) : 0),
        0,
    );
    // Memory counts towards the container that wrote it, not towards readers such as an exporter.
    if (main && memory !== undefined && inMemory > 0 && inMemory >= parseQuantity(memory))
        instance.problem(
            ["resources", key, "memory"],
            `"${memory}" is too little for its directories in memory; allowed: more than ${mib(inMemory / 2 ** 20)}`,
        );
    return requestsAndLimits(settings, instance.stack.config.cluster.cpuLimits);
}

/** Four times the request leaves room for starts, and for the pages that no cache answers. */
const usualFactor = 4;

/**
 * Memory request and limit are equal; CPU is only requested, because throttling makes probes fail.
 *
 * @param cpuLimits whether CPU is limited nevertheless, or to how many times the request
 */
export function requestsAndLimits(settings: ResourcesConfig, cpuLimits: ClusterConfig["cpuLimits"]): Requirements {
    const { cpu, memory, memoryRequest, ephemeralStorage: disk, ephemeralStorageRequest } = settings;
    const factor = cpuLimits === true ? usualFactor : cpuLimits;
    const cpuLimit =
        settings.cpuLimit ??
        (factor && cpu !== undefined ? `${Math.round(parseQuantity(cpu) * 1000 * factor)}m` : undefined);
    const some = (map: Record<string, string | undefined>) => {
        const set = Object.entries(map).filter((entry): entry is [string, string] => entry[1] !== undefined);
        return set.length > 0 ? Object.fromEntries(set) : undefined;
    };
    const requests = some({
        cpu,
        memory: memoryRequest ?? memory,
        "ephemeral-storage": ephemeralStorageRequest ?? disk,
    });
    const limits = some({ cpu: cpuLimit, memory, "ephemeral-storage": disk });
    return { ...(requests ? { requests } : {}), ...(limits ? { limits } : {}) };
}
