import type { OwnEdgeConfig } from "../../config/edge";
import type { Instance } from "../instance";
import { type Controller, controllerOf } from "./controllers";

/** Prefixes of annotations that cloud controllers read on Services of type LoadBalancer. */
const ofBalancers = [
    ...["service.beta.kubernetes.io/", "service.kubernetes.io/", "load-balancer.hetzner.cloud/"],
    ...["metallb.io/", "metallb.universe.tf/", "loadbalancer.openstack.org/", "loadbalancer.ovhcloud.com/"],
    ...["oci.oraclecloud.com/", "oci-network-load-balancer.oraclecloud.com/", "networking.gke.io/load-balancer-"],
    ...["kube-vip.io/", "io.cilium/lb-", "lbipam.cilium.io/"],
];

/** Prefixes of annotations that ingress controllers read on an Ingress. */
const ofControllers: Readonly<Record<string, Controller>> = {
    "nginx.ingress.kubernetes.io/": "nginx",
    "nginx.org/": "nginx",
    "traefik.ingress.kubernetes.io/": "traefik",
    "haproxy.org/": "haproxy",
    "haproxy-ingress.github.io/": "haproxy",
    "haproxy.router.openshift.io/": "openshift",
    "route.openshift.io/": "openshift",
    "konghq.com/": "kong",
    "projectcontour.io/": "contour",
    "alb.ingress.kubernetes.io/": "alb",
    "appgw.ingress.kubernetes.io/": "azure",
};

/** Warns of annotations that nothing reads with the balancer's type. */
export function warnOfIdleAnnotations(instance: Instance, edge: OwnEdgeConfig): void {
    const warn = (name: string, why: string) =>
        instance.warn(
            `edge.annotations "${name}" has no effect: ${why}; remove it, or set edge.type to what it is for`,
        );
    const known = edge.type === "Ingress" ? controllerOf(edge) : undefined;
    for (const name of Object.keys(edge.annotations)) {
        const prefix = Object.keys(ofControllers).find((one) => name.startsWith(one));
        if (prefix && edge.type !== "Ingress") warn(name, `ingress controllers read it, and edge.type is ${edge.type}`);
        else if (prefix && known && ofControllers[prefix] !== known && edge.type === "Ingress")
            warn(name, `it is for another ingress controller than that of edge.className "${edge.className}"`);
        else if (ofBalancers.some((one) => name.startsWith(one)) && edge.type !== "LoadBalancer")
            warn(name, `it is for Services of type LoadBalancer, and edge.type is ${edge.type}`);
    }
}
