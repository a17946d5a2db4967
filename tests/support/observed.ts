import type { Pod } from "../../operations/cluster/live";

/** Creation time of the objects, unless a test sets another. */
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

/** The status of a ready pod. */
export const ready = { conditions: [{ type: "Ready", status: "True" }] };

const running = (name: string) => ({
    name,
    ready: true,
    restartCount: 0,
    containerID: `containerd://${name}`,
    state: { running: { startedAt: at } },
});

/** A pod of the shop's edge, which runs unless `status` says otherwise. */
export const edgePod = (name: string, status: object = {}, own: object = {}): Pod => ({
    kind: "Pod",
    metadata: labelled("shop", "edge", { name, ...own }),
    spec: {
        nodeName: "a",
        containers: [
            { name: "caddy", ports: [{ name: "http", containerPort: 8080 }] },
            {
                name: "reload",
                volumeMounts: [
                    { name: "etc-caddy", mountPath: "/etc/caddy" },
                    { name: "certificates", mountPath: "/etc/edge-certificates" },
                    { name: "run", mountPath: "/run/caddy" },
                ],
            },
        ],
        volumes: [
            { name: "etc-caddy", configMap: { name: "edge" } },
            { name: "certificates", secret: { secretName: "edge-certificates" } },
            { name: "run" },
        ],
    },
    status: { ...ready, containerStatuses: [running("caddy"), running("reload")], ...status },
});

/** A pod of the shop's frontend with the nginx configuration of that name. */
export const tierPod = (name: string, configMap: string, status: object = {}, own: object = {}): Pod => ({
    kind: "Pod",
    metadata: labelled("shop", "frontend", { name, ...own }),
    spec: {
        nodeName: "a",
        containers: [{ name: "nginx", ports: [{ name: "http", containerPort: 8080 }] }],
        volumes: [{ name: "nginx", configMap: { name: configMap } }],
    },
    status: { ...ready, containerStatuses: [running("nginx")], ...status },
});

/** A line of the reload container. */
export const line = (configuration: string, served?: boolean, msg = "configuration reloaded"): string =>
    `${JSON.stringify({ level: served ? "info" : "error", logger: "reload", msg, configuration, served })}\n`;
