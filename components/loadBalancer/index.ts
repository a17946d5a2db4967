import { Component, type ComponentOptions } from "../component";
import type { EdgeSecret, OwnEdgeConfig, TlsConfig } from "../../config/edge";
import { images } from "../../config/images";
import { claim } from "../claim";
import { deployment } from "../deployment";
import type { Node } from "../graph";
import type { HasNode, Instance } from "../instance";
import { selectorOf } from "../labels";
import type { Site } from "../site";
import { linesOf } from "../languages/text";
import type { Mount, PodArgs } from "../podArgs";
import type { Stack } from "../stack";
import { drainSeconds } from "../webTier";
import { certificateLine, certificateMounts, ingressSecret, pairOf } from "./certificateFiles";
import { caddyfile } from "./caddyfile";
import { check, warnOfReach } from "./checks";
import { networkRulesOf } from "./networkRules";
import { configFolder, reloadContainer, reloadScript } from "./reload";
import { type IngressHosts, ingressSpec, ports, serviceSpec, solverPolicy } from "./service";
import { edgeName, sharedInstance, sharedName } from "./shared";
import { fileSites, type Tenant, usesOf } from "./site";
import { edgeOf, endsInFront, tlsOf } from "./tls";

export { addressesOf } from "./address";
export type { Route, Site } from "../site";
export { edgeName } from "./shared";
export { edgeOf, isEncrypted, tlsOf } from "./tls";

export interface LoadBalancerArgs {
    readonly edge: OwnEdgeConfig;
    /** The instances with the sites that it serves: its own instance, or all that share it. */
    readonly tenants: readonly Tenant[];
}

/** Grace period in seconds for running requests when a pod stops, after the drain. */
const graceSeconds = 30;
/**
 * Seconds that a stopping pod continues to answer if only nodes with a pod get connections. A node whose last pod is
 * terminating leaves a cloud's balancer only after its health checks have failed: three of 8 s on Google Cloud, two of
 * 10 s on AWS, two of 5 s on Azure.
 */
const localDrainSeconds = 30;
const adminSocket = "/run/caddy/admin.sock";
const snippets = "/run/caddy/tls";
const scriptFolder = "/opt/edge";
/** Any user is suitable: Caddy writes to its mounts only. */
const user = 1000;

/**
 * Publishes the sites of an instance: by a balancer of its own in its namespace, or by the stack's shared one.
 *
 * Call it once per instance, in any state.
 */
export function publish(instance: Instance<EdgeSecret>, sites: readonly Site[]): void {
    instance.sites.push(...sites);
    if (instance.config.edge.type === "shared") return;
    new LoadBalancer(instance, edgeName, { edge: edgeOf(instance), tenants: [{ instance, sites }] });
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

        this.node = instance.addNode(name, {
            kind: "load balancer",
            uses: usesOf(served.flatMap((tenant) => tenant.sites)),
            networkRules: networkRulesOf(edge, sites, monitoringNamespace),
        });
        const { node } = this;
        const custom = served.filter((tenant) => tlsOf(tenant.instance).mode === "custom");
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
            trustedProxies: edge.trustedProxies,
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
        const list = linesOf(mountsCertificates ? custom.map(({ instance: tenant }) => certificateLine(tenant)) : []);
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
        ];
        deployment(instance, this, node, {
            pod: pod(files, { path: scriptFolder, configMap: reload }, instance, {
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
        const service = instance.add(
            this,
            "Service",
            name,
            {
                metadata: {
                    annotations: {
                        ...(edge.type === "Ingress" ? {} : edge.annotations),
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
                ...(endsInFront(edge) ? ingressSecret(instance, this, node, pairs, tenant) : {}),
            }));
            const annotations = { ...edge.annotations, ...(waits ? {} : skip) };
            instance.add(
                this,
                "Ingress",
                name,
                { metadata: { annotations }, spec: ingressSpec(edge, service, hosts) },
                { node, lifetime: "address" },
            );
            const solves = endsInFront(edge) && served.some((tenant) => tlsOf(tenant.instance).mode === "acme");
            if (solves && instance.cluster.networkPolicy !== "off")
                instance.add(this, "NetworkPolicy", `${name}-http01`, { spec: solverPolicy(edge) }, { node });
        }
        this.registerOutputs({});
    }
}

/** Whether Caddy itself obtains certificates, which must outlive its pods: authorities limit how many they issue. */
const keepsCertificates = (edge: OwnEdgeConfig, { mode }: TlsConfig): boolean =>
    !endsInFront(edge) && (mode === "acme" || mode === "internal");

/**
 * @param is `drain`: seconds that a stopping pod continues to answer; `secure`: Caddy terminates TLS; `prepares`: with
 *   certificates that may be missing or damaged
 */
function pod(
    files: readonly Mount[],
    script: Mount,
    instance: Instance,
    is: { readonly drain: number; readonly secure: boolean; readonly prepares: boolean },
): PodArgs {
    // A hundred sites with TLS take 100 MB at rest, three 55.
    const large = instance.config.size !== "small" || instance.name === sharedName;
    const health = { httpGet: { path: "/healthz", port: "health" }, periodSeconds: 5, timeoutSeconds: 3 };
    // The image's binary carries this capability as a file attribute: without it in the set, exec fails on any port.
    const capabilities = ["NET_BIND_SERVICE"];
    const run = ["/bin/sh", `${scriptFolder}/reload.sh`];
    return {
        user,
        graceSeconds: is.drain + graceSeconds + 5,
        initContainers: is.prepares
            ? [
                  {
                      name: "certificates",
                      image: images.caddy,
                      command: [...run, "prepare"],
                      resources: { cpu: "10m", memory: "128Mi" },
                      capabilities,
                      mounts: [...files, script],
                  },
              ]
            : [],
        containers: [
            {
                name: "caddy",
                image: images.caddy,
                command: ["caddy", "run", "--adapter", "caddyfile", "--config", `${configFolder}/Caddyfile`],
                ports: {
                    http: ports.http,
                    ...(is.secure ? { https: ports.https } : {}),
                    health: ports.health,
                    ...(instance.cluster.monitoringNamespace ? { metrics: ports.metrics } : {}),
                },
                resources: large ? { cpu: "100m", memory: "256Mi" } : { cpu: "50m", memory: "128Mi" },
                probes: { readiness: health, liveness: { ...health, periodSeconds: 10, failureThreshold: 6 } },
                preStop: is.drain,
                capabilities,
                mounts: files,
            },
            {
                name: reloadContainer,
                image: images.caddy,
                command: run,
                // `caddy validate` loads the whole configuration, and its authority's files with it.
                resources: { cpu: "10m", memory: "128Mi" },
                capabilities,
                mounts: [...files, script],
            },
        ],
    };
}
