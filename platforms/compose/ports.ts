import type { Service } from "../../compose";
import type { Conversion } from "./conversion";
import { portsOfImage } from "./imagePorts";
import { isResolvable, type Reference } from "./texts";

/** Ports of a pod, by protocol. */
export interface KnownPorts {
    readonly tcp: readonly number[];
    readonly udp: readonly number[];
}

/** `3000`, `3000-3005`, `53/udp` */
function exposed(text: string): { ports: number[]; protocol: string } {
    const [, first = "", last = first, protocol = "tcp"] = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(text) ?? [];
    const [from, to] = [Number(first), Number(last)];
    const count = first === "" || to < from || to - from > 1000 ? 0 : to - from + 1;
    return { ports: Array.from({ length: count }, (_, index) => from + index), protocol };
}

export function declaredPorts({ ports = [], expose = [] }: Service): { port: number; protocol: string }[] {
    return [
        ...ports.map(({ target = 0, protocol = "tcp" }) => ({ port: target, protocol })),
        ...expose.flatMap((text) => exposed(text).ports.map((port) => ({ port, protocol: exposed(text).protocol }))),
    ].filter(({ port }) => port > 0 && port < 65536);
}

/** Everything that a service's own texts and files say of peers. */
export const referencesOf = ({ source }: Conversion, service: string): Reference[] => [
    ...source.texts[service]!.references,
    ...(source.files.references[service] ?? []),
];

/** Ports of each pod: those that it publishes or exposes, and those that peers call. */
export function knownPorts(conversion: Conversion): (pod: string) => KnownPorts {
    const called = new Map<string, Set<number>>();
    /** Pods that a peer calls without a port: on one that the image knows. */
    const calledWithout = new Set<string>();
    for (const service of Object.keys(conversion.services))
        for (const { name, port, isHost } of referencesOf(conversion, service)) {
            const pod = conversion.podOf(name.service);
            if (port === undefined && isHost && pod !== conversion.podOf(service)) calledWithout.add(pod);
            if (port === undefined || port === 0 || port > 65535) continue;
            called.set(pod, (called.get(pod) ?? new Set()).add(port));
        }
    return (pod) => {
        const all = conversion.inPod(pod).flatMap((service) => declaredPorts(conversion.services[service]!));
        const of = (wanted: string) => all.flatMap(({ port, protocol }) => (protocol === wanted ? [port] : []));
        const sorted = (ports: Iterable<number>) => [...new Set(ports)].sort((a, b) => a - b);
        const udp = sorted(of("udp"));
        const declared = of("tcp");
        const more = [...(called.get(pod) ?? [])].filter((port) => !udp.includes(port));
        const usual = portsOfImage(conversion.services[pod]!.image ?? "");
        const known = sorted([...declared, ...more, ...(calledWithout.has(pod) ? usual : [])]);
        // Nothing is said but what some peers call: others may call another one, and reach any without ports.
        const isOpen = declared.length === 0 && calledWithout.has(pod) && usual.length === 0;
        if (needsAddress(conversion, pod)) return { tcp: known.length > 0 ? known : usual, udp };
        return { tcp: isOpen || (declared.length === 0 && more.length === 0) ? [] : known, udp };
    };
}

/** Whether a pod has a name that DNS cannot have: only a Service with ports has an address that stays. */
const needsAddress = (conversion: Conversion, pod: string): boolean =>
    conversion.isTakenOver(pod) || (conversion.namesOf.get(pod) ?? []).some((name) => !isResolvable(name));

export const portName = (port: number, protocol: "tcp" | "udp" = "tcp"): string => `${protocol}-${port}`;

/** Ports of a container by name, as components take them. */
export const named = (ports: readonly number[], protocol: "tcp" | "udp" = "tcp"): Record<string, number> =>
    Object.fromEntries(ports.map((port) => [portName(port, protocol), port]));
