import * as pulumi from "@pulumi/pulumi";
import type { Instance } from "../instance";
import { edgeName, sharedEdgeOf } from "./shared";
import { edgeOf } from "./tls";

/** What a Service or an Ingress says of its balancer; an older API server leaves parts of it out. */
interface Status {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };
}

/**
 * The addresses under which the sites of an instance are reached, after `register()`: the one that the user
 * states (`edge.publicAddress`), else those that the cluster gave. None where neither is known, and for an instance
 * that is removed.
 */
export function addressesOf(instance: Instance): pulumi.Output<string[]> {
    const edge = edgeOf(instance);
    const owner = instance.config.edge.type === "shared" ? sharedEdgeOf(instance.stack) : instance;
    if (instance.config.state === "removed" || !owner) return pulumi.output([]);
    if (edge.publicAddress) return pulumi.output([edge.publicAddress]);
    if (edge.type !== "LoadBalancer" && edge.type !== "Ingress") return pulumi.output([]);
    const object = owner.objects.resource(edge.type === "Ingress" ? "Ingress" : "Service", edgeName);
    if (!object) return pulumi.output([]);
    return (object.status as pulumi.Output<Status | undefined>).apply(givenAddresses);
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
