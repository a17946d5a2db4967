import type { Edge } from "../../components/graph";
import type { Conversion } from "./conversion";
import { outsideOf } from "./networks";
import { onceOf } from "./once";
import { type KnownPorts, referencesOf } from "./ports";
import { rulesFor, type Opened } from "./published";
import { readyName } from "./services";
import { networksOf } from "./texts";
import { type TakenOver, takeOver } from "./takeover";
import type { Volumes } from "./volumes";
import { endpointOf, Workload } from "./workload";

interface Surroundings {
    readonly volumes: Volumes;
    readonly ports: (pod: string) => KnownPorts;
    readonly opened: (pod: string) => readonly Opened[];
}

/** Declares the workloads of all pods, each after those that it waits for. */
export function declareWorkloads(
    conversion: Conversion,
    { volumes, ports, opened }: Surroundings,
): ReadonlyMap<string, Workload | TakenOver> {
    const { services, notes } = conversion;
    const made = new Map<string, Workload | TakenOver>();
    const declare = (pod: string): Workload | TakenOver => {
        const known = made.get(pod);
        if (known) return known;
        if (conversion.isTakenOver(pod)) {
            const component = takeOver(conversion, pod);
            made.set(pod, component);
            return component;
        }
        const members = conversion.inPod(pod);
        const before = members.flatMap((member) =>
            Object.entries(services[member]!.depends_on ?? {}).flatMap(([other, { condition }]) => {
                const on = conversion.podOf(other);
                if (on === pod || !services[other] || notes.isJob(other)) return [];
                if (condition === "service_started" || condition === undefined) return [];
                const workload = declare(on);
                return [
                    {
                        workload,
                        name:
                            condition === "service_completed_successfully"
                                ? workload.doneName!
                                : readyName(workload.node.name),
                    },
                ];
            }),
        );
        const workload = new Workload(conversion, pod, {
            volumes,
            ports,
            uses: usesOf(conversion, pod, ports),
            networkRules: [...outsideOf(conversion, pod), ...rulesFor(opened(pod))],
            startsAfter: [...new Set(before.map((one) => one.workload))],
            waitsFor: [...new Set(before.map(({ name }) => name))].sort(),
            once: onceOf(conversion, pod),
        });
        made.set(pod, workload);
        return workload;
    };
    for (const service of Object.keys(services)) declare(conversion.podOf(service));
    return made;
}

/** Peers that a pod's services name or wait for, as far as they share a network. */
function usesOf(conversion: Conversion, pod: string, ports: (pod: string) => KnownPorts): Edge[] {
    const { services, source } = conversion;
    const named = conversion
        .inPod(pod)
        .flatMap((member) => [
            ...referencesOf(conversion, member).flatMap(({ name, isHost }) => (isHost ? [name.service] : [])),
            ...Object.keys(services[member]!.depends_on ?? {}),
        ]);
    const own = conversion.networksOfPod(pod);
    // These are in no network, and whoever shares one with them may connect.
    named.push(...Object.keys(services).filter((other) => conversion.isTakenOver(other)));
    const pods = new Set(
        named
            .filter((other) => services[other] && [...networksOf(source.loaded, other)].some((one) => own.has(one)))
            .map((other) => conversion.podOf(other)),
    );
    // All ports are open within a network, so the edge names none.
    return [...pods]
        .filter((other) => other !== pod)
        .sort()
        .map((other) => endpointOf(conversion, other, { tcp: [], udp: ports(other).udp }).bind());
}
