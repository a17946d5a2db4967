import { type Component, componentOf, fullName } from "./components";
import type { Kubectl } from "./kubectl";
import type { Job, List } from "./live";

/** How the last run of a task ended that has left no pods, as one that was stopped at its time limit. */
export async function lastRun(kubectl: Kubectl, component: Component): Promise<string | undefined> {
    const { items } = await kubectl.json<List<Job>>(["get", "jobs", "--namespace", component.namespace]);
    return lastRunOf(items, component);
}

/** @param jobs of the component's namespace. Those of a scheduled task are known by their pods' labels only. */
export function lastRunOf(jobs: readonly Job[], component: Component): string | undefined {
    const own = jobs.filter(({ metadata, spec }) => {
        const { labels = {} } = spec.template.metadata ?? {};
        return fullName(componentOf({ metadata: { ...metadata, labels } })) === fullName(component);
    });
    const [newest] = own.sort((a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp));
    const end = newest?.status?.conditions?.find(
        ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
    );
    if (!newest || !end) return undefined;
    const reason = [end.reason, end.message].filter(Boolean).join(": ");
    return `its last run (job/${newest.metadata.name}) ${end.type === "Failed" ? `failed: ${reason}` : "succeeded"}`;
}
