import type { Node, NetworkRule } from "./graph";
import type { Instance } from "./instance";
import { placementFor } from "./placement";

/** Name of the rules: these ways to metadata services are meant. */
export const identityRule = "identity";

/** Annotation by which an account of GKE is one of Google's. */
const google = "iam.gke.io/gcp-service-account";

/**
 * Where a pod gets what proves its own identity to a server with the protocol of S3, which network policies close to all
 * others.
 *
 * - AWS, IRSA: its token is a file; AWS's service (STS) takes it over HTTPS.
 *   https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html
 * - AWS, EKS Pod Identity: an agent on the node, whose address serves nothing else.
 *   https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html
 */
export const identityRules = (): NetworkRule[] => [
    { name: identityRule, direction: "egress", ports: [443] },
    { name: identityRule, direction: "egress", ports: [80], cidrs: ["169.254.170.23/32", "fd00:ec2::23/128"] },
];

/** Whether the pods of a component sign in as their own account. */
const usesIdentity = ({ pods, uses, networkRules }: Node): boolean =>
    pods && (uses.some(({ to }) => to.external?.identity) || networkRules.some(({ name }) => name === identityRule));

/** Reports accounts that no server takes, and warns of pods whose account can hardly be meant. */
export function checkIdentities(instance: Instance, nodes: readonly Node[]): void {
    const accounts = nodes
        .filter(usesIdentity)
        .map(({ name }) => ({ component: name, account: placementFor(instance, name).serviceAccount }));
    const without = accounts.flatMap(({ component, account }) => (account ? [] : [component]));
    if (without.length > 0)
        instance.warn(
            `an identity is "pod", and the pods of ${without.join(", ")} run as the account "default" of the namespace; set serviceAccount of the instance, or of these components, to the one that has the role`,
        );
    const others = accounts.flatMap(({ account }) => (google in (account?.annotations ?? {}) ? [account!.name] : []));
    for (const name of new Set(others))
        instance.problem(
            ["serviceAccount"],
            `"${name}" is an account of Google's (${google}), and Google's storage takes no identity of pods by the protocol of S3; allowed: identity: keys, with HMAC keys`,
        );
}
