import { isRouted, type OwnEdgeConfig } from "../../config/edge";
import type { Instance } from "../instance";
import { warnOfIdleAnnotations } from "./annotations";
import { cannotPassThrough, controllerOf, isOpenshift } from "./controllers";
import { trustedProxiesOf } from "./ingress";
import { checkProxyProtocol } from "./proxyProtocol";
import type { Tenant } from "./site";
import { endsInFront, isEncrypted, tlsOf } from "./tls";

/** Warns about settings that do not fit how the balancer is reached: links, certificates, passwords. */
export function warnOfReach(instance: Instance, edge: OwnEdgeConfig): void {
    const tls = tlsOf(instance);
    const plain = tls.mode === "off" && !tls.inFront;
    if (edge.type === "NodePort") {
        const port = tls.mode === "off" ? "httpPort" : "httpsPort";
        if (edge[port] === undefined)
            instance.warn(
                `edge.type NodePort without edge.${port}: Kubernetes chooses a port, which links and redirects do not contain; allowed: 30000 to 32767`,
            );
        if (tls.mode === "acme")
            instance.warn(
                "tls.mode acme behind edge.type NodePort: the authority only connects to ports 80 and 443; unless these are forwarded to the node ports, it issues no certificate",
            );
    }
    if (edge.type !== "LoadBalancer") return;
    if (tls.mode === "acme" && edge.sourceRanges.length > 0)
        instance.warn(
            "tls.mode acme with edge.sourceRanges: an authority outside these ranges cannot connect, and issues no certificate (those of Let's Encrypt have no fixed addresses); http.allow only restricts visitors",
        );
    if (plain)
        instance.warn(
            "tls.mode off: passwords are transmitted unencrypted; set tls.mode to acme, custom or internal, or tls.inFront if TLS is terminated in front of this balancer",
        );
}

/** Reports contradictory settings, and warns about those that may not work as expected. */
export function check({ instance, sites }: Tenant, edge: OwnEdgeConfig): void {
    checkProxyProtocol(instance, edge);
    warnOfIdleAnnotations(instance, edge);
    const tls = tlsOf(instance);
    const inFront = endsInFront(edge);
    if (edge.type === "Gateway" && tls.mode !== "off")
        instance.problem(
            ["tls", "mode"],
            `"${tls.mode}" is not possible with edge.type Gateway: the Gateway terminates TLS, with the certificates of its listeners; allowed: off, with tls.inFront: true if visitors use https`,
        );
    else if (inFront && tls.mode === "internal")
        instance.problem(
            ["tls", "mode"],
            `"internal" is not possible if the ingress controller terminates TLS; allowed: acme, custom, off, or edge.terminates: edge`,
        );
    if (edge.type === "Ingress" && !inFront && tls.mode === "off")
        instance.problem(
            ["tls", "mode"],
            `"off" is not possible with edge.terminates: edge; allowed: acme, custom, internal`,
        );
    const passes = edge.type === "Ingress" && !inFront ? cannotPassThrough(edge) : undefined;
    if (passes !== undefined) instance.problem(["edge", "terminates"], passes);
    if (edge.type === "Ingress" && !inFront && passes === undefined && controllerOf(edge) === undefined)
        instance.warn(
            `edge.className "${edge.className}" is none of the ingress controllers that are known to pass TLS through (nginx, haproxy, openshift); it has to be told, by edge.annotations where it has some`,
        );
    if (edge.type === "Ingress" && inFront && tls.mode !== "off" && controllerOf(edge) === "alb")
        instance.warn(
            `tls.mode ${tls.mode}: AWS's balancer takes certificates from ACM only, by the host or by alb.ingress.kubernetes.io/certificate-arn in edge.annotations; set tls to {mode: off, inFront: true}`,
        );
    else if (
        edge.type === "Ingress" &&
        inFront &&
        tls.mode === "acme" &&
        !Object.keys(edge.annotations).some((key) => key.startsWith("cert-manager.io/"))
    )
        instance.warn(
            `the ingress controller ends TLS: certificates come from cert-manager, but edge.annotations names no issuer (cert-manager.io/cluster-issuer)`,
        );
    const allows =
        instance.config.http.allow.length > 0 ||
        sites.some(({ routes }) => routes.some(({ allow = [] }) => allow.length > 0));
    // The PROXY protocol tells the client's address whatever the connection's is.
    if (
        allows &&
        edge.proxyProtocol === false &&
        "externalTrafficPolicy" in edge &&
        edge.externalTrafficPolicy === "Cluster"
    )
        instance.warn(
            "edge.externalTrafficPolicy Cluster: client addresses are lost if a connection is forwarded by another node, and allow-lists compare that node's address; with nodes in edge.trustedProxies, clients could claim any address. Set it to Local",
        );
    if (trustedProxiesOf(edge, instance.cluster).length > 0) return;
    const controller = edge.type === "Gateway" ? "Gateway" : "ingress controller";
    if (isRouted(edge) && inFront && (tls.mode !== "off" || tls.inFront))
        instance.problem(
            ["edge", "trustedProxies"],
            `is empty: the application would take the ${controller} for the client, and its https for http, and redirect for ever; allowed: the controller's addresses (the pods' range, or the nodes'), or its namespace as edge.controllerNamespace`,
        );
    else if (isRouted(edge) && inFront)
        instance.warn(
            `edge.trustedProxies is empty: logs and applications see the ${controller} as the client, and plain requests are not redirected`,
        );
    else if (tls.mode === "off" && tls.inFront)
        instance.warn(
            "tls.inFront needs edge.trustedProxies: without it applications see plain HTTP, and plain requests are not redirected",
        );
    if (allows && edge.proxyProtocol === false && (isRouted(edge) || edge.type === "ClusterIP"))
        instance.warn("allow-lists compare the address of the proxy in front, because edge.trustedProxies is empty");
}

/**
 * Reports plain sites beside those with the router's own certificate, behind OpenShift's router: an Ingress asks for it
 * for all of its hosts, so visitors of the plain ones would be redirected to https.
 */
export function checkRouter(tenants: readonly Tenant[], edge: OwnEdgeConfig): void {
    if (edge.type !== "Ingress" || !isOpenshift(edge) || !endsInFront(edge)) return;
    const byRouter = tenants.find(({ instance }) => tlsOf(instance).mode === "off" && isEncrypted(instance));
    if (!byRouter) return;
    const secure = byRouter.instance.name;
    for (const { instance } of tenants.filter((tenant) => !isEncrypted(tenant.instance)))
        instance.problem(
            ["tls", "inFront"],
            `false is not possible on one balancer with ${secure}, which has the certificate of OpenShift's router: ${instance.name} would be redirected to https, too; allowed: true, an edge of its own, or tls.mode custom or certManager of ${secure}`,
        );
}
