import { isRouted } from "../config/edge";
import type { EgressConfig } from "../config/egress";
import { type AnyInstance, edgeIn, type SharedEdgeConfig } from "../config/stack";
import { type NetworkRule, nodeId } from "./graph";
import { edgeName, ports } from "./loadBalancer/edgeNames";

/** What one entry of an instance's `egress` opens for pods with the platform's code. */
export function egressRule({ ports = [], protocol, cidrs, namespace }: EgressConfig): NetworkRule {
    const destination = namespace === undefined ? (cidrs ? { cidrs } : {}) : { namespace };
    return { name: "egress", direction: "egress", ports, ...(protocol ? { protocol } : {}), ...destination };
}

/**
 * Lets pods call their own site by its public name, as extensions and page warmers do. A node sends such a connection
 * straight to the pods behind the address, and policies look at it after that.
 */
function wayToItself(config: AnyInstance, namespace: string, shared: SharedEdgeConfig): NetworkRule[] {
    const common = { name: "itself", direction: "egress" as const };
    const edge = edgeIn(config, shared);
    if (isRouted(edge))
        // On which of its ports the controller's pods listen, only its own files say.
        return edge.controllerNamespace === undefined
            ? []
            : [{ ...common, ports: [], namespace: edge.controllerNamespace }];
    const component = nodeId(config.edge.type === "shared" ? shared.namespace : namespace, edgeName);
    return [{ ...common, ports: [ports.http, ports.https], component }];
}

/** Ways out of an instance for pods with its platform's code, besides those that the platform needs. */
export const furtherWays = (config: AnyInstance, namespace: string, shared: SharedEdgeConfig): NetworkRule[] => [
    ...config.egress.map(egressRule),
    ...wayToItself(config, namespace, shared),
];
