import type * as k8s from "@pulumi/kubernetes";
import type { Fields } from "../kinds";
import { type IngressEdge, isRouted, type OwnEdgeConfig } from "../../config/edge";
import { ports } from "./edgeNames";
import { isOpenshift } from "./ingress";
import { endsInFront } from "./tls";

type ServiceSpec = Fields<k8s.types.input.core.v1.ServiceSpec>;
type PolicySpec = Fields<k8s.types.input.networking.v1.NetworkPolicySpec>;
type IngressSpec = Fields<k8s.types.input.networking.v1.IngressSpec>;

/** Hosts of one instance and the Secret with their certificate, if the ingress controller terminates TLS. */
export interface IngressHosts {
    readonly hosts: readonly string[];
    readonly secret?: string;
    /** Whether their visitors use TLS. */
    readonly secure: boolean;
}

/** The Service in front of Caddy; `secure` if Caddy itself terminates TLS for any site. */
export function serviceSpec(edge: OwnEdgeConfig, secure: boolean, selector: Record<string, string>): ServiceSpec {
    const direct = edge.type === "LoadBalancer" || edge.type === "NodePort" ? edge : undefined;
    const nodePort = edge.type === "NodePort" ? edge : undefined;
    const balancer = edge.type === "LoadBalancer" ? edge : undefined;
    const port = (name: string, number: number, targetPort: string, node?: number) => ({
        name,
        port: number,
        targetPort,
        ...(node === undefined ? {} : { nodePort: node }),
    });
    return {
        type: isRouted(edge) ? "ClusterIP" : edge.type,
        selector,
        ...(direct ? { externalTrafficPolicy: direct.externalTrafficPolicy } : {}),
        ...(balancer?.address ? { loadBalancerIP: balancer.address } : {}),
        ...(balancer?.loadBalancerClass ? { loadBalancerClass: balancer.loadBalancerClass } : {}),
        ...(balancer && balancer.sourceRanges.length > 0 ? { loadBalancerSourceRanges: balancer.sourceRanges } : {}),
        ports: [
            port("http", 80, "http", nodePort?.httpPort),
            ...(secure ? [port("https", 443, "https", nodePort?.httpsPort)] : []),
            // By number, because the pod's named port is the TCP one.
            ...(secure && direct?.http3
                ? [
                      {
                          name: "http3",
                          port: 443,
                          protocol: "UDP",
                          targetPort: ports.https,
                          ...(nodePort?.httpsPort ? { nodePort: nodePort.httpsPort } : {}),
                      },
                  ]
                : []),
        ],
    };
}

/**
 * Lets the ingress controller, or whoever it may be, reach the pods with which cert-manager answers an authority (HTTP-01): no component
 * declares them, and undeclared paths are closed. Their label and port are cert-manager's:
 * https://github.com/cert-manager/cert-manager/blob/master/pkg/issuer/acme/http/pod.go
 */
export function solverPolicy(edge: OwnEdgeConfig): PolicySpec {
    const { trustedProxies } = edge;
    const controllerNamespace = edge.type === "Ingress" ? edge.controllerNamespace : undefined;
    const from = controllerNamespace && [
        { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": controllerNamespace } } },
        ...trustedProxies.map((cidr) => ({ ipBlock: { cidr } })),
    ];
    return {
        podSelector: { matchLabels: { "acme.cert-manager.io/http01-solver": "true" } },
        policyTypes: ["Ingress"],
        ingress: [{ ...(from ? { from } : {}), ports: [{ protocol: "TCP", port: 8089 }] }],
    };
}

/**
 * One rule per host, all to Caddy, which routes by path.
 *
 * OpenShift makes a Route of each host, without TLS unless the Ingress has some; an empty one stands for the router's own
 * certificate. Routes that pass TLS through have no path.
 * https://docs.redhat.com/en/documentation/openshift_container_platform/4.18/html/ingress_and_load_balancing/routes
 */
export function ingressSpec(edge: IngressEdge, service: string, all: readonly IngressHosts[]): IngressSpec {
    const backend = { service: { name: service, port: { name: endsInFront(edge) ? "http" : "https" } } };
    const tls: { hosts?: string[]; secretName?: string }[] = all.flatMap(({ hosts, secret }) =>
        secret === undefined ? [] : [{ hosts: [...hosts], secretName: secret }],
    );
    const passes = isOpenshift(edge) && !endsInFront(edge);
    const path = passes ? { path: "", pathType: "ImplementationSpecific" } : { path: "/", pathType: "Prefix" };
    if (isOpenshift(edge) && !passes && all.some(({ secret, secure }) => secure && secret === undefined)) tls.push({});
    return {
        ingressClassName: edge.className,
        ...(tls.length > 0 ? { tls } : {}),
        rules: all.flatMap(({ hosts }) => hosts.map((host) => ({ host, http: { paths: [{ ...path, backend }] } }))),
    };
}
