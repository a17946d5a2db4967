import { isIP } from "node:net";

export interface DnsRecord {
    readonly name: string;
    readonly type: "A" | "AAAA" | "CNAME";
    readonly value: string;
}

/** Seconds that resolvers may keep a record: short enough for the day on which the address moves. */
const ttl = 300;

/**
 * The records that lead hosts to an address.
 *
 * Where a host has two or more others directly below it (`apps.x`, `studio.x` under `x`), one wildcard stands for them.
 *
 * @param address IPv4 or IPv6 address, or the name that a cloud's balancer has
 */
export function dnsRecords(hosts: readonly string[], address: string): DnsRecord[] {
    const version = isIP(address);
    const type = version === 4 ? "A" : version === 6 ? "AAAA" : "CNAME";
    const parentOf = (host: string) => host.slice(host.indexOf(".") + 1);
    const below = (parent: string) => hosts.filter((host) => parentOf(host) === parent);
    const covered = new Set(
        hosts.filter((host) => hosts.includes(parentOf(host)) && below(parentOf(host)).length >= 2),
    );
    const names = hosts.flatMap((host) => {
        if (covered.has(host)) return [];
        return below(host).length >= 2 ? [host, `*.${host}`] : [host];
    });
    return [...new Set(names)].map((name) => ({ name, type, value: address }));
}

/** Records as lines of a zone file (RFC 1035). */
export const zoneLines = (records: readonly DnsRecord[]): string =>
    records
        .map(({ name, type, value }) => `${name}. ${ttl} IN ${type} ${value}${type === "CNAME" ? "." : ""}\n`)
        .join("");
