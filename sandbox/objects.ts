/** The objects of the simulated cluster: nodes, and storage classes without real volumes. */
export const clusterObjects = (): object => ({ apiVersion: "v1", kind: "List", items: [...nodes, ...classes] });

// Large enough for every example, because nothing runs on them.
const room = { cpu: "16", memory: "64Gi", pods: "110", "ephemeral-storage": "200Gi" };

const nodes = ["a", "b", "c"].map((zone) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
        name: `simulated-${zone}`,
        labels: {
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/os": "linux",
            "kubernetes.io/hostname": `simulated-${zone}`,
            "topology.kubernetes.io/zone": zone,
        },
    },
    status: { allocatable: room, capacity: room },
}));

const storageClass = (name: string, isDefault: boolean, volumeBindingMode: string) => ({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name, annotations: { "storageclass.kubernetes.io/is-default-class": String(isDefault) } },
    // As in control-plane/cloud.go, which provisions the volumes.
    provisioner: "plinth.dev/sandbox",
    volumeBindingMode,
    reclaimPolicy: "Delete",
    allowVolumeExpansion: true,
});

const classes = [
    // Like cloud disks: created where the first pod is scheduled.
    storageClass("standard", true, "WaitForFirstConsumer"),
    // Like a network file system: available to all nodes at once.
    storageClass("shared", false, "Immediate"),
];
