import type { NetworkRule } from "../../components/graph";
import type { Conversion } from "./conversion";
import { serviceLabel } from "./names";
import { networksOf } from "./texts";
import { objectName } from "../../components/names";

/** Label of the pods that are in a network. */
const networkLabel = (network: string): string =>
    `plinth.dev/${objectName("network", serviceLabel(network)).slice(0, 63)}`;

/** Labels of a pod: the networks that its services are in. */
export const networkLabels = (conversion: Conversion, pod: string): Record<string, string> =>
    Object.fromEntries([...conversion.networksOfPod(pod)].sort().map((network) => [networkLabel(network), "true"]));

/** Declares a policy for each network: pods in it reach each other on all ports. */
export function declareNetworks({ instance, source, services }: Conversion): void {
    const mode = instance.cluster.networkPolicy;
    if (mode === "off") return;
    const used = new Set(Object.keys(services).flatMap((service) => [...networksOf(source.loaded, service)]));
    for (const network of [...used].sort()) {
        const podSelector = {
            matchLabels: { "app.kubernetes.io/instance": instance.name, [networkLabel(network)]: "true" },
        };
        const peers = [{ podSelector }];
        const labels = source.loaded.project.networks?.[network]?.labels;
        instance.add(instance.owner, "NetworkPolicy", objectName("network", serviceLabel(network)), {
            ...(labels ? { metadata: { annotations: labels } } : {}),
            spec: {
                podSelector,
                policyTypes: mode === "full" ? ["Ingress", "Egress"] : ["Ingress"],
                ingress: [{ from: peers }],
                ...(mode === "full" ? { egress: [{ to: peers }] } : {}),
            },
        });
    }
}

/** What a pod reaches outside the cluster: everything, unless all of its networks are internal. */
export function outsideOf(conversion: Conversion, pod: string): NetworkRule[] {
    const { instance, source } = conversion;
    const all = [...conversion.networksOfPod(pod)];
    const isOpen = all.some((network) => !source.loaded.project.networks?.[network]?.internal);
    return isOpen ? instance.egress([{ name: "outside", direction: "egress", ports: [] }]) : [];
}
