import { componentOf } from "./components";
import { newestAbout } from "./events";
import type { Claim, Event, Pod, StorageClass } from "./live";

/** Sizes are quantities, usage is in bytes. */
export interface ClaimHealth {
    readonly instance: string;
    readonly claim: string;
    readonly namespace: string;
    readonly phase: string;
    /** Whether it gets its volume with its first pod, of which there is none yet. */
    readonly waits: boolean;
    /** Why it has no volume, in the provisioner's words. */
    readonly reason?: string;
    readonly size: string;
    readonly storageClass: string;
    /** Undefined if no kubelet reports it. */
    readonly fileSystem?: FileSystemUse;
}

/** Usage of the file system that holds a volume, in bytes. Volumes that are directories share a file system. */
export interface FileSystemUse {
    readonly used: number;
    readonly capacity: number;
}

export interface ClaimFacts {
    /** Usage by `namespace/claim`. */
    readonly use: ReadonlyMap<string, FileSystemUse>;
    /** All pods of the claims' namespaces. @default none */
    readonly pods?: readonly Pod[];
    /** Storage classes, as far as they can be listed. @default none */
    readonly classes?: readonly StorageClass[];
    /** About claims of the namespaces. @default none */
    readonly events?: readonly Event[];
}

export function claimOf(claim: Claim, { use, pods = [], classes = [], events = [] }: ClaimFacts): ClaimHealth {
    const { name, namespace } = claim.metadata;
    const fileSystem = use.get(`${namespace}/${name}`);
    const storageClass = classes.find(({ metadata }) => metadata.name === claim.spec.storageClassName);
    const isUsed = pods.some(
        ({ metadata, spec }) =>
            metadata.namespace === namespace &&
            spec.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === name),
    );
    const isPending = claim.status?.phase === "Pending";
    const reason = isPending ? newestAbout(events, claim, (is) => /Failed|Mismatch/.test(is)) : undefined;
    return {
        instance: componentOf(claim).instance,
        claim: name,
        namespace,
        phase: claim.status?.phase ?? "unknown",
        waits: isPending && storageClass?.volumeBindingMode === "WaitForFirstConsumer" && !isUsed,
        ...(reason ? { reason } : {}),
        size: claim.status?.capacity?.["storage"] ?? claim.spec.resources?.requests?.["storage"] ?? "",
        storageClass: claim.spec.storageClassName ?? "",
        ...(fileSystem ? { fileSystem } : {}),
    };
}

/**
 * What a kubelet reports about its pods' volumes: https://kubernetes.io/docs/reference/instrumentation/node-metrics/
 */
export interface StatsSummary {
    readonly pods?: readonly {
        readonly volume?: readonly {
            readonly usedBytes?: number;
            readonly capacityBytes?: number;
            readonly pvcRef?: { readonly name: string; readonly namespace: string };
        }[];
    }[];
}

/** By `namespace/claim`. */
export const useOfVolumes = (summaries: readonly StatsSummary[]): Map<string, FileSystemUse> =>
    new Map(
        summaries
            .flatMap(({ pods }) => pods ?? [])
            .flatMap(({ volume }) => volume ?? [])
            .flatMap(({ pvcRef, usedBytes: used, capacityBytes: capacity }) =>
                pvcRef && used !== undefined && capacity
                    ? [[`${pvcRef.namespace}/${pvcRef.name}`, { used, capacity }] as const]
                    : [],
            ),
    );
