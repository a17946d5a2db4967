import { setTimeout as sleep } from "node:timers/promises";
import { plinthLabels } from "../../components/labels";
import { secretsOf } from "../../components/references";
import { componentOf, fullName, listPods, listStack } from "../cluster/components";
import { UserError } from "../system/errors";
import type { Kubectl } from "../cluster/kubectl";
import type { Live, Pod, Workload } from "../cluster/live";
import type { Dependents, Named } from "./secrets";

/** Digests of Secrets in the workloads' pod templates, by component. */
export type Digests = ReadonlyMap<string, string>;

const isNamed = ({ kind, metadata }: Live, named: readonly Named[]): boolean =>
    named.some((one) => one.kind === kind && one.namespace === metadata.namespace && one.name === metadata.name);

/** The current digests of a rotation's workloads; workloads that are not in the cluster are left out. */
export async function digestsOf(kubectl: Kubectl, { workloads }: Dependents): Promise<Digests> {
    const live = await listStack<Workload>(kubectl, "statefulsets,deployments");
    return new Map(
        live
            .filter((object) => isNamed(object, workloads))
            .map((object) => [
                fullName(componentOf(object)),
                object.spec.template.metadata?.annotations?.[plinthLabels.secrets] ?? "",
            ]),
    );
}

/**
 * Waits until no pod with the old value is left.
 *
 * @param before the workloads' digests before the change
 * @param milliseconds timeout. @default 15 minutes, because a database may take minutes to stop, and a scheduled task
 * to end
 * @returns the number of pods that run with the new value
 * @throws UserError that lists the workloads that did not change, or the pods that are left
 */
export async function awaitPods(
    kubectl: Kubectl,
    dependents: Dependents,
    before: Digests,
    milliseconds = 15 * 60_000,
): Promise<number> {
    const now = await digestsOf(kubectl, dependents);
    const same = [...now].filter(([name, digest]) => before.get(name) === digest).map(([name]) => name);
    if (same.length > 0) throw new UserError(`These workloads use the value but were not updated: ${same.join(", ")}`);
    const changed = await lastChange(kubectl, dependents);
    const end = Date.now() + milliseconds;
    for (;;) {
        const pods = (
            await listPods<Pod>(kubectl, new Set(dependents.secrets.map(({ namespace }) => namespace)))
        ).filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed");
        const old = pods.filter((pod) => isOld(pod, now, dependents, changed));
        if (old.length === 0) return pods.filter((pod) => now.has(nameOf(pod))).length;
        const names = old.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(", ");
        if (Date.now() > end)
            throw new UserError(
                `These pods still run with the old value; wait until they end, or delete them: ${names}`,
            );
        console.error(`Waiting for pods with the old value to end: ${names}`);
        await sleep(3000);
    }
}

const nameOf = (pod: Pod): string => fullName(componentOf(pod));

/** Pods of tiers are recognised by the digest, those of tasks by their age. */
function isOld(pod: Pod, digests: Digests, { secrets }: Dependents, changed: string): boolean {
    const { metadata, spec } = pod;
    const digest = digests.get(nameOf(pod));
    if (digest !== undefined) return metadata.annotations?.[plinthLabels.secrets] !== digest;
    const used = secretsOf(spec);
    const uses = secrets.some(({ namespace, name }) => namespace === metadata.namespace && used.has(name));
    return uses && metadata.annotations?.[plinthLabels.secrets] === undefined && metadata.creationTimestamp < changed;
}

/** When the Secrets were last changed, by the server's clock. Their values are not read. */
async function lastChange(kubectl: Kubectl, { secrets }: Dependents): Promise<string> {
    const times = await Promise.all(
        secrets.map(({ namespace, name }) =>
            kubectl.read([
                ...["get", "secret", name, "--namespace", namespace, "--show-managed-fields"],
                ...["--output", "jsonpath={.metadata.managedFields[*].time}"],
            ]),
        ),
    );
    return (
        times
            .flatMap((line) => line.split(/\s+/))
            .sort()
            .at(-1) ?? ""
    );
}
