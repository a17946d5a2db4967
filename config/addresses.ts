import ipaddr from "ipaddr.js";

/**
 * An IPv6 address in canonical form, because Kubernetes warns about any other. IPv4 addresses and names are returned
 * unchanged.
 */
export const canonicalAddress = (address: string): string =>
    address.includes(":") ? (ipaddr.parse(address) as ipaddr.IPv6).toRFC5952String() : address;

/** A range in canonical form, and whether it was written with bits beyond its prefix, which are dropped. */
export function canonicalRange(range: string): { readonly range: string; readonly hasMore: boolean } {
    const [address, prefix] = ipaddr.parseCIDR(range);
    const family = address.kind() === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6;
    const network = family.networkAddressFromCIDR(range);
    return {
        range: `${canonicalAddress(network.toString())}/${prefix}`,
        hasMore: network.toNormalizedString() !== address.toNormalizedString(),
    };
}

/**
 * Whether an IPv6 address or range is IPv4-mapped: connections never have such addresses, so rules with them match
 * nothing.
 */
export function isMapped(text: string): boolean {
    const [address] = text.split("/") as [string];
    return ipaddr.IPv6.isValid(address) && ipaddr.IPv6.parse(address).isIPv4MappedAddress();
}
