import { edgeName } from "../../components/loadBalancer";
import { componentOf } from "../cluster/components";
import { type CertificateHealth, certificatesOf } from "../cluster/health";
import type { Kubectl } from "../cluster/kubectl";
import { KubectlError } from "../cluster/kubectlError";
import type { Ingress, Workload } from "../cluster/live";

/**
 * The certificates that the edges present to browsers: those from Secrets that are mounted or named by an Ingress, with
 * their expiry; and those that Caddy obtains and renews itself, which only Caddy can read.
 */
export async function certificates(
    kubectl: Kubectl,
    workloads: readonly Workload[],
    ingresses: readonly Ingress[],
): Promise<CertificateHealth[]> {
    const edges = workloads.filter((workload) => componentOf(workload).name === edgeName);
    const secrets = new Map<string, { namespace: string; name: string }>();
    const add = (namespace: string, name: string | undefined) =>
        name !== undefined && secrets.set(`${namespace}/${name}`, { namespace, name });
    const own: CertificateHealth[] = [];
    for (const { spec, metadata } of edges) {
        for (const { secret, persistentVolumeClaim } of spec.template.spec.volumes ?? []) {
            add(metadata.namespace, secret?.secretName);
            if (persistentVolumeClaim)
                own.push({
                    namespace: metadata.namespace,
                    source: `volume ${persistentVolumeClaim.claimName}`,
                    managedBy: "Caddy",
                });
        }
    }
    for (const { spec, metadata } of ingresses)
        for (const { secretName } of spec.tls ?? []) add(metadata.namespace, secretName);
    const read = [...secrets.values()].map(({ namespace, name }) => readSecret(kubectl, namespace, name));
    return [...own, ...(await Promise.all(read)).flat()];
}

async function readSecret(kubectl: Kubectl, namespace: string, name: string): Promise<CertificateHealth[]> {
    try {
        const { data } = await kubectl.json<{ data?: Record<string, string> }>([
            "get",
            "secret",
            name,
            "--namespace",
            namespace,
        ]);
        return certificatesOf(namespace, name, data ?? {});
    } catch (error) {
        if (!(error instanceof KubectlError)) throw error;
        const reason = error.kind === "notFound" ? "the Secret is missing" : "may not be read";
        return [{ namespace, source: name, managedBy: "Secret", reason }];
    }
}
