import ipaddr from "ipaddr.js";

/**
 * Ranges of cloud metadata services, which provide credentials of machines. All link-local addresses are included: AWS,
 * Azure, Google, Oracle, OpenStack, Scaleway, Tencent and others use some of them.
 *
 * 168.63.129.16 is also the resolver of Azure's nodes and the source of its balancers' probes: it is used by the
 * cluster's own resolvers and the kubelets, to which these policies do not apply.
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

/** All addresses, in both families. */
export const anywhere: readonly string[] = ["0.0.0.0/0", "::/0"];

/** In the notation of NetworkPolicies. */
export interface IpBlock {
    readonly cidr: string;
    readonly except?: string[];
}

/** Canonical form of a range, without warnings from API servers: `10.1.2.3/8` is `10.0.0.0/8`. */
function canonical(range: string): string {
    const [address, length] = ipaddr.parseCIDR(range);
    const family = address.kind() === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6;
    return `${family.networkAddressFromCIDR(range).toString()}/${length}`;
}

/** Blocks for ranges, all with the same ones closed: each is worked out once, since most pods have the same. */
export function blocksWithout(closed: readonly string[]): (range: string) => IpBlock {
    const known = new Map<string, IpBlock>();
    return (range) => {
        const block = known.get(range) ?? ipBlock(range, closed);
        known.set(range, block);
        // Objects that stand in several places would be aliases in YAML.
        return { ...block, ...(block.except ? { except: [...block.except] } : {}) };
    };
}

/** Whether one range is contained in another or equal to it. */
export function contains(outer: string, inner: string): boolean {
    const [network, bits] = ipaddr.parseCIDR(outer);
    const [address, length] = ipaddr.parseCIDR(inner);
    return network.kind() === address.kind() && bits <= length && address.match(network, bits);
}

/**
 * A range with the closed ranges in it excluded.
 *
 * The narrower range wins: a range within a closed one was set on purpose, such as the address of a database among the
 * nodes', and is allowed; one that contains closed ranges is allowed except for these. Kubernetes only accepts
 * exceptions of the same family, strictly within the range.
 */
export function ipBlock(range: string, closed: readonly string[] = []): IpBlock {
    const cidr = canonical(range);
    const inside = [...new Set(closed.map(canonical))].filter((one) => one !== cidr && contains(cidr, one));
    const except = inside.filter((one) => !inside.some((other) => other !== one && contains(other, one)));
    return { cidr, ...(except.length > 0 ? { except } : {}) };
}
