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
    for (const service of Object.keys(conversion.services))
        for (const { name, port } of referencesOf(conversion, service)) {
            if (port === undefined || port === 0 || port > 65535) continue;
            const pod = conversion.podOf(name.service);
            called.set(pod, (called.get(pod) ?? new Set()).add(port));
        }
    return (pod) => {
        const all = conversion.inPod(pod).flatMap((service) => declaredPorts(conversion.services[service]!));
        const of = (wanted: string) => all.flatMap(({ port, protocol }) => (protocol === wanted ? [port] : []));
        const sorted = (ports: Iterable<number>) => [...new Set(ports)].sort((a, b) => a - b);
        const udp = sorted(of("udp"));
        const declared = of("tcp");
        const more = [...(called.get(pod) ?? [])].filter((port) => !udp.includes(port));
        const known = sorted([...declared, ...more]);
        return { tcp: known.length > 0 ? known : usualPorts(conversion, pod), udp };
    };
}

/** Of a pod with a name that DNS cannot have: only a Service with ports has an address that stays. */
function usualPorts(conversion: Conversion, pod: string): readonly number[] {
    const { namesOf, services } = conversion;
    const isOdd = (namesOf.get(pod) ?? []).some((name) => !isResolvable(name));
    return isOdd || conversion.isTakenOver(pod) ? portsOfImage(services[pod]!.image ?? "") : [];
}

export const portName = (port: number, protocol: "tcp" | "udp" = "tcp"): string => `${protocol}-${port}`;

/** Ports of a container by name, as components take them. */
export const named = (ports: readonly number[], protocol: "tcp" | "udp" = "tcp"): Record<string, number> =>
    Object.fromEntries(ports.map((port) => [portName(port, protocol), port]));
