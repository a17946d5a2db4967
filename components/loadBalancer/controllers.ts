import type { IngressEdge } from "../../config/edge";

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

/** Known controllers by their classes, as users name these: `nginx-internal` is ingress-nginx, too. */
const classes = {
    // AKS' application routing is ingress-nginx.
    nginx: /nginx|webapprouting/,
    openshift: /openshift/,
    haproxy: /haproxy/,
    kong: /kong/,
    contour: /contour/,
    // Not Application Gateway for Containers, azure-alb-external, which reads neither these annotations nor AWS's.
    azure: /appgw|azure(?!-alb)/,
    alb: /(?<!azure-)alb/,
    gce: /gce/,
    traefik: /traefik/,
} as const;

export type Controller = keyof typeof classes;

/** The controller of a class; undefined if it is none of those that are known. */
export const controllerOf = ({ className }: IngressEdge): Controller | undefined =>
    (Object.keys(classes) as Controller[]).find((name) => classes[name].test(className));

/** Whether the class is that of OpenShift's router. */
export const isOpenshift = (edge: IngressEdge): boolean => controllerOf(edge) === "openshift";

/** AWS's attributes of a balancer, a list of `key=value`. */
const attributesOfAlb = "alb.ingress.kubernetes.io/load-balancer-attributes";
const idleTimeOut = "idle_timeout.timeout_seconds";

/**
 * Limits of ingress controllers, which would cut what the platform allows: ingress-nginx ends larger bodies than 1 MiB
 * with 413 and longer answers than 60 s with 504; and what those of clouds need to find the pods, and them healthy.
 *
 * @param name of the objects, in the cluster
 * @param maxBody largest request body of all sites in bytes
 */
export function controllerNeeds(edge: IngressEdge, name: string, maxBody: number): ControllerNeeds {
    const seconds = String(longestSeconds);
    const mebibytes = Math.ceil(maxBody / 2 ** 20);
    switch (controllerOf(edge)) {
        case "nginx":
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
        case "openshift":
            return { ingress: { "haproxy.router.openshift.io/timeout": `${seconds}s` }, service: {} };
        // https://github.com/haproxytech/kubernetes-ingress/blob/master/documentation/annotations.md, which has no limit
        // of bodies; and https://haproxy-ingress.github.io/docs/configuration/keys/
        case "haproxy":
            return {
                ingress: {
                    "haproxy.org/timeout-server": `${seconds}s`,
                    "haproxy-ingress.github.io/timeout-server": `${seconds}s`,
                    "haproxy-ingress.github.io/proxy-body-size": String(maxBody),
                },
                service: {},
            };
        // Bodies have no limit unless a plugin sets one.
        case "kong":
            return {
                ingress: {},
                service: {
                    "konghq.com/read-timeout": String(longestSeconds * 1000),
                    "konghq.com/write-timeout": String(longestSeconds * 1000),
                },
            };
        case "contour":
            return { ingress: { "projectcontour.io/response-timeout": `${seconds}s` }, service: {} };
        // https://learn.microsoft.com/azure/application-gateway/ingress-controller-annotations
        case "azure":
            return {
                ingress: {
                    "appgw.ingress.kubernetes.io/request-timeout": seconds,
                    "appgw.ingress.kubernetes.io/health-probe-path": "/healthz",
                },
                service: {},
            };
        // https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
        case "alb":
            return {
                ingress: {
                    [attributesOfAlb]: `${idleTimeOut}=${seconds}`,
                    "alb.ingress.kubernetes.io/healthcheck-path": "/healthz",
                    // Its default is a port of the nodes, which a Service of type ClusterIP does not have.
                    "alb.ingress.kubernetes.io/target-type": "ip",
                },
                service: {},
            };
        case "gce":
            return {
                // It ignores an Ingress with spec.ingressClassName:
                // https://cloud.google.com/kubernetes-engine/docs/troubleshooting/ingress
                ingress: { "kubernetes.io/ingress.class": edge.className },
                service: {
                    "cloud.google.com/backend-config": JSON.stringify({ default: name }),
                    // To the pods, since a Service of type ClusterIP has no port of the nodes.
                    "cloud.google.com/neg": JSON.stringify({ ingress: true }),
                },
                backendConfig: {
                    timeoutSec: longestSeconds,
                    healthCheck: { type: "HTTP", requestPath: "/healthz" },
                },
            };
        // It waits for an answer for ever. https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/
        case "traefik":
            return {
                ingress: {},
                service: {},
                unset: `Traefik ends requests whose body takes longer than its entry point's transport.respondingTimeouts.readTimeout (60 s); no annotation changes that, and slow visitors upload ${mebibytes} MiB for longer`,
            };
        case undefined:
            return {
                ingress: {},
                service: {},
                unset: `edge.className "${edge.className}" is none of the ingress controllers whose limits are known (${Object.keys(classes).join(", ")}); it should allow request bodies of ${mebibytes} MiB and answers after ${longestSeconds} s, by edge.annotations where it has some`,
            };
    }
}

/** The annotations of an Ingress: the user's count, but their attributes of a balancer do not drop the time-out. */
export function ingressAnnotations(
    { annotations }: IngressEdge,
    needed: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
    const [own, ours] = [annotations[attributesOfAlb], needed[attributesOfAlb]];
    const both: Record<string, string> =
        own && ours && !own.includes(idleTimeOut) ? { [attributesOfAlb]: `${ours},${own}` } : {};
    return { ...needed, ...annotations, ...both };
}

/** What lets a controller pass TLS through to the balancer, by controllers that an Ingress can ask for it. */
export function passThrough(edge: IngressEdge): Readonly<Record<string, string>> {
    switch (controllerOf(edge)) {
        // The class of F5's controller is the same, which passes TLS through by a TransportServer only.
        case "nginx":
            return {
                "nginx.ingress.kubernetes.io/ssl-passthrough": "true",
                "nginx.ingress.kubernetes.io/backend-protocol": "HTTPS",
                // Without a certificate of its own it would not redirect plain requests.
                "nginx.ingress.kubernetes.io/force-ssl-redirect": "true",
            };
        case "haproxy":
            return {
                "haproxy.org/ssl-passthrough": "true",
                "haproxy-ingress.github.io/ssl-passthrough": "true",
                ...(edge.proxyProtocol === false
                    ? {}
                    : {
                          "haproxy.org/send-proxy-protocol": "proxy-v2",
                          "haproxy-ingress.github.io/proxy-protocol": "v2",
                      }),
            };
        case "openshift":
            return { "route.openshift.io/termination": "passthrough" };
        default:
            return {};
    }
}

/** Kinds of object by which other controllers pass TLS through; "" for those that cannot. */
const otherwise: Readonly<Partial<Record<Controller, string>>> = {
    traefik: "an IngressRouteTCP with tls.passthrough",
    kong: "a TLSRoute",
    contour: "an HTTPProxy with tls.passthrough",
    azure: "",
    alb: "",
    gce: "",
};

/**
 * Why a controller cannot be asked by an Ingress to pass TLS through, in the form of a problem; undefined if it can, or
 * is not known.
 */
export function cannotPassThrough(edge: IngressEdge): string | undefined {
    const controller = controllerOf(edge);
    const object = controller && otherwise[controller];
    if (object === undefined) return undefined;
    const why = object
        ? `an Ingress cannot ask for it, only ${object} can; allowed: controller, or edge.type ClusterIP with such an object in extraObjects`
        : "that balancer always ends TLS itself; allowed: controller, or edge.type LoadBalancer";
    return `"edge" is not possible with edge.className "${edge.className}": ${why}`;
}
