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

/** Domains of AWS's servers, with AWS's STS beside them. */
const domains = ["amazonaws.com", "amazonaws.com.cn"];

/**
 * Warns of a server that is not AWS's: its clients ask AWS's STS for credentials, unless AWS_ENDPOINT_URL_STS names one of
 * the server's own, as MinIO has.
 *
 * @param key of the instance, with the server's `endpoint` and `identity`
 * @param endpoint undefined for that of AWS
 */
function warnOfServer(
    instance: Pick<Instance, "path" | "warn">,
    key: readonly string[],
    endpoint: string | undefined,
): void {
    if (endpoint === undefined) return;
    const { hostname } = new URL(endpoint);
    if (domains.some((domain) => hostname.endsWith(`.${domain}`))) return;
    instance.warn(
        `${instance.path(...key, "endpoint")}: "${endpoint}" is not AWS's, and with identity: pod the pods get credentials of AWS, which it does not know; allowed: none or one of ${domains.join(", ")}, identity: keys, or a server with an STS of its own, which AWS_ENDPOINT_URL_STS of the pods names`,
    );
}

/**
 * Checks that the pods' identity is meant: no keys are given beside it, and the server can know it.
 *
 * @param key as for {@link warnOfServer}
 * @param secrets keys of plinth:secrets that take its place
 */
export function checkIdentity<Secret extends string>(
    instance: Instance<Secret>,
    key: readonly string[],
    secrets: readonly Secret[],
    endpoint: string | undefined,
): void {
    for (const secret of secrets)
        if (instance.secretValue(secret))
            instance.problem(
                [...key, "identity"],
                `is "pod", but the secret ${secret} of ${instance.name} is set; remove one of the two`,
            );
    warnOfServer(instance, key, endpoint);
}

/** The keys by which the pods of a component sign in as their own account. */
const identityKeys = ({ pods, uses, networkRules }: Node): string[] =>
    pods
        ? [
              ...uses.flatMap(({ to }) => to.external?.identity ?? []),
              ...networkRules.flatMap(({ name, key }) => (name === identityRule && key !== undefined ? [key] : [])),
          ]
        : [];

/** Reports accounts that no server takes, and warns of pods whose account can hardly be meant. */
export function checkIdentities(instance: Instance, nodes: readonly Node[]): void {
    const accounts = nodes
        .map((node) => ({ component: node.name, keys: identityKeys(node) }))
        .filter(({ keys }) => keys.length > 0)
        .map((one) => ({ ...one, account: placementFor(instance, one.component).serviceAccount }));
    const without = accounts.filter(({ account }) => !account);
    if (without.length > 0) {
        const keys = [...new Set(without.flatMap((one) => one.keys))].map((key) => instance.path(key));
        instance.warn(
            `${keys.join(" and ")}: "pod", but the pods of ${without.map(({ component }) => component).join(", ")} run as the account "default" of the namespace; set serviceAccount of the instance, or of these components, to the one that has the role`,
        );
    }
    const others = accounts.flatMap(({ component, account }) =>
        google in (account?.annotations ?? {}) ? [[accountPath(instance, component), account!.name] as const] : [],
    );
    for (const [path, name] of new Map(others))
        instance.stack.problems.add(
            path,
            `"${name}" is an account of Google's (${google}), and Google's storage takes no identity of pods by the protocol of S3; allowed: identity: keys, with HMAC keys`,
        );
}

/** Where the stack file names the account of a component. */
function accountPath(instance: Instance, component: string): string {
    const { components, serviceAccount } = instance.config;
    if (components[component]?.serviceAccount) return instance.path("components", component, "serviceAccount");
    return serviceAccount ? instance.path("serviceAccount") : "plinth:serviceAccount";
}
