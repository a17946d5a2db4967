import type { Sent } from "./declare";
import { podsOf } from "./invariants";

type Labels = Record<string, string>;
interface Rule {
    readonly from?: readonly Peer[];
    readonly to?: readonly Peer[];
    readonly ports?: readonly { readonly port: number; readonly protocol: string }[];
}
interface Peer {
    readonly podSelector?: { readonly matchLabels?: Labels };
    readonly namespaceSelector?: { readonly matchLabels?: Labels };
    readonly ipBlock?: { readonly cidr: string };
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
    const policies = objects.filter(({ kind }) => kind === "NetworkPolicy");
    const open = (self: PodAddress, other: PodAddress, direction: "Ingress" | "Egress") => {
        const selecting = policies.filter(
            (policy) =>
                policy.metadata.namespace === self.namespace &&
                covers(policy["spec"].podSelector, self.labels) &&
                policy["spec"].policyTypes.includes(direction),
        );
        if (selecting.length === 0) return true;
        const rules = selecting.flatMap(
            (policy) => (direction === "Ingress" ? policy["spec"].ingress : policy["spec"].egress) ?? [],
        ) as Rule[];
        return rules.some((rule) => {
            const peers = direction === "Ingress" ? rule.from : rule.to;
            const portOpen = !rule.ports || rule.ports.some((one) => one.port === port && one.protocol === protocol);
            // An address range does not name pods: what it opens to them is checked apart.
            const peerOpen = !peers || peers.some((peer) => !peer.ipBlock && peerCovers(peer, other, self.namespace));
            return portOpen && peerOpen;
        });
    };
    return open(from, to, "Egress") && open(to, from, "Ingress");
}

function peerCovers(peer: Peer, other: PodAddress, ownNamespace: string): boolean {
    const namespace = peer.namespaceSelector
        ? covers(peer.namespaceSelector, { "kubernetes.io/metadata.name": other.namespace })
        : other.namespace === ownNamespace;
    return namespace && (!peer.podSelector || covers(peer.podSelector, other.labels));
}
