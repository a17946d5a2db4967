import type { EdgeSecret, OwnEdgeConfig } from "../../config/edge";
import { parseQuantity } from "../../config/quantity";
import type { Edge, Service } from "../graph";
import type { Instance } from "../instance";
import type { Route, Site } from "../site";
import type { FileRoute, FileSite } from "./fileSite";
import { snippetOf } from "./reload";
import { authorityFiles } from "./authority";
import { endsInFront, isTrusted, siteTls, tlsOf } from "./tls";

/** An instance and its sites behind one balancer. */
export interface Tenant {
    readonly instance: Instance<EdgeSecret>;
    readonly sites: readonly Site[];
}

/**
 * @param snippets directory of the lines for custom certificates
 * @throws RangeError for an unknown port name in a platform
 */
export function fileSites({ instance, sites }: Tenant, edge: OwnEdgeConfig, snippets: string): FileSite[] {
    const { http, state } = instance.config;
    const tls = tlsOf(instance);
    const files = endsInFront(edge) ? {} : authorityFiles(instance);
    return sites.map(({ host, redirectTo, routes, closed = [], rewrites = {}, embeddable = false }) => ({
        host,
        tls: siteTls(edge, tls, snippetOf(snippets, instance.name), files),
        hstsSeconds: isTrusted(tls) ? http.hstsSeconds : 0,
        compression: http.compression,
        securityHeaders: http.securityHeaders,
        accessLog: http.accessLog,
        allow: http.allow,
        stopped: state === "stopped",
        closed,
        rewrites,
        embeddable,
        ...(redirectTo === undefined ? {} : { redirectTo }),
        routes: routes.map((route) => fileRoute(route, http.maxBody)),
    }));
}

function fileRoute({ path, to, port, allow = [], maxBody }: Route, normal: string): FileRoute {
    return {
        ...(path === undefined ? {} : { path }),
        upstream: `${to.host}:${to.ports[portName(to, port)]}`,
        allow,
        maxBody: Math.floor(parseQuantity(maxBody ?? normal)),
    };
}

function portName(to: Service, port: string | undefined): string {
    const name = port ?? Object.keys(to.ports)[0];
    if (name === undefined || !(name in to.ports))
        throw new RangeError(`${to.node} has no port "${name}"; available: ${Object.keys(to.ports).join(", ")}`);
    return name;
}

/** One edge for each service behind the sites, with the ports in use. */
export function usesOf(sites: readonly Site[]): Edge[] {
    const used = new Map<string, { to: Service; ports: Set<string> }>();
    for (const { to, port } of sites.flatMap(({ routes }) => routes)) {
        const entry = used.get(to.node) ?? { to, ports: new Set() };
        used.set(to.node, entry);
        entry.ports.add(portName(to, port));
    }
    return [...used.values()].map(({ to, ports }) => to.bind({}, [...ports]));
}
