import { BlockList, isIPv6 } from "node:net";
import type { Sent } from "./declare";
import { podsOf } from "./invariants";

type Labels = Record<string, string>;
interface Rule {
    readonly from?: readonly Peer[];
    readonly to?: readonly Peer[];
    readonly ports?: readonly { readonly port: number; readonly protocol: string }[];
}
interface IpBlock {
    readonly cidr: string;
    readonly except?: readonly string[];
}
interface Peer {
    readonly podSelector?: { readonly matchLabels?: Labels };
    readonly namespaceSelector?: { readonly matchLabels?: Labels };
    readonly ipBlock?: IpBlock;
}

export interface PodAddress {
    readonly namespace: string;
    readonly labels: Labels;
}

const covers = (selector: { matchLabels?: Labels } | undefined, labels: Labels) =>
    Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);

/** The pods of a set of objects, one a workload. */
export const addressesOf = (objects: readonly Sent[]): (PodAddress & { readonly component: string })[] =>
    podsOf(objects).map(({ owner, template }) => ({
        namespace: owner.metadata.namespace!,
        labels: template.metadata?.labels ?? {},
        component: template.metadata?.labels?.["app.kubernetes.io/name"] ?? owner.metadata.name,
    }));

/**
 * Whether the policies let one pod reach a port of another, as Kubernetes reads them: a pod that any policy selects
 * for a direction may do there only what some policy opens.
 * https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
export function canReach(
    objects: readonly Sent[],
    from: PodAddress,
    to: PodAddress,
    port: number,
    protocol = "TCP",
): boolean {
    const open = (self: PodAddress, other: PodAddress, direction: "Ingress" | "Egress") =>
        admits(objects, self, direction, { port, protocol }, (peer) =>
            // An address range does not select pods: its effect on them is checked separately.
            peer.ipBlock ? false : peerCovers(peer, other, self.namespace),
        );
    return open(from, to, "Egress") && open(to, from, "Ingress");
}

/** Whether the policies let a pod reach a port of an address outside the cluster. */
export const canReachAddress = (
    objects: readonly Sent[],
    from: PodAddress,
    address: string,
    port: number,
    protocol = "TCP",
): boolean =>
    admits(
        objects,
        from,
        "Egress",
        { port, protocol },
        ({ ipBlock }) => ipBlock !== undefined && holds(ipBlock, address),
    );

/** Whether an address is in a block and in none of its exceptions, as Node itself reads ranges. */
export const holds = ({ cidr, except = [] }: IpBlock, address: string): boolean =>
    isWithin(address, cidr) && !except.some((range) => isWithin(address, range));

export function isWithin(address: string, range: string): boolean {
    const family = (text: string) => (isIPv6(text) ? "ipv6" : "ipv4");
    const [network, bits] = range.split("/") as [string, string];
    if (family(network) !== family(address)) return false;
    const list = new BlockList();
    list.addSubnet(network, Number(bits), family(network));
    return list.check(address, family(address));
}

function admits(
    objects: readonly Sent[],
    self: PodAddress,
    direction: "Ingress" | "Egress",
    { port, protocol }: { readonly port: number; readonly protocol: string },
    isMeant: (peer: Peer) => boolean,
): boolean {
    const selecting = objects.filter(
        (object) =>
            object.kind === "NetworkPolicy" &&
            object.metadata.namespace === self.namespace &&
            covers(object["spec"].podSelector, self.labels) &&
            object["spec"].policyTypes.includes(direction),
    );
    if (selecting.length === 0) return true;
    const rules = selecting.flatMap(
        (policy) => (direction === "Ingress" ? policy["spec"].ingress : policy["spec"].egress) ?? [],
    ) as Rule[];
    return rules.some((rule) => {
        const peers = direction === "Ingress" ? rule.from : rule.to;
        const portOpen = !rule.ports || rule.ports.some((one) => one.port === port && one.protocol === protocol);
        return portOpen && (!peers || peers.some(isMeant));
    });
}

function peerCovers(peer: Peer, other: PodAddress, ownNamespace: string): boolean {
    const namespace = peer.namespaceSelector
        ? covers(peer.namespaceSelector, { "kubernetes.io/metadata.name": other.namespace })
        : other.namespace === ownNamespace;
    return namespace && (!peer.podSelector || covers(peer.podSelector, other.labels));
}
