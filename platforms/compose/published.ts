import type { Component } from "../../components/component";
import type { NetworkRule, Service as Endpoint } from "../../components/graph";
import type { HasNode } from "../../components/instance";
import type { Site } from "../../components/loadBalancer";
import { selectorOf } from "../../components/labels";
import { objectName } from "../../components/names";
import type { Conversion } from "./conversion";
import type { Service } from "../../compose";
import { komposeLabel } from "./extensions";
import { exposedAt } from "./kompose";
import { type KnownPorts, portName } from "./ports";

/** Ports of well-known servers that do not speak HTTP. */
const otherPorts = [
    20, 21, 22, 23, 25, 53, 110, 143, 389, 465, 514, 587, 636, 993, 995, 1025, 1433, 1521, 1883, 2181, 3306, 3389, 4222,
    5044, 5432, 5671, 5672, 6379, 6380, 7687, 8883, 9042, 9092, 9093, 9300, 11211, 27017, 27018, 50000, 51820,
];

type Port = NonNullable<Conversion["services"][string]["ports"]>[number];

const isPrivate = ({ host_ip = "" }: Port): boolean => /^(127\.|::1$|localhost$)/.test(host_ip);

interface Route {
    readonly service: string;
    readonly port: number;
    readonly path: string;
    readonly host: string;
}

/** Ports of a service that browsers may ask, published ones. */
const webPorts = ({ services }: Conversion, service: string): number[] =>
    (services[service]!.ports ?? []).flatMap((port) => {
        const { target = 0, protocol = "tcp", app_protocol } = port;
        const isWeb =
            app_protocol === undefined
                ? protocol === "tcp" && !otherPorts.includes(target)
                : /^http$/.test(app_protocol);
        return isWeb && !isPrivate(port) ? [target] : [];
    });

/** What of several ports is HTTP in clear, most probably. */
function plainest(ports: readonly number[]): number | undefined {
    const all = [...new Set(ports)].filter((port) => port !== 443 && port !== 8443);
    return [80, 8080, 3000, 8000, 5000].find((port) => all.includes(port)) ?? all[0];
}

/** The routes of the edge: the stack file's, the project's, or the only web port that is published. */
export function routesOf(conversion: Conversion): Route[] {
    const { settings, source, services, notes, instance } = conversion;
    const { host } = settings;
    if (settings.routes)
        return settings.routes.flatMap((route, index): Route[] => {
            if (!services[route.service]) {
                instance.problem(
                    ["routes", index, "service"],
                    `"${route.service}" is not a service; allowed: ${Object.keys(services).join(", ")}`,
                );
                return [];
            }
            const port =
                route.port ??
                plainest(webPorts(conversion, route.service)) ??
                plainest((services[route.service]!.expose ?? []).map(Number));
            if (port === undefined) {
                instance.problem(["routes", index, "port"], `is missing: ${route.service} publishes no web port`);
                return [];
            }
            return [{ service: route.service, port, path: route.path, host: route.host ?? host }];
        });
    const written = Object.keys(services).flatMap((service): Route[] => {
        const { route } = source.extensions.services[service]!;
        const label = komposeLabel(services[service], "service.expose");
        const wanted: readonly { path: string; port?: number | undefined }[] =
            route === undefined
                ? label === undefined || label === "false"
                    ? []
                    : label.split(",").map((one) => ({ path: exposedAt(one).path }))
                : route === false
                  ? []
                  : route;
        return wanted.flatMap(({ path, port }) => {
            const chosen =
                port ??
                plainest(webPorts(conversion, service)) ??
                plainest((services[service]!.expose ?? []).map(Number));
            if (chosen !== undefined) return [{ service, port: chosen, path, host }];
            notes.refuse(
                ["services", service, "x-plinth", "route"],
                "has no port, and the service publishes no web port; add port",
            );
            return [];
        });
    });
    if (written.length > 0) return written;
    const candidates = Object.keys(services).filter(
        (service) =>
            source.extensions.services[service]!.route !== false &&
            plainest(webPorts(conversion, service)) !== undefined,
    );
    // Of several, the one at the usual port of the machine is what people open.
    const main = candidates.filter((service) =>
        (services[service]!.ports ?? []).some(({ published }) => ["80", "443"].includes(published ?? "")),
    );
    const chosen = candidates.length === 1 ? candidates : main.length === 1 ? main : [];
    if (chosen.length === 0)
        instance.warn(
            candidates.length === 0
                ? `nothing is served at ${host}: no service publishes a web port; say in routes, or in x-plinth.route, what is`
                : `nothing is served at ${host}: ${candidates.join(", ")} publish web ports; say in routes, or in x-plinth.route, which of them is`,
        );
    return chosen.map((service) => ({ service, port: plainest(webPorts(conversion, service))!, path: "/", host }));
}

/** The sites of the edge. */
export function sitesOf(
    conversion: Conversion,
    routes: readonly Route[],
    workloads: ReadonlyMap<string, { readonly endpoint: Endpoint }>,
): Site[] {
    const hosts = new Set([conversion.settings.host, ...routes.map(({ host }) => host)]);
    return [...hosts].map((host) => ({
        host,
        // Other sites may show pages in frames as far as the application allows it.
        embeddable: true,
        routes: routes
            .filter((route) => route.host === host)
            .map(({ service, port, path }) => ({
                to: workloads.get(conversion.podOf(service))!.endpoint,
                port: portName(port),
                ...(path === "/" ? {} : { path: { paths: [path] } }),
            })),
    }));
}

/** Ports that the stack file or a label of Kompose opens outside the cluster. */
export function openedPorts({ settings, services, instance }: Conversion, ports: (service: string) => KnownPorts) {
    const labelled = Object.entries(services).flatMap(([service, one]) => {
        const type = komposeLabel(one, "service.type")?.toLowerCase();
        if (type !== "nodeport" && type !== "loadbalancer") return [];
        const nodePort = Number(komposeLabel(one, "service.nodeport.port") ?? NaN);
        return (one.ports ?? []).map(({ target = 0, protocol = "tcp" }, index) => ({
            service,
            port: target,
            protocol,
            type: type === "nodeport" ? ("NodePort" as const) : ("LoadBalancer" as const),
            ...(index === 0 && !Number.isNaN(nodePort) ? { nodePort } : {}),
            ...policyOf(one),
        }));
    });
    const written = settings.open.flatMap(({ service, port, type, nodePort }, index) => {
        if (!services[service]) {
            instance.problem(
                ["open", index, "service"],
                `"${service}" is not a service; allowed: ${Object.keys(services).join(", ")}`,
            );
            return [];
        }
        const protocol = ports(service).udp.includes(port) ? "udp" : "tcp";
        return [
            {
                service,
                port,
                protocol,
                type,
                ...(nodePort === undefined ? {} : { nodePort }),
                ...policyOf(services[service]!),
            },
        ];
    });
    return [
        ...written,
        ...labelled.filter((one) => !written.some(({ service, port }) => service === one.service && port === one.port)),
    ];
}

/** Whether nodes pass clients on to other nodes, which hides their addresses. */
const policyOf = (service: Service): { policy?: "Cluster" } =>
    komposeLabel(service, "service.external-traffic-policy")?.toLowerCase() === "cluster" ? { policy: "Cluster" } : {};

export type Opened = ReturnType<typeof openedPorts>[number];

/** Network rules for ports of a pod that are open outside the cluster. */
export const rulesFor = (opened: readonly Opened[]): NetworkRule[] =>
    opened.map(({ port, protocol }) => ({
        name: "clients",
        direction: "ingress",
        ports: [port],
        protocol: protocol === "udp" ? "UDP" : "TCP",
    }));

export function declareOpened(
    { instance }: Conversion,
    workload: Component & HasNode,
    opened: readonly Opened[],
): void {
    for (const type of ["NodePort", "LoadBalancer"] as const) {
        const ports = opened.filter((one) => one.type === type);
        if (ports.length === 0) continue;
        const name = objectName(workload.node.name, type === "NodePort" ? "nodes" : "open");
        instance.add(
            workload,
            "Service",
            name,
            {
                ...(type === "NodePort" || !instance.cluster.loadBalancer
                    ? { metadata: { annotations: { "pulumi.com/skipAwait": "true" } } }
                    : {}),
                spec: {
                    type,
                    selector: selectorOf(workload.node),
                    externalTrafficPolicy: ports.some(({ policy }) => policy === "Cluster") ? "Cluster" : "Local",
                    ports: ports.map(({ port, protocol, nodePort }) => ({
                        name: portName(port, protocol === "udp" ? "udp" : "tcp"),
                        port,
                        targetPort: portName(port, protocol === "udp" ? "udp" : "tcp"),
                        ...(protocol === "udp" ? { protocol: "UDP" } : {}),
                        ...(nodePort === undefined ? {} : { nodePort }),
                    })),
                },
            },
            { node: workload.node, lifetime: "address" },
        );
    }
}

/** Whether one port of both addresses is the same: without an address, it is one of all. */
function overlap(a: string, b: string): boolean {
    const isAll = (ip: string) => ["", "0.0.0.0", "::", "[::]"].includes(ip);
    const isSix = (ip: string) => ip.includes(":");
    return a === b || ((isAll(a) || isAll(b)) && (a === "" || b === "" || isSix(a) === isSix(b)));
}

/** Refuses ports of the machine, or of nodes, that two services have. */
export function checkPublished({ services, notes }: Conversion, opened: readonly Opened[]): void {
    const machine = new Map<string, { ip: string; service: string }[]>();
    for (const [service, { ports = [], network_mode }] of Object.entries(services))
        for (const [index, { published, protocol = "tcp", host_ip = "" }] of ports.entries()) {
            // Of a range Docker takes a port that is free; containers with the machine's network publish none.
            if (published === undefined || !/^\d+$/.test(published) || network_mode === "host") continue;
            const key = `${published} ${protocol}`;
            const taken = machine.get(key) ?? [];
            const other = taken.find(({ ip }) => overlap(ip, host_ip));
            machine.set(key, [...taken, { ip: host_ip, service }]);
            if (other !== undefined)
                notes.refuse(
                    ["services", service, "ports", index],
                    `publishes ${published}, which ${other.service} has already; change one of them`,
                );
        }
    const nodes = new Map<number, string>();
    for (const { service, nodePort } of opened) {
        if (nodePort === undefined) continue;
        const other = nodes.get(nodePort);
        if (other === undefined) nodes.set(nodePort, service);
        else
            notes.refuse(
                ["services", service, "labels", "kompose.service.nodeport.port"],
                `is ${nodePort}, which ${other} has already; change one of them`,
            );
    }
}

/** Says which published ports are open to nobody outside the cluster. */
export function warnOfClosed(
    { services, notes }: Conversion,
    routes: readonly Route[],
    opened: readonly Opened[],
): void {
    for (const [service, { ports = [] }] of Object.entries(services)) {
        const routed = routes.some((route) => route.service === service);
        for (const [index, port] of ports.entries()) {
            const { target = 0 } = port;
            // A port of the machine's choice is one that nobody counts on.
            if (
                port.published === undefined ||
                isPrivate(port) ||
                opened.some((one) => one.service === service && one.port === target)
            )
                continue;
            if (routes.some((route) => route.service === service && route.port === target)) continue;
            // The edge ends TLS itself.
            if (routed && [443, 8443].includes(target)) continue;
            notes.warn(
                ["services", service, "ports", index],
                `${target}${port.protocol === "udp" ? "/udp" : ""} is reached within the instance only; open it with ${port.protocol === "udp" ? "" : "routes for HTTP, or with "}open: [{service: ${service}, port: ${target}}]`,
            );
        }
    }
}
