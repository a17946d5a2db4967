import { isIP } from "node:net";

export interface DnsRecord {
    readonly name: string;
    readonly type: "A" | "AAAA" | "CNAME";
    readonly value: string;
}

/** Seconds that resolvers may keep a record: short enough for the day on which the address moves. */
const ttl = 300;

/**
 * The records that lead hosts to a balancer's addresses.
 *
 * Where a host has two or more others directly below it (`apps.x`, `studio.x` under `x`), one wildcard stands for them.
 *
 * @param addresses IPv4 and IPv6 addresses, or the one name that a cloud's balancer has
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

/** Where a zone begins is known to its servers only; two labels are nearly always one. */
const isApex = (name: string): boolean => name.split(".").length === 2 && !name.startsWith("*.");

const apexNote = (name: string): string =>
    `; ${name} is probably its zone's apex, where CNAME is not allowed: use your provider's ALIAS or ANAME`;
