import type { Component } from "../../components/component";
import type { Node } from "../../components/graph";
import { selectorOf } from "../../components/labels";
import { objectName } from "../../components/names";
import type { Conversion } from "./conversion";
import { komposeLabel } from "./extensions";
import type { PeerName } from "./names";
import type { Host } from "./order";
import { isResolvable } from "./texts";
import { hasCheck } from "./probes";
import { type KnownPorts, portName, referencesOf } from "./ports";

/** Names of Services of a pod: all that its peers call it. */
export function labelsOf(conversion: Conversion, pod: string): string[] {
    const all = conversion.inPod(pod).flatMap((service) => conversion.namesOf.get(service) ?? []);
    const names = all.filter(({ kind }) => kind !== "link");
    const links = all.filter((name) => name.kind === "link" && isFree(conversion, name));
    return [...new Set([...names, ...links].map(({ label }) => label))];
}

/** Whether no other service has the name of a link: the Service is seen by all. */
export const isFree = ({ source }: Conversion, link: PeerName): boolean =>
    !source.names.some((other) => other.label === link.label && other.service !== link.service);

/** Names in DNS while one of the pods is ready. */
export const readyName = (component: string): string => objectName(component, "ready");

/** Whether the Services of a pod have no address of their own: DNS knows those of the pods. */
const isHeadless = ({ services }: Conversion, pod: string, tcp: readonly number[]): boolean =>
    tcp.length === 0 ||
    services[pod]!.deploy?.endpoint_mode === "dnsrr" ||
    komposeLabel(services[pod], "service.type") === "headless";

/** Declares the Services of a pod: one for each of its names, by the ports of its containers. */
export function declareServices(
    conversion: Conversion,
    owner: Component,
    node: Node,
    pod: string,
    { tcp, udp }: KnownPorts,
): void {
    const { instance, services } = conversion;
    const headless = isHeadless(conversion, pod, tcp);
    const ports = [
        ...tcp.map((port) => ({
            name: portName(port),
            port,
            targetPort: portName(port),
            ...appProtocol(conversion, pod, port),
        })),
        ...udp.map((port) => ({
            name: portName(port, "udp"),
            port,
            targetPort: portName(port, "udp"),
            protocol: "UDP",
        })),
    ];
    const isOwnPeer =
        hasCheck(services[pod]!) &&
        referencesOf(conversion, pod).some(({ name }) => conversion.podOf(name.service) === pod);
    for (const label of labelsOf(conversion, pod))
        instance.add(
            owner,
            "Service",
            label,
            {
                metadata: { annotations: { "pulumi.com/skipAwait": "true" } },
                spec: {
                    selector: selectorOf(node),
                    ...(headless ? { clusterIP: "None" } : {}),
                    // It asks itself, by its name, whether it is healthy: Docker resolves it before that.
                    ...(isOwnPeer ? { publishNotReadyAddresses: true } : {}),
                    ...(ports.length > 0 ? { ports } : {}),
                },
            },
            { node, finalName: label },
        );
    const waited = conversion.inPod(pod).some((one) => conversion.waitedFor.healthy.has(one));
    if (waited) declareSign(conversion, owner, node, readyName(node.name), selectorOf(node));
}

/** A Service that DNS knows as long as one of its pods is ready. */
export function declareSign(
    { instance }: Conversion,
    owner: Component,
    node: Node,
    name: string,
    selector: Readonly<Record<string, string>>,
): void {
    instance.add(
        owner,
        "Service",
        name,
        { metadata: { annotations: { "pulumi.com/skipAwait": "true" } }, spec: { selector, clusterIP: "None" } },
        { node, finalName: name },
    );
}

/** `app_protocol` of a published port. */
function appProtocol({ services }: Conversion, pod: string, port: number): { appProtocol?: string } {
    const found = services[pod]!.ports?.find(
        ({ target, app_protocol }) => target === port && app_protocol !== undefined,
    );
    return found?.app_protocol ? { appProtocol: found.app_protocol } : {};
}

/** Whether a name that DNS cannot have was given so that others call it, even if only their images do. */
const isForCalls = (name: PeerName): boolean =>
    !isResolvable(name) &&
    (name.kind === "alias" || (name.written.includes(".") && ["service", "container_name"].includes(name.kind)));

/** Whether a service is in a network with another pod. */
function sees(conversion: Conversion, service: string, name: PeerName): boolean {
    const pod = conversion.podOf(name.service);
    if (pod === conversion.podOf(service)) return false;
    const own = conversion.networksOfPod(conversion.podOf(service));
    return [...conversion.networksOfPod(pod)].some((network) => own.has(network));
}

/**
 * Names that a service calls and DNS cannot have: the file of hosts has them, with the name in DNS that stands for each.
 */
export function hostsOf(conversion: Conversion, service: string, ports: (pod: string) => KnownPorts): Host[] {
    const { services, notes } = conversion;
    const references = referencesOf(conversion, service);
    const rewritten = new Set(
        references.filter(({ isHost, name }) => isHost && !name.written.includes(".")).map(({ name }) => name.service),
    );
    const { depends_on = {} } = services[service]!;
    const named = [
        ...references.filter(({ name }) => name.written.includes(".") && !isResolvable(name)).map(({ name }) => name),
        ...Object.keys(depends_on)
            .flatMap((other) => conversion.namesOf.get(other) ?? [])
            .filter((name) => {
                // A link is a dependency, too.
                if (name.kind === "link")
                    return name.seenBy === service && (!isResolvable(name) || !isFree(conversion, name));
                return !isResolvable(name) && !rewritten.has(name.service);
            }),
    ];
    // What its image calls is in no text.
    const perhaps = conversion.source.names.filter(
        (name) => isForCalls(name) && !rewritten.has(name.service) && sees(conversion, service, name),
    );
    const byName = new Map([...named, ...perhaps].map((name) => [name.written, name]));
    return [...byName.values()].flatMap((name): Host[] => {
        const pod = conversion.podOf(name.service);
        if (pod === conversion.podOf(service)) return [[name.written, undefined]];
        const { tcp } = ports(pod);
        const isSteady = named.includes(name) ? tcp.length > 0 : !isHeadless(conversion, pod, tcp);
        if (isSteady) return [[name.written, conversion.component(name.service)]];
        const isCalled = name.kind === "link" || references.some((one) => one.name === name);
        const message = `"${name.written}" is no name that DNS of the cluster can have, and the address of ${name.service} changes with its pod ${tcp.length > 0 ? "since it is headless; give it an address (endpoint_mode: vip)" : "as long as none of its ports is known; state them with expose"}, or rename it`;
        if (isCalled) notes.refuse(name.path, message);
        else notes.warn(name.path, message);
        return [];
    });
}
