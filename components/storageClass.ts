import type * as k8s from "@pulumi/kubernetes";
import type { Fields } from "./kinds";
import { commonInstance } from "../config/fields";
import type { ClusterConfig, NfsConfig, StackConfig } from "../config/stack";
import { Funnel } from "./funnel";
import { contentHash, objectName } from "./names";
import type { Stack } from "./stack";

type Class = Fields<k8s.types.input.storage.v1.StorageClass>;

/** Name of the driver and of its CSIDriver object. */
export const nfsDriver = "nfs.csi.k8s.io";

/** Name of the stack's own class. Each stack on a cluster has its own, with possibly different servers. */
export function nfsClassName({ project, stack }: Pick<StackConfig, "project" | "stack">): string {
    const full = `${project}-${stack}-nfs`;
    // Characters that are allowed in names of stacks but not of objects.
    const clean = full.toLowerCase().replace(/[^a-z0-9-]/g, "-");
    return clean === full ? objectName(full) : objectName(clean, contentHash(full));
}

/** The default classes of volumes; undefined for the cluster's default, and for none. */
export function usualClasses(
    config: Pick<StackConfig, "project" | "stack"> & { readonly cluster: ClusterConfig },
): Pick<ClusterConfig, "storageClass" | "sharedStorageClass"> {
    const { storageClass, sharedStorageClass, nfs } = config.cluster;
    const own = nfs ? nfsClassName(config) : undefined;
    return { storageClass: storageClass ?? own, sharedStorageClass: sharedStorageClass ?? own };
}

/** https://github.com/kubernetes-csi/csi-driver-nfs/blob/master/docs/driver-parameters.md */
export const nfsClass = (nfs: NfsConfig): Omit<Class, "metadata"> => ({
    provisioner: nfsDriver,
    parameters: {
        server: nfs.server,
        share: nfs.share,
        ...(nfs.subDir ? { subDir: nfs.subDir } : {}),
        mountPermissions: nfs.mountPermissions,
        onDelete: nfs.onDelete,
    },
    reclaimPolicy: nfs.reclaimPolicy,
    // Directories are available to every node, so there is no benefit in waiting for the first pod.
    volumeBindingMode: "Immediate",
    allowVolumeExpansion: true,
    mountOptions: nfs.mountOptions,
});

/** Declares objects that belong to the stack but to no instance; undefined if there are none. */
export function clusterObjects(stack: Stack): Funnel | undefined {
    const { nfs } = stack.config.cluster;
    if (!nfs) return undefined;
    const name = "cluster";
    const config = { ...commonInstance.parse({ platform: name, host: "cluster.invalid" }), name };
    const funnel = new Funnel({
        stack,
        config,
        namespace: "",
        objectName: () => nfsClassName(stack.config),
        path: "plinth:cluster",
        problem: (keys, message) => stack.problems.add(["plinth:cluster", ...keys].join("."), message),
    });
    funnel.add(undefined, "StorageClass", "nfs", nfsClass(nfs));
    return funnel;
}
