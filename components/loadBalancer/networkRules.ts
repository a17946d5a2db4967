import { isRouted, type OwnEdgeConfig } from "../../config/edge";
import { rangesOf } from "../external";
import type { NetworkRule } from "../graph";
import { metricsRules } from "../metrics";
import type { FileSite } from "./fileSite";
import { ports } from "./edgeNames";
import { endsInFront } from "./tls";

/** The balancer's network rules that are not edges. */
export function networkRulesOf(
    edge: OwnEdgeConfig,
    sites: readonly FileSite[],
    monitoringNamespace: string | undefined,
): NetworkRule[] {
    const secure = sites.some(({ tls }) => tls.mode !== "off");
    const authorities = sites.flatMap(({ tls }) => (tls.mode === "acme" ? [new URL(tls.directory)] : []));
    return [
        ...clients(edge, secure),
        ...(secure && (edge.type === "LoadBalancer" || edge.type === "NodePort") && edge.http3
            ? [{ name: "clients", direction: "ingress" as const, ports: [ports.https], protocol: "UDP" as const }]
            : []),
        ...(authorities.length > 0 ? acme(authorities) : []),
        ...metricsRules(monitoringNamespace, ports.metrics),
    ];
}

function clients(edge: OwnEdgeConfig, secure: boolean): NetworkRule[] {
    const common = { name: "clients", direction: "ingress" as const };
    // Balancers of clouds ask for the health of a pod as they connect to it, from addresses of their own.
    if (!isRouted(edge)) return [{ ...common, ports: [ports.http, ...(secure ? [ports.https] : []), ports.health] }];
    const controller = { ...common, ports: [endsInFront(edge) ? ports.http : ports.https, ports.health] };
    // A selector of namespaces, even of all, matches pods only: not a controller on its node's network or outside.
    if (!edge.controllerNamespace) return [controller];
    return [
        { ...controller, namespace: edge.controllerNamespace },
        ...(edge.trustedProxies.length > 0 ? [{ ...controller, cidrs: edge.trustedProxies }] : []),
    ];
}

/** An authority with an address is reached only there; port 80 is for certificate revocation lists and OCSP. */
function acme(authorities: readonly URL[]): NetworkRule[] {
    const common = { name: "acme", direction: "egress" as const };
    const hasAddress = ({ hostname }: URL) => rangesOf(hostname, []).length > 0;
    const named = authorities.filter((url) => !hasAddress(url)).map(portOf);
    const placed = authorities.filter(hasAddress);
    return [
        { ...common, ports: [...new Set([443, 80, ...named])] },
        ...placed.map((url) => ({ ...common, host: url.hostname, ports: [portOf(url)] })),
    ];
}

const portOf = ({ port, protocol }: URL): number => Number(port || (protocol === "http:" ? 80 : 443));
