import type * as k8s from "@pulumi/kubernetes";
import type { Edge, Graph, Need, Node } from "./graph";
import { selectorOf } from "./labels";

type Spec = k8s.types.input.networking.v1.NetworkPolicySpec;
type Peer = k8s.types.input.networking.v1.NetworkPolicyPeer;
type Ports = k8s.types.input.networking.v1.NetworkPolicyPort[];
type Rule = { ports?: Ports; peers?: Peer[] };

const namespaceLabel = "kubernetes.io/metadata.name";
/** Everywhere but the clouds' metadata services, which hand out the node's own credentials. */
const anywhere: Peer[] = [
    { ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } },
    { ipBlock: { cidr: "::/0", except: ["fd00:ec2::254/128"] } },
];

/**
 * Denies everything that no other policy opens, but lets every pod resolve names.
 *
 * @param instance labels that select its pods in a namespace that others use too; the whole namespace without them
 */
export function denyByDefault(mode: "full" | "ingress", instance?: Readonly<Record<string, string>>): Spec {
    const podSelector = instance ? { matchLabels: instance } : {};
    if (mode === "ingress") return { podSelector, policyTypes: ["Ingress"] };
    // A policy sees the pods' own port: OpenShift's resolvers listen on 5353.
    const dns: Ports = [53, 5353].flatMap((port) => [
        { protocol: "UDP", port },
        { protocol: "TCP", port },
    ]);
    return {
        podSelector,
        policyTypes: ["Ingress", "Egress"],
        // 169.254.20.10 is where NodeLocal DNSCache listens; it is in no namespace.
        egress: [{ to: [{ namespaceSelector: {} }, { ipBlock: { cidr: "169.254.20.10/32" } }], ports: dns }],
    };
}

/** What one node may receive and send: its edges in both directions and its named needs, nothing else. */
export function policyOf(graph: Graph, node: Node, mode: "full" | "ingress"): Spec {
    const ingress: Rule[] = [
        ...graph.users(node.id).map(({ from, edge }) => ({ peers: [peer(from, node)], ports: tcp(portsOf(edge)) })),
        ...node.needs.filter((need) => need.direction === "ingress").map(rule),
    ];
    const egress: Rule[] = [
        ...node.uses.map((edge) => ({ peers: destination(graph, node, edge), ports: tcp(portsOf(edge)) })),
        ...node.needs.filter((need) => need.direction === "egress").map(rule),
    ];
    return {
        podSelector: { matchLabels: selectorOf(node) },
        policyTypes: mode === "full" ? ["Ingress", "Egress"] : ["Ingress"],
        ...rules("ingress", "from", ingress),
        ...(mode === "full" ? rules("egress", "to", egress) : {}),
    };
}

/** Each rule once; nothing at all where there are none: the server drops an empty list, and each run would send it again. */
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
const tcp = (ports: readonly number[]): Ports => open(ports, "TCP");

function peer(other: Node, self: Node): Peer {
    const podSelector = { matchLabels: selectorOf(other) };
    return other.namespace === self.namespace
        ? { podSelector }
        : { podSelector, namespaceSelector: { matchLabels: { [namespaceLabel]: other.namespace } } };
}

function destination(graph: Graph, from: Node, edge: Edge): Peer[] {
    if (!edge.to.external) return edge.to.nodes.map((id) => peer(graph.node(id)!, from));
    const { cidrs } = edge.to.external;
    return cidrs.length > 0 ? blocks(cidrs) : anywhere;
}

function rule(need: Need): Rule {
    const ports = need.ports.length > 0 ? { ports: open(need.ports, need.protocol ?? "TCP") } : {};
    if (need.namespace === "*") return { ...ports, peers: [{ namespaceSelector: {} }] };
    if (need.namespace)
        return { ...ports, peers: [{ namespaceSelector: { matchLabels: { [namespaceLabel]: need.namespace } } }] };
    if (need.cidrs) return { ...ports, peers: blocks(need.cidrs) };
    // A rule without peers admits everyone, pods and addresses alike.
    return need.direction === "egress" ? { ...ports, peers: anywhere } : ports;
}

const blocks = (cidrs: readonly string[]): Peer[] => cidrs.map((cidr) => ({ ipBlock: { cidr } }));
