import { isIP } from "node:net";

export interface DnsRecord {
    readonly name: string;
    readonly type: "A" | "AAAA" | "CNAME";
    readonly value: string;
}

/** TTL of records in seconds, short enough for a change of the address. */
const ttl = 300;

/**
 * The DNS records that point hosts to a balancer's addresses.
 *
 * If a host has two or more others directly below it (`apps.x`, `studio.x` below `x`), one wildcard covers them.
 *
 * @param addresses IPv4 and IPv6 addresses, or the host name of a cloud's balancer
 */
export function dnsRecords(hosts: readonly string[], addresses: readonly string[]): DnsRecord[] {
    const parentOf = (host: string) => host.slice(host.indexOf(".") + 1);
    const below = (parent: string) => hosts.filter((host) => parentOf(host) === parent);
    const covered = new Set(
        hosts.filter((host) => hosts.includes(parentOf(host)) && below(parentOf(host)).length >= 2),
    );
    const names = hosts.flatMap((host) => {
        if (covered.has(host)) return [];
        return below(host).length >= 2 ? [host, `*.${host}`] : [host];
    });
    return [...new Set(names)].flatMap((name) => addresses.map((value) => ({ name, type: typeOf(value), value })));
}

function typeOf(address: string): DnsRecord["type"] {
    const version = isIP(address);
    return version === 4 ? "A" : version === 6 ? "AAAA" : "CNAME";
}

/** Records as lines of a zone file (RFC 1035). */
export const zoneLines = (records: readonly DnsRecord[]): string =>
    records
        .map(({ name, type, value }) => {
            const line = `${name}. ${ttl} IN ${type} ${value}${type === "CNAME" ? "." : ""}\n`;
            return type === "CNAME" && isApex(name) ? `${apexNote(name)}\n${line}` : line;
        })
        .join("");

/** Only a zone's servers know where it begins; two labels are nearly always an apex. */
const isApex = (name: string): boolean => name.split(".").length === 2 && !name.startsWith("*.");

const apexNote = (name: string): string =>
    `; ${name} is probably its zone's apex, where CNAME is not allowed: use your provider's ALIAS or ANAME`;
