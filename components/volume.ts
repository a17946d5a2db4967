import type * as k8s from "@pulumi/kubernetes";
import type { Fields } from "./kinds";
import type { VolumeConfig } from "../config/fields";

type Spec = Fields<k8s.types.input.core.v1.PersistentVolumeSpec>;
export type AccessMode = "ReadWriteOnce" | "ReadWriteMany";

/** A volume in the stack's outputs. */
export interface VolumeOutputs {
    readonly claim: string;
    readonly size: string;
    readonly storageClass: string;
    /** Where the data is stored, unless a storage class determines it. */
    readonly source?: string;
}

/** As in `plinth:cluster.nfs`; `hard` waits for an unreachable server. */
const nfsMountOptions: readonly string[] = ["nfsvers=4.1", "hard"];

/** The source of a volume without a storage class: its key, and a description that is the same for the same volume. */
export function sourceOf({
    existing,
    local,
    nfs,
    csi,
}: VolumeConfig): { readonly key: string; readonly what: string } | undefined {
    if (existing) return { key: "existing", what: `the volume ${existing}` };
    if (local) return { key: "local", what: `${local.path} on node ${local.node}` };
    if (nfs) return { key: "nfs", what: `${nfs.server}:${nfs.path}` };
    if (csi) return { key: "csi", what: `the handle ${csi.handle} of ${csi.driver}` };
    return undefined;
}

export interface PersistentVolumeArgs {
    readonly namespace: string;
    readonly claimName: string;
    readonly accessMode: AccessMode;
    readonly volume: VolumeConfig & { readonly size: string };
    /** Folder of whichever node a pod runs on, which is created: for clusters of one node. @default none */
    readonly hostFolder?: string;
}

/**
 * The PersistentVolume for a directory or a handle that the user sets, pre-bound to its claim, so that no other claim
 * gets it; undefined if the volume already exists or is provisioned by a class.
 *
 * Its name consists of namespace and claim, which is unique in the cluster, because neither contains a dot.
 */
export function persistentVolume({
    namespace,
    claimName,
    accessMode,
    volume,
    hostFolder,
}: PersistentVolumeArgs): { readonly name: string; readonly spec: Spec } | undefined {
    const folder = hostFolder === undefined ? undefined : { path: hostFolder, type: "DirectoryOrCreate" };
    const source = sourceSpec(volume) ?? (folder && { hostPath: folder });
    if (!source) return undefined;
    const spec: Spec = {
        capacity: { storage: volume.size },
        accessModes: [accessMode],
        // The directory belongs to its creator: deleting the object must not delete the data.
        persistentVolumeReclaimPolicy: "Retain",
        ...(volume.storageClass ? { storageClassName: volume.storageClass } : {}),
        claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name: claimName },
        ...source,
    };
    return { name: `${claimName}.${namespace}`, spec };
}

function sourceSpec({ local, nfs, csi }: VolumeConfig): Partial<Spec> | undefined {
    if (local)
        return {
            // Not hostPath, which does not set the pods' group, and would create a missing directory empty.
            local: { path: local.path },
            nodeAffinity: {
                required: {
                    nodeSelectorTerms: [
                        {
                            matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [local.node] }],
                        },
                    ],
                },
            },
        };
    if (nfs) return { nfs: { server: nfs.server, path: nfs.path }, mountOptions: [...nfsMountOptions] };
    if (csi)
        return {
            csi: {
                driver: csi.driver,
                volumeHandle: csi.handle,
                ...(Object.keys(csi.attributes).length > 0 ? { volumeAttributes: csi.attributes } : {}),
            },
        };
    return undefined;
}
