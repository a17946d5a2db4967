import type { PlacementConfig } from "../config/placement";
import type { NetworkRule } from "./graph";

/** Name of the rules: these ways to metadata services are meant. */
export const identityRule = "identity";

/** Annotation by which an account of GKE is one of Google's. */
const google = "iam.gke.io/gcp-service-account";

/**
 * Where a pod gets what proves its own identity, which network policies close to all others.
 *
 * - AWS, IRSA: its token is a file; AWS's service (STS) takes it over HTTPS.
 *   https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html
 * - AWS, EKS Pod Identity: an agent on the node, whose address serves nothing else.
 *   https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html
 * - Azure: as IRSA, at login.microsoftonline.com.
 *   https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html
 * - Google: the metadata server of GKE, which gives pods their own identity only; where it listens depends on the
 *   network. https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity#network-policies
 */
export function identityRules({ serviceAccount }: Pick<PlacementConfig, "serviceAccount">): NetworkRule[] {
    const rule = { name: identityRule, direction: "egress" as const };
    const token: NetworkRule = { ...rule, ports: [443] };
    if (google in (serviceAccount?.annotations ?? {}))
        return [
            token,
            { ...rule, ports: [80], cidrs: ["169.254.169.254/32"] },
            { ...rule, ports: [988], cidrs: ["169.254.169.252/32"] },
        ];
    return [token, { ...rule, ports: [80], cidrs: ["169.254.170.23/32", "fd00:ec2::23/128"] }];
}
