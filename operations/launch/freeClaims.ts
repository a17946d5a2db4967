import { podOf, referencesOf } from "../../components/references";
import type { List, Workload } from "../cluster/live";
import { type Kubectl, targetOf } from "../cluster/kubectl";

/**
 * Deletes claims that a run is about to replace, and takes away the pods that have them: as long as one has, the server
 * only marks a claim, and the engine would wait ten minutes for its end and give up.
 *
 * What was running is started again at once, and waits for the new claims; Jobs are left to the run, which makes them
 * anew.
 *
 * @param claims by which their loss was accepted: `persistentvolumeclaim/NAMESPACE/NAME`
 * @throws UserError when a claim is still in use after ten minutes
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
