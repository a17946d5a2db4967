import type * as k8s from "@pulumi/kubernetes";
import { type DnsConfig, nodeLocalAddresses } from "../config/network";
import type { Fields } from "./kinds";
import { type Edge, goesOut, type Graph, type NetworkRule, type Node } from "./graph";
import { rangesOf } from "./external";
import { selectorOf } from "./labels";
import { identityRule, identityRules } from "./workloadIdentity";
import { anywhere, contains, type IpBlock, ipBlock, metadataRanges } from "./ranges";

type Spec = Fields<k8s.types.input.networking.v1.NetworkPolicySpec>;
type Peer = Fields<k8s.types.input.networking.v1.NetworkPolicyPeer>;
type Ports = Fields<k8s.types.input.networking.v1.NetworkPolicyPort>[];
type Rule = { ports?: Ports; peers?: Peer[] };

const namespaceLabel = "kubernetes.io/metadata.name";
/**
 * Denies everything that no other policy allows, except DNS for all pods.
 *
 * @param instance labels that select its pods in a shared namespace. @default the whole namespace
 * @param resolvers where to ask. @default pods of all namespaces, and {@link nodeLocalAddresses}
 */
export function denyByDefault(
    mode: "full" | "ingress",
    instance?: Readonly<Record<string, string>>,
    dns: DnsConfig = {},
): Spec {
    const podSelector = instance ? { matchLabels: instance } : {};
    if (mode === "ingress") return { podSelector, policyTypes: ["Ingress"] };
    const { peers, ports } = resolvers(dns);
    return { podSelector, policyTypes: ["Ingress", "Egress"], egress: [{ to: peers, ports }] };
}

/** The way to name servers. */
function resolvers({ addresses = [...nodeLocalAddresses], namespace }: DnsConfig): Rule {
    // Policies apply to the pod's port: OpenShift's resolvers listen on 5353.
    const ports: Ports = [53, 5353].flatMap((port) => [
        { protocol: "UDP", port },
        { protocol: "TCP", port },
    ]);
    const namespaceSelector = namespace === undefined ? {} : { matchLabels: { [namespaceLabel]: namespace } };
    const others = addresses.flatMap((address) => rangesOf(address, [])).map((cidr) => ({ ipBlock: { cidr } }));
    // A resolver on its node's network, or behind the address of a Service, is in no namespace.
    return { peers: [{ namespaceSelector }, ...others], ports };
}

export interface PolicyArgs {
    readonly mode: "full" | "ingress";
    /** The block for a range outside the cluster, without what is closed in it. */
    readonly outside: (range: string) => IpBlock;
    /** Ranges of Services' addresses, where the network plugin looks at these. @default none */
    readonly services?: readonly string[];
    /** Ways of all components that connect to anything outside. @default none */
    readonly outward?: readonly NetworkRule[];
    /** Where to ask for addresses. @default as for {@link denyByDefault} */
    readonly dns?: DnsConfig | undefined;
}

/** Traffic that one node may receive and send: its edges in both directions and its network rules, nothing else. */
export function policyOf(
    graph: Graph,
    node: Node,
    { mode, outside, services = [], outward: common = [], dns = {} }: PolicyArgs,
): Spec {
    const needs = (direction: NetworkRule["direction"]) =>
        node.networkRules.filter((need) => need.direction === direction && need.component === undefined);
    const ingress: Rule[] = [
        ...graph.users(node.id).map(({ from, edge }) => ({ peers: [peer(from, node)], ...tcp(portsOf(edge)) })),
        ...needs("ingress").map((need) => rule(need, (range) => ipBlock(range))),
    ];
    const egress: Rule[] = [
        ...node.uses.map((edge) => ({
            peers: destination(graph, node, edge, { outside, services }),
            ...tcp(portsOf(edge)),
        })),
        ...[
            ...needs("egress"),
            ...(goesOut(node) ? common : []),
            ...(node.uses.some(({ to }) => to.external?.identity) ? identityRules() : []),
        ].map((need) => rule(need, outside)),
        ...node.networkRules.flatMap(({ component, ports }) => {
            const other = component === undefined ? undefined : graph.node(component);
            return other ? [{ peers: [peer(other, node)], ...tcp(ports) }] : [];
        }),
        // In a shared namespace the policy of all pods goes by labels that those of an operator need not have.
        ...(node.selector ? [resolvers(dns)] : []),
    ];
    return {
        podSelector: { matchLabels: selectorOf(node) },
        policyTypes: mode === "full" ? ["Ingress", "Egress"] : ["Ingress"],
        ...rules("ingress", "from", ingress),
        ...(mode === "full" ? rules("egress", "to", egress) : {}),
    };
}

/**
 * Rules without duplicates; undefined if there are none: the server drops an empty list, and every run would send it
 * again.
 */
function rules(direction: "ingress" | "egress", key: "from" | "to", all: readonly Rule[]): Partial<Spec> {
    const once = new Map(
        all.map(({ peers, ports }) => {
            const written = { ...(peers ? { [key]: peers } : {}), ...(ports ? { ports } : {}) };
            return [JSON.stringify(written), written];
        }),
    );
    return once.size > 0 ? { [direction]: [...once.values()] } : {};
}

const portsOf = (edge: Edge): number[] =>
    (edge.ports ?? Object.keys(edge.to.ports)).map((name) => edge.to.ports[name]!);

const open = (ports: readonly number[], protocol: "TCP" | "UDP"): Ports => ports.map((port) => ({ protocol, port }));
/** Without ports, all of them: the server drops an empty list, and every run would send it again. */
const tcp = (ports: readonly number[]): Pick<Rule, "ports"> => (ports.length > 0 ? { ports: open(ports, "TCP") } : {});

function peer(other: Node, self: Node): Peer {
    const podSelector = { matchLabels: selectorOf(other) };
    return other.namespace === self.namespace
        ? { podSelector }
        : { podSelector, namespaceSelector: { matchLabels: { [namespaceLabel]: other.namespace } } };
}

function destination(
    graph: Graph,
    from: Node,
    { to }: Edge,
    { outside, services }: Pick<PolicyArgs, "outside"> & { readonly services: readonly string[] },
): Peer[] {
    if (!to.external)
        return [
            ...to.nodes.map((id) => peer(graph.node(id)!, from)),
            ...services.map((range) => ({ ipBlock: ipBlock(range) })),
        ];
    return outward(to.external.cidrs, outside);
}

function rule(need: NetworkRule, outside: PolicyArgs["outside"]): Rule {
    const ports = need.ports.length > 0 ? { ports: open(need.ports, need.protocol ?? "TCP") } : {};
    if (need.namespace === "*") return { ...ports, peers: [{ namespaceSelector: {} }] };
    if (need.namespace)
        return { ...ports, peers: [{ namespaceSelector: { matchLabels: { [namespaceLabel]: need.namespace } } }] };
    const ranges = rangesOfNeed(need);
    // A rule without peers admits all pods and addresses.
    if (need.direction === "ingress" && ranges.length === 0) return ports;
    return { ...ports, peers: outward(ranges, outside) };
}

/** Peers for some ranges, or any address if there are none. */
const outward = (ranges: readonly string[], outside: PolicyArgs["outside"]): Peer[] =>
    (ranges.length > 0 ? ranges : anywhere).map((range) => ({ ipBlock: outside(range) }));

const rangesOfNeed = ({ host, cidrs = [] }: NetworkRule): readonly string[] =>
    host === undefined ? cidrs : rangesOf(host, cidrs);

/** External destinations of a node as far as known: a host and its ranges, empty for any address. */
const outsideOf = ({
    uses,
    networkRules,
}: Node): { readonly host: string | undefined; readonly ranges: readonly string[] }[] => [
    ...uses.flatMap(({ to }) => (to.external ? [{ host: to.host, ranges: to.external.cidrs }] : [])),
    ...networkRules
        .filter(
            ({ direction, namespace, component }) =>
                direction === "egress" && namespace === undefined && component === undefined,
        )
        .map((need) => ({ host: need.host, ranges: rangesOfNeed(need) })),
];

/** Ranges that users have named for a node, in which clouds provide the credentials of their machines. */
export const namedMetadata = (node: Node): string[] =>
    outsideOf({ ...node, networkRules: node.networkRules.filter(({ name }) => name !== identityRule) })
        .flatMap(({ ranges }) => ranges)
        .filter((range) => metadataRanges.some((metadata) => contains(metadata, range)));

/** Hosts of a node that are known by name only, which may be in a closed range. */
export const unplacedHosts = (node: Node): string[] =>
    outsideOf(node).flatMap(({ host, ranges }) => (host !== undefined && ranges.length === 0 ? [host] : []));
