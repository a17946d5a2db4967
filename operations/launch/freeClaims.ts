import { podOf, referencesOf } from "../../components/references";
import type { List, Workload } from "../cluster/live";
import { type Kubectl, targetOf } from "../cluster/kubectl";

/**
 * Deletes claims that a run is about to replace, together with the pods that use them: as long as a pod uses a claim,
 * the server only marks it for deletion, and the engine would time out after ten minutes.
 *
 * Workloads are scaled up again at once and wait for the new claims; Jobs are recreated by the run.
 *
 * @param claims as named in the accepted loss: `persistentvolumeclaim/NAMESPACE/NAME`
 * @throws UserError if a claim is still in use after ten minutes
 */
export async function freeClaims(kubectl: Kubectl, claims: readonly string[]): Promise<void> {
    for (const claim of claims) {
        const [, namespace, name] = claim.split("/") as [string, string, string];
        const there = ["--namespace", namespace];
        const { items } = await kubectl.json<List<Workload>>(["get", "deployments,statefulsets,jobs", ...there]);
        const users = items.filter((object) =>
            referencesOf(podOf({ kind: object.kind, spec: object.spec })!).claims.has(name),
        );
        const scale = (tier: Workload, replicas: number) => {
            const patch = JSON.stringify({ spec: { replicas } });
            return kubectl.run(["patch", targetOf(tier), ...there, "--type", "merge", "--patch", patch]);
        };
        await kubectl.run(["delete", "persistentvolumeclaim", name, ...there, "--wait=false"]);
        const tiers = users.filter(({ kind }) => kind !== "Job");
        try {
            for (const tier of tiers) await scale(tier, 0);
            for (const job of users.filter(({ kind }) => kind === "Job"))
                await kubectl.run(["delete", targetOf(job), ...there]);
            await kubectl.run(["wait", "--for=delete", `persistentvolumeclaim/${name}`, ...there, "--timeout=10m"]);
        } finally {
            for (const tier of tiers) await scale(tier, tier.spec.replicas ?? 1);
        }
    }
}
