import { isIP } from "node:net";
import { allowed, type Path, refuse } from "../errors";
import { type Node, made, scalar, sequence } from "../node";
import { printed } from "../text/print";

/** More ports than this are no port list but a mistake. */
const mostPorts = 70_000;

/** Lists all ports in the long form: Compose specification, 5 "ports". One short entry may stand for a range. */
export function longPorts(node: Node, path: Path): Node {
    if (node.kind !== "sequence") return refuse(node.at, path, "must be a list of ports");
    const ports = node.items.flatMap((item, i) => {
        if (item.kind === "mapping") return [item];
        if (item.kind !== "scalar" || (typeof item.value !== "string" && typeof item.value !== "bigint"))
            return refuse(item.at, [...path, i], 'must be a port, such as "8080:80"');
        return shortPort(printed(item), item, [...path, i]);
    });
    if (ports.length > mostPorts) refuse(node.at, path, `has ${ports.length} ports; allowed are ${mostPorts}`);
    return sequence(ports, node.at);
}

/** `[IP:][HOST[-END]:]CONTAINER[-END][/PROTOCOL]` */
function shortPort(text: string, { at }: Node, path: Path): Node[] {
    const wrong = (what: string): never =>
        refuse(
            at,
            path,
            `${what} in ${JSON.stringify(text)}; allowed: [IP:][HOST:]CONTAINER[/PROTOCOL], such as 127.0.0.1:8080-8081:80-81/tcp`,
        );
    const parts = text.split(":");
    const [target, ...slashes] = parts.at(-1)!.split("/") as [string, ...string[]];
    const published = parts.at(-2) ?? "";
    const protocol = (slashes[0] || "tcp").toLowerCase();
    const ip = address(parts.slice(0, -2).join(":"));
    if (ip === undefined) return wrong("there is no valid IP address");
    const container = rangeOf(target) ?? wrong("there is no valid container port");
    const host = published === "" ? undefined : (rangeOf(published) ?? wrong("there is no valid host port"));
    const size = container.end - container.start;
    if (host && size > 0 && host.end - host.start !== size) wrong("the ranges of host and container differ in size");
    if (!["tcp", "udp", "sctp"].includes(protocol))
        refuse(at, path, `the protocol ${JSON.stringify(protocol)} is not known; ${allowed(["tcp", "udp", "sctp"])}`);
    return (
        Array.from({ length: size + 1 }, (_, i) => container.start + i)
            // compose-go sorts them as texts.
            .sort((a, b) => (`${a}/` < `${b}/` ? -1 : 1))
            .map((port) => {
                const first = host && host.start + port - container.start;
                const one = host && size === 0 && host.end > host.start ? `${first}-${host.end}` : `${first}`;
                return made(
                    {
                        mode: scalar("ingress", at),
                        host_ip: ip === "" ? undefined : scalar(ip, at),
                        target: port === 0 ? undefined : scalar(BigInt(port), at),
                        published: host ? scalar(one, at) : undefined,
                        protocol: scalar(protocol, at),
                    },
                    at,
                );
            })
    );
}

/** Empty for none, undefined for a wrong one. IPv6 stands in brackets. */
function address(text: string): string | undefined {
    const bracketed = /^\[([^[\]]*)\]$/.exec(text);
    const ip = bracketed ? bracketed[1]! : text;
    if (!bracketed && /[:[\]]/.test(ip)) return undefined;
    return ip === "" || isAddress(ip) ? ip : undefined;
}

/** IPv4 or IPv6 without zone. */
export const isAddress = (text: string): boolean => isIP(text) !== 0 && !text.includes("%");

function rangeOf(text: string): { start: number; end: number } | undefined {
    const numbers = text.split("-", 2).map((part) => (/^\d+$/.test(part) ? Number(part) : NaN));
    const [start, end = start] = numbers as [number, number?];
    return start <= 65_535 && end! <= 65_535 && end! >= start ? { start, end: end! } : undefined;
}
