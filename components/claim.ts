import type { Component } from "./component";
import type { Node } from "./graph";
import type { Instance } from "./instance";
import { usualClasses } from "./storageClass";
import { type AccessMode, persistentVolume, sourceOf } from "./volume";

export interface ClaimArgs {
    /** Default size. A larger one expands the volume in place; the API refuses a smaller one in the preview. */
    readonly size: string;
    /** @default none: the claim belongs to the instance as a whole */
    readonly node?: Node;
    /** Whether its user supports data at the volume's `path`. @default false */
    readonly followsPath?: boolean;
    /**
     * Whether its users ensure that only one of them runs at a time. @default false: all of them must be on one node
     */
    readonly takesTurns?: boolean;
    /**
     * What the content depends on, such as a version, if it can be made anew: part of the claim's name. When it
     * changes, an empty volume takes the place of the old one, which is deleted without anyone's consent.
     *
     * @default none: the content is kept and protected
     */
    readonly disposable?: string;
    /** Class instead of the cluster's usual one, unless the user sets another. @default the usual one */
    readonly storageClass?: string;
    /**
     * Folder of the node, unless the user says where the data is: for clusters of one node.
     *
     * @default none: a class provisions the volume
     */
    readonly hostFolder?: string;
    /**
     * Final name, where a StatefulSet determines it; the resource has it, too, so that the claim of another topology is
     * never replaced by it. @default from the logical name, or the user's
     */
    readonly finalName?: string;
    /** Name for several shared claims that the same pods mount, which then have to be on one node. @default its own */
    readonly together?: string;
}

/**
 * Declares a volume that is kept when the instance is stopped or removed, and returns the claim's name. It can be on
 * one node at a time: workloads whose pods might mount it on two nodes are refused.
 */
export function claim(instance: Instance, owner: Component, name: string, args: ClaimArgs): string {
    return declare(instance, owner, name, args, "ReadWriteOnce", usualClasses(instance.stack.config).storageClass);
}

/** Files that several pods read and write. */
export interface SharedClaim {
    readonly claim: string;
    /** Set if the cluster has no shared class: all pods with these files then run on one node. */
    readonly shareNodeFor?: string;
}

/**
 * Declares a volume that several pods mount at once: on the cluster's shared class, or, without one, on one node.
 * Outside dev, the user must allow the latter (`sharedFiles: oneNode`, or a node's disk for this volume).
 */
export function sharedClaim(instance: Instance, owner: Component, name: string, args: ClaimArgs): SharedClaim {
    const { sharedStorageClass, storageClass } = usualClasses(instance.stack.config);
    const { local, existing, nfs, csi } = instance.volume(name, args.size);
    const oneNode = instance.config.sharedFiles === "oneNode" || local !== undefined;
    if (!oneNode && (sharedStorageClass || existing || nfs || csi))
        return { claim: declare(instance, owner, name, args, "ReadWriteMany", sharedStorageClass) };
    if (!oneNode && instance.stack.config.stack !== "dev")
        instance.problem(
            ["sharedFiles"],
            `the pods of this instance share files, but plinth:cluster.sharedStorageClass is not set; set it to a class that provides ReadWriteMany volumes, or keep all pods on one node with sharedFiles: oneNode`,
        );
    const own = declare(instance, owner, name, args, "ReadWriteOnce", storageClass);
    return { claim: own, shareNodeFor: instance.mounts.groupOf(own) };
}

function declare(
    instance: Instance,
    owner: Component,
    name: string,
    args: ClaimArgs,
    accessMode: AccessMode,
    usualClass: string | undefined,
): string {
    const {
        size,
        node,
        followsPath = false,
        takesTurns = false,
        disposable,
        finalName,
        together,
        storageClass: ownClass,
    } = args;
    const volume = instance.volume(name, size);
    const logicalName = finalName ?? (disposable === undefined ? name : `${name}-${disposable}`);
    const options = { ...(node ? { node } : {}), ...(disposable === undefined ? {} : { disposable: true }) };
    const claimName = finalName ?? volume.claim ?? instance.objectName(logicalName);
    if (finalName !== undefined && volume.claim !== undefined && volume.claim !== finalName)
        instance.problem(
            ["volumes", name, "claim"],
            `"${volume.claim}" is not the name that the members' StatefulSet gives; allowed: ${finalName}, or no name`,
        );
    instance.stack.reserve(`the claim ${instance.namespace}/${claimName}`, instance.path("volumes", name, "claim"));
    if (volume.path !== undefined && !followsPath)
        instance.problem(
            ["volumes", name, "path"],
            `"${volume.path}" has no effect here; only databases, document stores and MinIO support a path`,
        );

    if (accessMode === "ReadWriteOnce") instance.mounts.declare(claimName, name, takesTurns, together);
    const source = sourceOf(volume);
    if (source) instance.stack.reserve(source.what, instance.path("volumes", name, source.key));
    const isElsewhere = source !== undefined || volume.storageClass !== undefined || volume.claim !== undefined;
    const hostFolder = isElsewhere ? undefined : args.hostFolder;
    const own =
        source || hostFolder !== undefined
            ? persistentVolume({
                  ...{ namespace: instance.namespace, claimName, accessMode, volume },
                  ...(hostFolder === undefined ? {} : { hostFolder }),
              })
            : undefined;
    if (own)
        instance.add(owner, "PersistentVolume", logicalName, { spec: own.spec }, { finalName: own.name, ...options });
    // A class would provision a volume; if it is not set to "", the cluster's default class is used.
    const storageClass = volume.storageClass ?? (own ? "" : (ownClass ?? usualClass));
    const volumeName = own?.name ?? volume.existing;
    instance.volumes[name] = {
        claim: claimName,
        size: volume.size,
        storageClass: storageClass ?? "the cluster's default",
        ...(source ? { source: source.what } : hostFolder === undefined ? {} : { source: `${hostFolder} on the node` }),
    };
    return instance.add(
        owner,
        "PersistentVolumeClaim",
        logicalName,
        {
            // A claim whose class waits for the first pod stays Pending until then, so nothing may wait for it.
            metadata: { annotations: { "pulumi.com/skipAwait": "true" } },
            spec: {
                accessModes: [accessMode],
                ...(storageClass !== undefined ? { storageClassName: storageClass } : {}),
                ...(volumeName ? { volumeName } : {}),
                resources: { requests: { storage: volume.size } },
            },
        },
        { finalName: claimName, ...options },
    );
}
