import { isIP } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import type { Instance } from "../instance";
import { sharedEdgeOf } from "./shared";
import { edgeOf } from "./tls";

/** Where DNS records of an instance's hosts point to. */
export interface Address {
    readonly ip?: string;
    readonly hostname?: string;
}

/** What a Service or an Ingress says of its balancer; an older API server leaves parts of it out. */
interface Status {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };
}

/**
 * The address under which the sites of an instance are reached, after `Stack.register()`: the one that the user
 * states (`edge.publicAddress`), else the one that the cluster gave. Nothing where neither is known, and for an
 * instance that is removed.
 */
export function addressOf(instance: Instance): pulumi.Output<Address | undefined> {
    const edge = edgeOf(instance);
    const owner = instance.config.edge.type === "shared" ? sharedEdgeOf(instance.stack) : instance;
    if (instance.config.state === "removed" || !owner) return pulumi.output(undefined);
    if (edge.publicAddress) return pulumi.output(statedAddress(edge.publicAddress));
    if (edge.type !== "LoadBalancer" && edge.type !== "Ingress") return pulumi.output(undefined);
    const object = owner.objects.resource(edge.type === "Ingress" ? "Ingress" : "Service", "edge");
    if (!object) return pulumi.output(undefined);
    return (object.status as pulumi.Output<Status | undefined>).apply(givenAddress);
}

export const statedAddress = (text: string): Address => (isIP(text) ? { ip: text } : { hostname: text });

/** The first address of a status: some clouds give an IP address, others (AWS) a host name. */
export function givenAddress(status: Status | undefined): Address | undefined {
    const first = status?.loadBalancer?.ingress?.find(({ ip, hostname }) => ip || hostname);
    if (!first) return undefined;
    return first.ip ? { ip: first.ip } : { hostname: first.hostname! };
}
