import { Value } from "../../config/value";
import type { Instance } from "../instance";
import { edgeName } from "./shared";
import { edgeOf } from "./tls";

/** What a Service or an Ingress says of its balancer; an older API server leaves parts of it out. */
interface Status {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };
}

/**
 * The addresses under which the sites of an instance are reached, once the stack is planned: the one that the user
 * states (`edge.publicAddress`), else those that the cluster gave. None where neither is known, and for an instance
 * that is removed.
 *
 * @param sharedEdge whom the stack's shared balancer belongs to, if there is one
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
 * The addresses of a status: IP addresses, two and more where the balancer has both families, or the one host name
 * that some clouds (AWS) give instead.
 */
export function givenAddresses(status: Status | undefined): string[] {
    const entries = status?.loadBalancer?.ingress ?? [];
    const ips = entries.flatMap(({ ip }) => (ip ? [ip] : []));
    const name = entries.find(({ hostname }) => hostname)?.hostname;
    return ips.length > 0 ? [...new Set(ips)] : name ? [name] : [];
}
