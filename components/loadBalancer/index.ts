import { Component, type ComponentOptions } from "../component";
import { type EdgeSecret, type IngressEdge, isRouted, type OwnEdgeConfig, type TlsConfig } from "../../config/edge";
import { claim } from "../claim";
import { deployment } from "../deployment";
import { egressRule } from "../egress";
import type { Node } from "../graph";
import type { HasNode, Instance } from "../instance";
import { selectorOf } from "../labels";
import type { Site } from "../site";
import { linesOf } from "../languages/text";
import type { Mount } from "../podArgs";
import type { Stack } from "../stack";
import { drainSeconds } from "../webTier";
import { authorityMounts } from "./authority";
import {
    certificateLine,
    certificateMounts,
    hasFiles,
    ingressSecret,
    pairOf,
    requestCertificate,
} from "./certificateFiles";
import { controllerNeeds, ingressAnnotations, passThrough } from "./controllers";
import { caddyfile } from "./caddyfile";
import { edgeName, ports, sharedName } from "./edgeNames";
import { check, checkRouter, warnOfReach } from "./checks";
import { furtherNames } from "./furtherNames";
import { gatewayRoutes, unsetLimits } from "./gateway";
import { trustedProxiesOf } from "./ingress";
import { networkRulesOf } from "./networkRules";
import { proxyProtocolRanges } from "./proxyProtocol";
import { edgePod, graceSeconds, scriptFolder } from "./pod";
import { configFolder, reloadScript } from "./reload";
import { type IngressHosts, ingressSpec, serviceSpec, solverPolicy } from "./service";
import { sharedInstance } from "./shared";
import { fileSites, type Tenant, usesOf } from "./site";
import { edgeOf, endsInFront, isEncrypted, tlsOf } from "./tls";

export { addressesOf } from "./address";
export type { Route, Site } from "../site";
export { edgeName } from "./edgeNames";
export { edgeOf, isEncrypted, tlsOf } from "./tls";

export interface LoadBalancerArgs {
    readonly edge: OwnEdgeConfig;
    /** The instances with the sites that it serves: its own instance, or all that share it. */
    readonly tenants: readonly Tenant[];
}

/**
 * Seconds that a stopping pod continues to answer if only nodes with a pod get connections. A node whose last pod is
 * terminating leaves a cloud's balancer only after its health checks have failed: three of 8 s on Google Cloud, two of
 * 10 s on AWS, two of 5 s on Azure.
 */
const localDrainSeconds = 30;
const adminSocket = "/run/caddy/admin.sock";
const snippets = "/run/caddy/tls";

/**
 * Publishes the sites of an instance: by a balancer of its own in its namespace, or by the stack's shared one.
 *
 * Call it once per instance, in any state.
 */
export function publish(instance: Instance<EdgeSecret>, sites: readonly Site[]): void {
    const all = [...sites, ...furtherNames(instance, sites)];
    instance.sites.push(...all);
    if (instance.config.edge.type === "shared") return;
    new LoadBalancer(instance, edgeName, { edge: edgeOf(instance), tenants: [{ instance, sites: all }] });
}

/**
 * Declares the balancer of all instances with `edge.type: shared`, after the last of them.
 *
 * @returns the instance that it belongs to; undefined if no instance shares one
 */
export function declareSharedEdge(stack: Stack, instances: readonly Instance<EdgeSecret>[]): Instance | undefined {
    const tenants = instances
        .filter(({ config, sites }) => config.edge.type === "shared" && sites.length > 0)
        .map((instance) => ({ instance, sites: instance.sites }));
    if (tenants.length === 0) return undefined;
    const instance = sharedInstance(stack, tenants);
    new LoadBalancer(instance, edgeName, { edge: stack.config.sharedEdge.edge, tenants });
    return instance;
}

/**
 * Caddy in front of the sites of one or more instances: terminates TLS, routes by host and path, limits, compresses, logs.
 *
 * A change of a site reloads Caddy in its pods; these roll only when they themselves change.
 */
export class LoadBalancer extends Component implements HasNode {
    readonly node: Node;

    constructor(instance: Instance, name: string, { edge, tenants }: LoadBalancerArgs, opts?: ComponentOptions) {
        super(instance, "LoadBalancer", name, opts);
        // A removed instance has no sites, but its volume of certificates is kept.
        const served = tenants.filter(
            ({ instance: { config } }) => config.state !== "removed" || config.name === instance.name,
        );
        const sites = served.flatMap((tenant) => fileSites(tenant, edge, snippets));
        const secure = sites.some(({ tls }) => tls.mode !== "off");
        const keeps = tenants.some((tenant) => keepsCertificates(edge, tlsOf(tenant.instance)));
        const { monitoringNamespace } = instance.cluster;
        for (const tenant of served) {
            check(tenant, edge);
            if (tenant.instance.config.state !== "removed") warnOfReach(tenant.instance, edge);
        }

        checkRouter(served, edge);
        this.node = instance.addNode(name, {
            kind: "load balancer",
            uses: usesOf(served.flatMap((tenant) => tenant.sites)),
            networkRules: [
                ...networkRulesOf(edge, sites, monitoringNamespace),
                ...instance.config.egress.map(egressRule),
            ],
        });
        const { node } = this;
        const custom = served.filter((tenant) => hasFiles(tlsOf(tenant.instance)));
        const pairs = custom.flatMap((tenant) => pairOf(instance, tenant));
        const mountsCertificates = !endsInFront(edge) && (custom.length > 0 || instance.name === sharedName);

        const file = caddyfile({
            ports: {
                http: ports.http,
                https: ports.https,
                health: ports.health,
                ...(monitoringNamespace ? { metrics: ports.metrics } : {}),
            },
            adminSocket,
            trustedProxies: trustedProxiesOf(edge, instance.cluster),
            proxyProtocol: proxyProtocolRanges(edge),
            http3: "http3" in edge && edge.http3,
            graceSeconds,
            ...(edge.type === "NodePort" ? { publicPorts: { http: edge.httpPort, https: edge.httpsPort } } : {}),
            sites,
        });
        const script = reloadScript({
            caddyfile: `${configFolder}/Caddyfile`,
            list: `${configFolder}/certificates`,
            snippets,
            adminSocket,
            interval: 2,
        });
        const list = linesOf(
            mountsCertificates ? custom.map(({ instance: tenant }) => certificateLine(instance, tenant)) : [],
        );
        const config = instance.add(
            this,
            "ConfigMap",
            name,
            { data: { Caddyfile: file, certificates: list } },
            { node, fixedName: true },
        );
        const reload = instance.add(this, "ConfigMap", `${name}-reload`, { data: { "reload.sh": script } }, { node });
        const data: Mount = keeps
            ? { path: "/data", claim: claim(instance, this, `${name}-data`, { size: "1Gi", node }) }
            : // The socket that it creates and locks.
              { path: "/data", scratch: { size: "16Mi" } };
        const files: Mount[] = [
            { path: configFolder, configMap: config },
            // In RAM, because private keys are copied there: 20 KiB for a site with a long chain, a hundred sites and more.
            { path: "/run/caddy", scratch: { memory: true, size: "16Mi" } },
            data,
            ...(mountsCertificates ? certificateMounts(instance, this, node, pairs, custom) : []),
            ...(endsInFront(edge) ? [] : authorityMounts(instance, this, node, served)),
        ];
        for (const tenant of served) requestCertificate(instance, this, tenant);
        deployment(instance, this, node, {
            pod: edgePod(files, { path: scriptFolder, configMap: reload }, instance, {
                drain:
                    "externalTrafficPolicy" in edge && edge.externalTrafficPolicy === "Local"
                        ? localDrainSeconds
                        : drainSeconds,
                secure: secure || (instance.name === sharedName && !endsInFront(edge)),
                prepares: mountsCertificates,
            }),
            replicas: keeps || instance.config.size === "small" ? 1 : 2,
            recreate: keeps,
        });

        // The wait is for the address only; a stopped instance has no pods that a controller could report.
        const waits =
            (edge.type === "LoadBalancer" || edge.type === "Ingress") &&
            instance.cluster.loadBalancer &&
            instance.config.state === "running" &&
            edge.publicAddress === undefined;
        const skip = { "pulumi.com/skipAwait": "true" };
        const maxBody = Math.max(0, ...sites.flatMap(({ routes }) => routes.map((route) => route.maxBody)));
        const needs = edge.type === "Ingress" && endsInFront(edge) ? this.needsOf(instance, edge, maxBody) : undefined;
        const service = instance.add(
            this,
            "Service",
            name,
            {
                metadata: {
                    annotations: {
                        ...(isRouted(edge) ? needs?.service : edge.annotations),
                        ...(edge.type === "LoadBalancer" && waits ? {} : skip),
                    },
                },
                spec: serviceSpec(edge, secure, selectorOf(node)),
            },
            { node, lifetime: "address" },
        );
        if (edge.type === "Ingress") {
            const hosts: IngressHosts[] = served.map((tenant) => ({
                hosts: tenant.sites.map(({ host }) => host),
                secure: isEncrypted(tenant.instance),
                ...(endsInFront(edge) ? ingressSecret(instance, this, node, pairs, tenant) : {}),
            }));
            const told = endsInFront(edge) ? needs?.ingress : passThrough(edge);
            const annotations = { ...ingressAnnotations(edge, told ?? {}), ...(waits ? {} : skip) };
            instance.add(
                this,
                "Ingress",
                name,
                { metadata: { annotations }, spec: ingressSpec(edge, service, hosts) },
                { node, lifetime: "address" },
            );
        }
        if (edge.type === "Gateway") {
            for (const { name: route, spec } of served.flatMap((one) => gatewayRoutes(instance, one, edge, service)))
                instance.objects.addCustom(
                    this,
                    route,
                    {
                        apiVersion: "gateway.networking.k8s.io/v1",
                        kind: "HTTPRoute",
                        labels: {},
                        annotations: edge.annotations,
                        spec,
                    },
                    { lifetime: "address" },
                );
            if (instance.config.state !== "removed") instance.warn(unsetLimits(maxBody));
        }
        // cert-manager's own way for an Ingress with its annotations, or that of an issuer.
        const solves = served.some(({ instance: tenant }) => {
            const { mode } = tlsOf(tenant);
            return mode === "certManager" || (mode === "acme" && endsInFront(edge));
        });
        if (solves && instance.cluster.networkPolicy !== "off")
            instance.add(this, "NetworkPolicy", `${name}-http01`, { spec: solverPolicy(edge) }, { node });
        this.registerOutputs({});
    }

    /** What the ingress controller has to be told; warns about what it cannot be. */
    private needsOf(instance: Instance, edge: IngressEdge, maxBody: number) {
        const needs = controllerNeeds(edge, instance.objectName(edgeName), maxBody);
        if (needs.unset !== undefined && instance.config.state !== "removed") instance.warn(needs.unset);
        if (needs.backendConfig)
            instance.objects.addCustom(
                this,
                edgeName,
                { apiVersion: "cloud.google.com/v1", kind: "BackendConfig", labels: {}, spec: needs.backendConfig },
                { lifetime: "address" },
            );
        return needs;
    }
}

/** Whether Caddy itself obtains certificates, which must outlive its pods: authorities limit how many they issue. */
const keepsCertificates = (edge: OwnEdgeConfig, { mode }: TlsConfig): boolean =>
    !endsInFront(edge) && (mode === "acme" || mode === "internal");
