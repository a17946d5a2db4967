import { Value } from "../../config/value";
import type { Instance } from "../instance";
import { edgeName } from "./edgeNames";
import { edgeOf } from "./tls";

/** The balancer status of a Service or an Ingress; older API servers omit parts of it. */
interface Status {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };
}

/**
 * The public addresses of an instance's sites, once the stack is planned: the configured one (`edge.publicAddress`),
 * else those assigned by the cluster. Empty if neither is known, and for a removed instance.
 *
 * @param sharedEdge the owner of the stack's shared balancer, if there is one
 */
export function addressesOf(instance: Instance, sharedEdge: Instance | undefined): Value<string[]> {
    const edge = edgeOf(instance);
    const owner = instance.config.edge.type === "shared" ? sharedEdge : instance;
    if (instance.config.state === "removed" || !owner) return Value.of([]);
    if (edge.publicAddress) return Value.of([edge.publicAddress]);
    if (edge.type !== "LoadBalancer" && edge.type !== "Ingress") return Value.of([]);
    const object = owner.objects.plan.resource(edge.type === "Ingress" ? "Ingress" : "Service", edgeName);
    if (!object) return Value.of([]);
    return object.property<Status | undefined>("status").map(givenAddresses);
}

/**
 * The addresses in a status: IP addresses, several if the balancer has both families, or a host name on some clouds
 * (AWS).
 */
export function givenAddresses(status: Status | undefined): string[] {
    const entries = status?.loadBalancer?.ingress ?? [];
    const ips = entries.flatMap(({ ip }) => (ip ? [ip] : []));
    const name = entries.find(({ hostname }) => hostname)?.hostname;
    return ips.length > 0 ? [...new Set(ips)] : name ? [name] : [];
}
