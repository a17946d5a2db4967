import type { GatewayEdge } from "../../config/edge";
import type { Instance } from "../instance";
import { edgeName } from "./edgeNames";
import { longestSeconds } from "./controllers";
import type { Tenant } from "./site";

/** Hosts that one HTTPRoute may have: `maxItems` of `spec.hostnames`. */
const hostsOfRoute = 16;

/**
 * The HTTPRoutes of an instance's hosts to Caddy, which routes by path.
 * https://gateway-api.sigs.k8s.io/reference/spec/#httproute
 *
 * @param owner the instance that the balancer belongs to
 * @param service name of the balancer's Service
 */
export function gatewayRoutes(
    owner: Instance,
    { instance, sites }: Tenant,
    { gateway }: GatewayEdge,
    service: string,
): { name: string; spec: object }[] {
    const { name, namespace, section } = gateway;
    const hosts = [...new Set(sites.map(({ host }) => host))];
    const parts = Array.from({ length: Math.ceil(hosts.length / hostsOfRoute) }, (_, index) =>
        hosts.slice(index * hostsOfRoute, (index + 1) * hostsOfRoute),
    );
    return parts.map((hostnames, index) => ({
        name: `${edgeName}${index === 0 ? "" : index + 1}${owner.name === instance.name ? "" : `-${instance.name}`}`,
        spec: {
            // What the server adds otherwise is stated, so that a comparison with the live object finds no difference.
            parentRefs: [
                {
                    group: "gateway.networking.k8s.io",
                    kind: "Gateway",
                    namespace,
                    name,
                    ...(section === undefined ? {} : { sectionName: section }),
                },
            ],
            hostnames,
            rules: [
                {
                    matches: [{ path: { type: "PathPrefix", value: "/" } }],
                    backendRefs: [{ group: "", kind: "Service", name: service, port: 80, weight: 1 }],
                    timeouts: { request: `${longestSeconds}s` },
                },
            ],
        },
    }));
}

/**
 * What no field of a route sets, for a warning. NGINX Gateway Fabric, for one, ends bodies larger than 1 MiB with 413.
 *
 * @param maxBody largest request body of all sites in bytes
 */
export const unsetLimits = (maxBody: number): string =>
    `edge.type Gateway: a route cannot set the largest request body, and some Gateways have a limit of their own (NGINX Gateway Fabric 1 MiB, by a ClientSettingsPolicy); it should allow ${Math.ceil(maxBody / 2 ** 20)} MiB`;
