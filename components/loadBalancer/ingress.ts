import { isRouted, type OwnEdgeConfig } from "../../config/edge";
import type { ClusterConfig } from "../../config/stack";

/** Addresses of pods and nodes: RFC 1918, RFC 6598 and RFC 4193. */
const internalRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];

/** Whether the policies let nobody but the pods of the ingress controller or Gateway connect. */
export const onlyControllerConnects = (edge: OwnEdgeConfig, { networkPolicy }: ClusterConfig): boolean =>
    isRouted(edge) && edge.controllerNamespace !== undefined && networkPolicy !== "off";

/**
 * Ranges whose X-Forwarded-* headers are trusted: the user's; else, where only the pods of the controller in front can
 * connect, those of the cluster, or all internal ones, of which it must have one. A visitor with such an address is
 * then taken for the controller.
 */
export function trustedProxiesOf(edge: OwnEdgeConfig, cluster: ClusterConfig): readonly string[] {
    if (edge.trustedProxies.length > 0) return edge.trustedProxies;
    if (!onlyControllerConnects(edge, cluster)) return [];
    const { ranges } = cluster;
    return ranges.length > 0 ? ranges : internalRanges;
}
