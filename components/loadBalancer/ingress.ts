import { type IngressEdge, isRouted, type OwnEdgeConfig } from "../../config/edge";
import type { ClusterConfig } from "../../config/stack";

/** Seconds that the longest requests may take: administrations of shops, imports and exports of courses. */
export const longestSeconds = 600;

/** What a site needs of an ingress controller that ends TLS, and of what it asks Caddy for. */
export interface ControllerNeeds {
    readonly ingress: Readonly<Record<string, string>>;
    readonly service: Readonly<Record<string, string>>;
    /** Spec of a BackendConfig, which Google's controller reads by an annotation of the Service. @default none */
    readonly backendConfig?: object;
    /** What no annotation can set, for a warning. @default nothing */
    readonly unset?: string;
}

/** Whether the class is that of OpenShift's router. */
export const isOpenshift = ({ className }: IngressEdge): boolean => className.includes("openshift");

/** What a controller must be told so that TLS is passed through. */
export const passThrough = (edge: IngressEdge): Readonly<Record<string, string>> =>
    isOpenshift(edge) ? { "route.openshift.io/termination": "passthrough" } : {};

/**
 * Limits of ingress controllers, which would cut what the platform allows: ingress-nginx ends larger bodies than 1 MiB
 * with 413 and longer answers than 60 s with 504. By class, as users name them: `nginx-internal` is ingress-nginx, too.
 *
 * @param name of the objects, in the cluster
 * @param maxBody largest request body of all sites in bytes
 */
export function controllerNeeds(edge: IngressEdge, name: string, maxBody: number): ControllerNeeds {
    const { className } = edge;
    const is = (...names: string[]) => names.some((name) => className.includes(name));
    const seconds = String(longestSeconds);
    if (is("nginx"))
        return {
            ingress: {
                // https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/
                "nginx.ingress.kubernetes.io/proxy-body-size": String(maxBody),
                "nginx.ingress.kubernetes.io/proxy-read-timeout": seconds,
                "nginx.ingress.kubernetes.io/proxy-send-timeout": seconds,
                // Those of F5's controller, which has the same class:
                // https://docs.nginx.com/nginx-ingress-controller/configuration/ingress-resources/advanced-configuration-with-annotations/
                "nginx.org/client-max-body-size": String(maxBody),
                "nginx.org/proxy-read-timeout": `${seconds}s`,
                "nginx.org/proxy-send-timeout": `${seconds}s`,
            },
            service: {},
        };
    // The route of OpenShift that is made of an Ingress has its annotations.
    if (isOpenshift(edge)) return { ingress: { "haproxy.router.openshift.io/timeout": `${seconds}s` }, service: {} };
    if (is("haproxy"))
        return {
            ingress: {
                "haproxy.org/timeout-server": `${seconds}s`,
                "haproxy-ingress.github.io/timeout-server": `${seconds}s`,
                "haproxy-ingress.github.io/proxy-body-size": String(maxBody),
            },
            service: {},
        };
    if (is("kong"))
        return {
            ingress: {},
            service: {
                "konghq.com/read-timeout": String(longestSeconds * 1000),
                "konghq.com/write-timeout": String(longestSeconds * 1000),
            },
        };
    if (is("contour")) return { ingress: { "projectcontour.io/response-timeout": `${seconds}s` }, service: {} };
    if (is("azure", "appgw"))
        return { ingress: { "appgw.ingress.kubernetes.io/request-timeout": seconds }, service: {} };
    if (is("alb"))
        return {
            ingress: {
                "alb.ingress.kubernetes.io/load-balancer-attributes": `idle_timeout.timeout_seconds=${seconds}`,
                "alb.ingress.kubernetes.io/healthcheck-path": "/healthz",
            },
            service: {},
        };
    if (is("gce"))
        return {
            ingress: {},
            service: { "cloud.google.com/backend-config": JSON.stringify({ default: name }) },
            backendConfig: {
                timeoutSec: longestSeconds,
                healthCheck: { type: "HTTP", requestPath: "/healthz" },
            },
        };
    const wanted = `request bodies of ${Math.ceil(maxBody / 2 ** 20)} MiB and answers after ${longestSeconds} s`;
    if (is("traefik"))
        return {
            ingress: {},
            service: {},
            unset: `Traefik ends requests whose body takes longer than its entry point's transport.respondingTimeouts.readTimeout (60 s); no annotation changes that, and slow visitors upload ${Math.ceil(maxBody / 2 ** 20)} MiB for longer`,
        };
    return {
        ingress: {},
        service: {},
        unset: `edge.className "${className}" is none of the ingress controllers whose limits are known (nginx, traefik, haproxy, kong, contour, alb, gce, azure, openshift); it should allow ${wanted}, by edge.annotations where it has some`,
    };
}

/** Addresses of pods and nodes: RFC 1918, RFC 6598 and RFC 4193. */
const internalRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];

/** Whether the policies let nobody but the pods of the ingress controller or Gateway connect. */
export const onlyControllerConnects = (edge: OwnEdgeConfig, { networkPolicy }: ClusterConfig): boolean =>
    isRouted(edge) && edge.controllerNamespace !== undefined && networkPolicy !== "off";

/**
 * Ranges whose X-Forwarded-* headers are trusted: the user's; else, where only the pods of the controller in front can
 * connect, those of the cluster, or all internal ones, of which it must have one. A visitor with such an address is
 * then taken for the controller.
 */
export function trustedProxiesOf(edge: OwnEdgeConfig, cluster: ClusterConfig): readonly string[] {
    if (edge.trustedProxies.length > 0) return edge.trustedProxies;
    if (!onlyControllerConnects(edge, cluster)) return [];
    const { ranges } = cluster;
    return ranges.length > 0 ? ranges : internalRanges;
}
