import type { Job } from "../../compose";
import type { ScheduledTaskArgs } from "../../components/scheduledTask";
import type { Conversion } from "./conversion";
import { komposeLabel } from "./extensions";

/** When a container works that runs to its end. */
export type Schedule = Pick<ScheduledTaskArgs, "schedule" | "timeZone" | "suspended" | "retries" | "concurrency">;

/** The times at which a job or, by labels of Kompose, a service runs; undefined for what always runs. */
export function schedulesOf({ source, services, notes }: Conversion, name: string): Schedule[] | undefined {
    const job = source.loaded.project.jobs?.[name];
    if (job) return triggersOf(job);
    const label = (key: string) => komposeLabel(services[name], `cronjob.${key}`);
    const schedule = label("schedule");
    if (schedule === undefined) return undefined;
    const policy = label("concurrency_policy");
    const concurrency = (["Allow", "Forbid", "Replace"] as const).find(
        (known) => known.toLowerCase() === policy?.toLowerCase(),
    );
    if (policy !== undefined && concurrency === undefined)
        notes.refuse(
            ["services", name, "labels", "kompose.cronjob.concurrency_policy"],
            `"${policy}" is not allowed; allowed: Allow, Forbid, Replace`,
        );
    return [{ schedule, retries: Number(label("backoff_limit") ?? 1), ...(concurrency ? { concurrency } : {}) }];
}

/** A time that never comes: such a task only runs when someone starts it. */
const never = "0 0 31 2 *";

function triggersOf({ triggers }: Job): Schedule[] {
    const times = triggers?.schedule ?? [];
    if (times.length === 0) return [{ schedule: never, suspended: true }];
    return times.map(({ cron, timezone }) => ({
        schedule: cron ?? "",
        ...(timezone === undefined ? {} : { timeZone: timezone }),
    }));
}
