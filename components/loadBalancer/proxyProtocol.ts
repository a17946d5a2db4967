import type { OwnEdgeConfig } from "../../config/edge";
import type { Instance } from "../instance";
import { onlyControllerConnects } from "./ingress";

/** Ranges whose PROXY protocol Caddy believes. Empty if it expects none. */
export function proxyProtocolRanges(edge: OwnEdgeConfig): readonly string[] {
    if (typeof edge.proxyProtocol !== "boolean") return edge.proxyProtocol;
    if (!edge.proxyProtocol) return [];
    // Without ranges, only the controller's pods can connect at all: see checkProxyProtocol.
    return edge.trustedProxies.length > 0 ? edge.trustedProxies : ["0.0.0.0/0", "::/0"];
}

/**
 * Annotations that make a provider's balancer speak the PROXY protocol, by the documentation of each provider's cloud
 * controller: Hetzner, DigitalOcean, AWS (both controllers), OpenStack and OVH, Scaleway, Akamai, Vultr, Oracle.
 */
const asking: Readonly<Record<string, RegExp>> = {
    "load-balancer.hetzner.cloud/uses-proxyprotocol": /^true$/,
    "service.beta.kubernetes.io/do-loadbalancer-enable-proxy-protocol": /^true$/,
    "service.beta.kubernetes.io/aws-load-balancer-proxy-protocol": /^\*$/,
    "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes": /(^|,)\s*proxy_protocol_v2\.enabled=true/,
    "loadbalancer.openstack.org/proxy-protocol": /^(true|v1|v2)$/i,
    "service.beta.kubernetes.io/ovh-loadbalancer-proxy-protocol": /^v[12]/,
    "loadbalancer.ovhcloud.com/proxy-protocol": /^v[12]/,
    "service.beta.kubernetes.io/scw-loadbalancer-proxy-protocol-v1": /^(true|\*)$/,
    "service.beta.kubernetes.io/scw-loadbalancer-proxy-protocol-v2": /^(true|\*)$/,
    "service.beta.kubernetes.io/linode-loadbalancer-proxy-protocol": /^v[12]$/,
    "service.beta.kubernetes.io/vultr-loadbalancer-proxy-protocol": /^true$/,
    "oci.oraclecloud.com/oci-network-load-balancer-is-ppv2-enabled": /^true$/,
    "oci-network-load-balancer.oraclecloud.com/is-ppv2-enabled": /^true$/,
};

/** Reports a balancer that speaks the protocol to an edge that does not, and an edge that would believe anybody. */
export function checkProxyProtocol(instance: Instance, edge: OwnEdgeConfig): void {
    const { proxyProtocol, trustedProxies } = edge;
    if (proxyProtocol === false)
        for (const [annotation, value] of Object.entries(edge.annotations))
            if (asking[annotation]?.test(value))
                instance.problem(
                    ["edge", "annotations", annotation],
                    `"${value}" makes the balancer begin each connection with the PROXY protocol, and each request would be answered with 400; allowed: together with edge.proxyProtocol, the balancer's ranges such as [10.0.0.0/8]`,
                );
    if (proxyProtocol === true && trustedProxies.length === 0 && !onlyControllerConnects(edge, instance.cluster))
        instance.problem(
            ["edge", "proxyProtocol"],
            "true means edge.trustedProxies, which is empty: anybody who reaches the pods could claim any address; allowed: the balancer's ranges, such as [10.0.0.0/8]",
        );
}
