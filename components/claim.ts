import type * as pulumi from "@pulumi/pulumi";
import type { Node } from "./graph";
import type { Instance } from "./instance";

export interface ClaimArgs {
    /** Size unless the user sets another; a larger one grows the volume in place, a smaller one the API refuses in the preview. */
    readonly size: string;
    /** @default none: the claim belongs to the instance as a whole */
    readonly node?: Node;
}

/** Declares a volume of its own, kept when the instance stops or is removed; returns the claim's name. */
export function claim(instance: Instance, owner: pulumi.Resource, name: string, args: ClaimArgs): string {
    return declare(instance, owner, name, args, "ReadWriteOnce", instance.cluster.storageClass);
}

/** Files that several pods read and write. */
export interface SharedClaim {
    readonly claim: string;
    /** Set where the cluster has no shared class: all pods with these files stay on one node. */
    readonly shareNodeFor?: string;
}

/**
 * Declares a volume that several pods mount at once: on the cluster's shared class, or, without one, on one node,
 * which the user must have agreed to (`sharedFiles: oneNode`) outside dev.
 */
export function sharedClaim(instance: Instance, owner: pulumi.Resource, name: string, args: ClaimArgs): SharedClaim {
    const { sharedStorageClass, storageClass } = instance.cluster;
    if (sharedStorageClass && instance.config.sharedFiles !== "oneNode")
        return { claim: declare(instance, owner, name, args, "ReadWriteMany", sharedStorageClass) };
    if (instance.config.sharedFiles !== "oneNode" && instance.stack.config.stack !== "dev")
        instance.problem(
            ["sharedFiles"],
            `the pods of this instance share files, but plinth:cluster.sharedStorageClass is not set; set it to a class that provides ReadWriteMany volumes, or keep all pods on one node with sharedFiles: oneNode`,
        );
    const own = declare(instance, owner, name, args, "ReadWriteOnce", storageClass);
    return { claim: own, shareNodeFor: own };
}

function declare(
    instance: Instance,
    owner: pulumi.Resource,
    name: string,
    { size, node }: ClaimArgs,
    accessMode: "ReadWriteOnce" | "ReadWriteMany",
    defaultClass: string | undefined,
): string {
    const { size: storage, storageClass } = instance.volume(name, size, defaultClass);
    return instance.add(
        owner,
        "PersistentVolumeClaim",
        name,
        {
            // A claim whose class waits for the first pod stays Pending until then: nothing may wait for it.
            metadata: { annotations: { "pulumi.com/skipAwait": "true" } },
            spec: {
                accessModes: [accessMode],
                ...(storageClass ? { storageClassName: storageClass } : {}),
                resources: { requests: { storage } },
            },
        },
        node ? { node } : {},
    );
}
