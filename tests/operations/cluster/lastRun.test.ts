import { expect } from "chai";
import { lastRunOf } from "../../../operations/cluster/lastRun";
import type { Job } from "../../../operations/cluster/live";
import { labelled } from "../../support/observed";

const component = { instance: "shop", name: "backup", namespace: "shop" };
/** A run of a scheduled task: only its pods have labels. */
const job = (name: string, hour: number, condition?: object, of = "backup"): Job =>
    ({
        kind: "Job",
        metadata: { name, namespace: "shop", creationTimestamp: `2026-11-01T0${hour}:00:00Z` },
        spec: { template: { metadata: { labels: labelled("shop", of).labels }, spec: { containers: [] } } },
        status: condition ? { conditions: [condition] } : {},
    }) as unknown as Job;
const late = { type: "Failed", status: "True", reason: "DeadlineExceeded", message: "Job was active too long" };
const complete = { type: "Complete", status: "True" };

describe("the last run of a task without pods", () => {
    it("is that of its newest Job, with the reason of a failure", () => {
        const jobs = [job("backup-1", 1, complete), job("backup-2", 2, late), job("cron-1", 3, complete, "cron")];
        expect(lastRunOf(jobs, component)).to.equal(
            "its last run (job/backup-2) failed: DeadlineExceeded: Job was active too long",
        );
        expect(lastRunOf([...jobs, job("backup-3", 4, complete)], component)).to.equal(
            "its last run (job/backup-3) succeeded",
        );
    });
    it("is unknown before its end, and without one", () => {
        expect(lastRunOf([job("backup-1", 1)], component)).to.equal(undefined);
        expect(lastRunOf([], component)).to.equal(undefined);
    });
});
