import type { ClusterConfig } from "../config/stack";
import type { NetworkRule, Node } from "./graph";
import { componentLabels, selectorOf } from "./labels";
import type { KubernetesObject } from "./object";

const reason = "prometheus";

/**
 * Network rules for Prometheus to reach a component, if the stack sets its namespace.
 *
 * The container's port is named `metrics` and serves Prometheus' format at `/metrics`.
 */
export const metricsRules = (monitoringNamespace: string | undefined, port: number): NetworkRule[] =>
    monitoringNamespace ? [{ name: reason, direction: "ingress", ports: [port], namespace: monitoringNamespace }] : [];

export const hasMetrics = ({ pods, networkRules }: Node): boolean =>
    pods && networkRules.some(({ name }) => name === reason);

/**
 * A PodMonitor that makes the Prometheus operator scrape a component's pods.
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
        // Labels all metrics with the same names that Plinth prints.
        podTargetLabels: Object.keys(componentLabels(node)),
    },
});
