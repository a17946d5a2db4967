import type { ApiResource, Gateway } from "../cluster/live";
import type { RenderedObject, Rendering } from "../render/rendering";
import { type Finding, ok, problem } from "./finding";

export interface GatewayFacts {
    readonly rendering: Pick<Rendering, "objects">;
    readonly apiResources: readonly ApiResource[];
    /** Those that the stack's routes name, as far as they exist. */
    readonly gateways: readonly Gateway[];
}

interface Parent {
    readonly namespace: string;
    readonly name: string;
    /** Name of a listener. @default any */
    readonly sectionName?: string;
}

const api = "gateway.networking.k8s.io/v1";

/** HTTPRoutes: those of edges of type Gateway, and the user's own. */
export const routesIn = (objects: readonly RenderedObject[]): readonly RenderedObject[] =>
    objects.filter(({ apiVersion, kind }) => apiVersion === api && kind === "HTTPRoute");

/** The Gateways that a route names; those of the user's own routes may leave out namespace and kind. */
function parentsOf({ spec, metadata }: RenderedObject): Parent[] {
    const { parentRefs = [] } = (spec ?? {}) as {
        readonly parentRefs?: readonly (Partial<Parent> & { readonly name: string; readonly kind?: string })[];
    };
    return parentRefs
        .filter(({ kind = "Gateway" }) => kind === "Gateway")
        .map((parent) => ({ ...parent, namespace: parent.namespace ?? metadata.namespace! }));
}

const fullName = ({ namespace, name }: Pick<Parent, "namespace" | "name">) => `${namespace}/${name}`;

/** The Gateways that routes name, each once. */
export const parentsIn = (routes: readonly RenderedObject[]): Parent[] => [
    ...new Map(routes.flatMap(parentsOf).map((parent) => [fullName(parent), parent])).values(),
];

/** Whether the Gateways of the stack's edges exist, and let its routes attach. */
export function gateways(facts: GatewayFacts): Finding {
    const routes = routesIn(facts.rendering.objects);
    if (routes.length === 0) return ok("not needed: no edge is of type Gateway");
    if (!facts.apiResources.some(({ apiVersion, kind }) => apiVersion === api && kind === "HTTPRoute"))
        return problem(
            `the server does not know HTTPRoute of ${api}`,
            "install an implementation of the Gateway API, and its CustomResourceDefinitions if it does not bring them: https://gateway-api.sigs.k8s.io/guides/getting-started/",
        );
    const wanted = parentsIn(routes);
    const found = new Map(facts.gateways.map((gateway) => [fullName(gateway.metadata), gateway]));
    const missing = wanted.map(fullName).filter((name) => !found.has(name));
    if (missing.length > 0)
        return problem(
            `missing: Gateway ${missing.join(", ")}`,
            "create it, with a listener for the hosts, or name another in edge.gateway",
        );
    for (const route of routes)
        for (const parent of parentsOf(route)) {
            const refusal = refusalOf(route, parent, found.get(fullName(parent))!);
            if (refusal) return refusal;
        }
    const addresses = [...found].map(([name, { status }]) => {
        const values = (status?.addresses ?? []).flatMap(({ value }) => value ?? []);
        return `${name} (${values.join(", ") || "without an address"})`;
    });
    return ok(addresses.join(", "));
}

/** Why no listener of a Gateway accepts a route, as far as names and `from` tell; undefined if one may. */
function refusalOf(route: RenderedObject, parent: Parent, { spec }: Gateway): Finding | undefined {
    const listeners = spec.listeners ?? [];
    const { sectionName } = parent;
    const asked = listeners.filter(({ name }) => sectionName === undefined || name === sectionName);
    const at = `Gateway ${fullName(parent)}`;
    if (asked.length === 0)
        return problem(
            `${at} has no listener${sectionName === undefined ? "" : ` "${sectionName}"`}; it has: ${listeners.map(({ name }) => name).join(", ") || "none"}`,
            "add one, or name another in edge.gateway.section",
        );
    const { namespace } = route.metadata;
    const admits = asked.some(({ allowedRoutes }) => {
        const from = allowedRoutes?.namespaces?.from ?? "Same";
        return from === "Same" ? namespace === parent.namespace : from !== "None";
    });
    return admits
        ? undefined
        : problem(
              `${at} accepts no route from the namespace ${namespace}`,
              "set allowedRoutes.namespaces of its listener to {from: All}, or to a selector of that namespace",
          );
}
