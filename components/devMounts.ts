import { nodePath } from "../config/dev";
import type { Node } from "./graph";
import type { Instance } from "./instance";
import type { Mount } from "./podArgs";

/**
 * Folders of a developer's machine in a component, which `dev up` shows to the cluster's node.
 *
 * Each is a PersistentVolume of type hostPath, whose files keep their owner: they are the developer's own. Pods refer to
 * claims only, since the restricted level of Pod Security has no paths of nodes.
 */
export function devMounts(instance: Instance, { name: component }: Node): Mount[] {
    return Object.entries(instance.devMounts(component)).map(([path, folder], index) => {
        const claim = instance.objectName(`dev-${component}-${index}`);
        const storage = { storage: "1Gi" };
        const volumeName = instance.add(
            instance.owner,
            "PersistentVolume",
            `dev-${component}-${index}`,
            {
                spec: {
                    capacity: storage,
                    accessModes: ["ReadWriteMany"],
                    persistentVolumeReclaimPolicy: "Retain",
                    claimRef: {
                        apiVersion: "v1",
                        kind: "PersistentVolumeClaim",
                        namespace: instance.namespace,
                        name: claim,
                    },
                    // It would be made empty, if the node did not see it.
                    hostPath: { path: nodePath(folder), type: "Directory" },
                },
            },
            { finalName: `${claim}.${instance.namespace}`, disposable: true },
        );
        instance.add(
            instance.owner,
            "PersistentVolumeClaim",
            `dev-${component}-${index}`,
            {
                metadata: { annotations: { "pulumi.com/skipAwait": "true" } },
                spec: {
                    accessModes: ["ReadWriteMany"],
                    storageClassName: "",
                    volumeName,
                    resources: { requests: storage },
                },
            },
            { finalName: claim, disposable: true },
        );
        return { path, claim };
    });
}

/** A container's mounts with these in place of what it has at their paths. */
export const withMounts = (own: readonly Mount[] = [], all: readonly Mount[]): readonly Mount[] => [
    ...own.filter(({ path }) => !all.some((other) => other.path === path)),
    ...all,
];
