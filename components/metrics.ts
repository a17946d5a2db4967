import type { ClusterConfig } from "../config/stack";
import type { NetworkRule, Node } from "./graph";
import { selectorOf } from "./labels";
import type { KubernetesObject } from "./object";

const reason = "prometheus";

/**
 * What reaches a component beside its users: Prometheus, where the stack names its namespace.
 *
 * The container that has the port calls it `metrics`, and answers at `/metrics` in Prometheus' format.
 */
export const metricsRules = (monitoringNamespace: string | undefined, port: number): NetworkRule[] =>
    monitoringNamespace ? [{ name: reason, direction: "ingress", ports: [port], namespace: monitoringNamespace }] : [];

export const hasMetrics = ({ pods, networkRules }: Node): boolean =>
    pods && networkRules.some(({ name }) => name === reason);

/**
 * What tells the Prometheus operator to scrape a component's pods.
 * https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PodMonitor
 */
export const podMonitor = (
    node: Node,
    podMonitors: Exclude<ClusterConfig["podMonitors"], false>,
): Pick<KubernetesObject, "apiVersion" | "kind" | "spec"> & { labels: Readonly<Record<string, string>> } => ({
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PodMonitor",
    labels: podMonitors === true ? {} : podMonitors.labels,
    spec: {
        selector: { matchLabels: selectorOf(node) },
        podMetricsEndpoints: [{ port: "metrics" }],
        // The same names as in all that Plinth prints, on every figure.
        podTargetLabels: Object.keys(selectorOf(node)),
    },
});
