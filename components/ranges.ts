import ipaddr from "ipaddr.js";

/**
 * Where clouds tell a machine about itself, and hand out its credentials. Link-local addresses are theirs as a whole:
 * AWS, Azure, Google, Oracle, OpenStack, Scaleway, Tencent and others each have some of them.
 *
 * 168.63.129.16 also resolves names for Azure's nodes and is where its balancers' probes come from: the cluster's own
 * resolvers and the kubelets use it, which no policy of ours is about.
 */
export const metadataRanges: readonly string[] = [
    "169.254.0.0/16",
    "fe80::/10",
    // As 169.254.0.0/16 by a translator on the node (RFC 6052).
    "64:ff9b::a9fe:0/112",
    // Alibaba.
    "100.100.100.200/32",
    "fd00:100::100:200/128",
    // Azure.
    "168.63.129.16/32",
    // AWS, with the credentials of EKS Pod Identity.
    "fd00:ec2::/32",
    // Google.
    "fd20:ce::254/128",
    // Oracle.
    "192.0.0.192/32",
    "fd00:c1::a9fe:a9fe/128",
    // Akamai (Linode).
    "fd00:a9fe:a9fe::1/128",
    // Scaleway.
    "fd00:42::42/128",
];

/** Everywhere, in both families. */
export const anywhere: readonly string[] = ["0.0.0.0/0", "::/0"];

/** As NetworkPolicies write it. */
export interface IpBlock {
    readonly cidr: string;
    readonly except?: string[];
}

/** The one spelling of a range that API servers do not warn of: `10.1.2.3/8` is `10.0.0.0/8`. */
function canonical(range: string): string {
    const [address, length] = ipaddr.parseCIDR(range);
    const family = address.kind() === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6;
    return `${family.networkAddressFromCIDR(range).toString()}/${length}`;
}

/** Whether all of one range is in another; one range is in itself. */
export function contains(outer: string, inner: string): boolean {
    const [network, bits] = ipaddr.parseCIDR(outer);
    const [address, length] = ipaddr.parseCIDR(inner);
    return network.kind() === address.kind() && bits <= length && address.match(network, bits);
}

/**
 * A range without what is closed in it.
 *
 * The narrower of two ranges is the one that is meant: a range that is wholly within a closed one was named on purpose,
 * such as the address of a database among the nodes' own, and is open; one that has closed ranges in it is open but for
 * these. Kubernetes takes exceptions only of the same family, and strictly within the range.
 */
export function ipBlock(range: string, closed: readonly string[] = []): IpBlock {
    const cidr = canonical(range);
    const inside = [...new Set(closed.map(canonical))].filter((one) => one !== cidr && contains(cidr, one));
    const except = inside.filter((one) => !inside.some((other) => other !== one && contains(other, one)));
    return { cidr, ...(except.length > 0 ? { except } : {}) };
}
