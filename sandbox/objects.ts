/** What the simulated cluster consists of: nodes, and storage classes whose volumes exist on paper only. */
export const clusterObjects = (): object => ({ apiVersion: "v1", kind: "List", items: [...nodes, ...classes] });

// Large enough for every example; nothing runs on them.
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
    // As in control-plane/cloud.go, which provides the volumes.
    provisioner: "plinth.dev/sandbox",
    volumeBindingMode,
    reclaimPolicy: "Delete",
    allowVolumeExpansion: true,
});

const classes = [
    // As cloud disks: made where the first pod lands.
    storageClass("standard", true, "WaitForFirstConsumer"),
    // As a network file system: there for all nodes at once.
    storageClass("shared", false, "Immediate"),
];
