import { proxyEnvironment, type ProxyConfig } from "../config/network";
import type { ClusterConfig } from "../config/stack";
import { goesOut, type NetworkRule, type Node } from "./graph";
import type { Instance } from "./instance";
import type { ContainerArgs, PodArgs } from "./podArgs";

/** The way to the proxy. */
export function proxyRules(proxy: ProxyConfig | undefined): NetworkRule[] {
    const urls = [proxy?.http, proxy?.https].flatMap((url) => (url === undefined ? [] : [new URL(url)]));
    return urls.map(({ hostname, port }) => ({
        name: "proxy",
        direction: "egress",
        host: hostname,
        ports: [Number(port || 80)],
        cidrs: proxy?.cidrs ?? [],
    }));
}

/**
 * What pods reach without the proxy: themselves, the cluster, the services that they use, by all of their names, and
 * others that they name.
 */
function withoutProxy({ domain, ranges }: ClusterConfig, { uses }: Node, others: readonly string[] = []): string[] {
    const hosts = uses.flatMap(({ to }) => (to.external ? [] : [to.host, to.host.split(".")[0]!]));
    return ["localhost", "127.0.0.1", "::1", ".svc", `.${domain}`, ...ranges, ...hosts, ...others];
}

/** A pod that connects to anything outside, with the cluster's proxy in the environment of all of its containers. */
export function withProxy(instance: Instance, node: Node, args: PodArgs): PodArgs {
    const { proxy } = instance.cluster;
    if (proxy === undefined || !goesOut(node)) return args;
    const environment = proxyEnvironment(proxy, withoutProxy(instance.cluster, node, args.directHosts));
    const informed = (one: ContainerArgs): ContainerArgs => ({ ...one, env: { ...environment, ...one.env } });
    return {
        ...args,
        ...(args.initContainers ? { initContainers: args.initContainers.map(informed) } : {}),
        containers: args.containers.map(informed),
    };
}
