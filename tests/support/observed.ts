import type { Pod } from "../../cli/pods";

/** When the objects were made, unless a test says otherwise. */
export const at = "2026-11-01T10:00:00Z";

/** Metadata of an object of an instance, which is alone in a namespace of its name. */
export const labelled = (instance: string, name: string, own: object = {}) => ({
    name,
    namespace: instance,
    creationTimestamp: at,
    labels: { "app.kubernetes.io/instance": instance, "app.kubernetes.io/name": name },
    ...own,
});

/** A pod of two containers, of the shop's frontend, on a node. */
export const pod = (status: Pod["status"], own: object = {}): Pod => ({
    kind: "Pod",
    metadata: labelled("shop", "frontend", { name: "frontend-1", ...own }),
    spec: { nodeName: "a", containers: [{ name: "php" }, { name: "nginx" }] },
    status,
});

/** The status of a pod that is. */
export const ready = { conditions: [{ type: "Ready", status: "True" }] };
