import { nodeLocalAddresses } from "../../config/network";
import type { ClusterConfig } from "../../config/stack";
import type { DaemonSet } from "../cluster/live";
import { type Finding, ok, problem } from "./finding";

export interface ResolverFacts {
    readonly cluster: Pick<ClusterConfig, "networkPolicy" | "dns">;
    readonly daemonSets: readonly DaemonSet[];
}

/** Whether pods may reach the resolvers on their nodes, which are in no namespace. */
export function resolvers({ cluster, daemonSets }: ResolverFacts): Finding {
    const listening = daemonSets.flatMap(({ spec }) =>
        spec.template.spec.containers.flatMap(({ args }) => localIps(args)),
    );
    if (listening.length === 0) return ok("by pods: there is no NodeLocal DNSCache");
    const told = `NodeLocal DNSCache listens on ${listening.join(", ")}`;
    const { networkPolicy, dns } = cluster;
    const open = dns?.addresses ?? nodeLocalAddresses;
    if (networkPolicy !== "full" || listening.every((address) => open.includes(address))) return ok(told);
    return problem(
        `${told}, but policies open ${open.join(", ")}: pods would resolve no name`,
        `set plinth:cluster.dns.addresses: [${listening.join(", ")}]`,
    );
}

/** Addresses in the arguments of node-cache: https://github.com/kubernetes/dns/tree/master/cmd/node-cache */
function localIps(args: readonly string[] = []): string[] {
    const flag = args.findIndex((arg) => /^--?localip(=|$)/.test(arg));
    if (flag < 0) return [];
    const value = args[flag]!.includes("=") ? args[flag]!.replace(/^[^=]*=/, "") : (args[flag + 1] ?? "");
    return value.split(",").filter(Boolean);
}
