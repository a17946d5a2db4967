import { expect } from "chai";
import { backUpNow, entriesIn } from "../../../operations/backup/backups";
import { isUntouched, restoreBackup, resumeWriters } from "../../../operations/backup/restore";
import { KubectlError } from "../../../operations/cluster/kubectlError";
import type { Pod } from "../../../operations/cluster/live";
import type { UserError } from "../../../operations/system/errors";
import { Cluster, fresh, namespace, old, safety } from "./standInCluster";

const failure = async (work: Promise<unknown>): Promise<UserError> => {
    try {
        await work;
    } catch (error) {
        return error as UserError;
    }
    throw new Error("did not fail");
};

const stopped = [
    "suspend backup",
    "suspend cron",
    "scale deployment/frontend 0",
    "gone frontend",
    "scale statefulset/cache 0",
    "gone cache",
];
const started = [
    "scale statefulset/cache 1",
    "scale deployment/frontend 5",
    "unsuspend backup",
    "unsuspend cron",
    "forget",
];
const served = ["await deployment/frontend", "await statefulset/cache"];
const secured = "backup keeping 1000000";

describe("restoring a backup", () => {
    let cluster: Cluster;
    beforeEach(() => {
        cluster = new Cluster();
    });
    const restore = (options = {}, name = old) => restoreBackup(cluster.kubectl, "shop", name, options);

    it("checks, stops writers, backs up without deleting, loads, and starts everything as before", async () => {
        expect(await restore()).to.equal(safety);
        expect(cluster.deeds).to.deep.equal([
            `check ${old}`,
            "remember",
            ...stopped,
            secured,
            `restore ${old}`,
            ...started,
            ...served,
        ]);
        expect(cluster.suspended["held"]).to.equal(true);
    });

    it("says that the data is restored, and which tier is not ready, if one does not come back", async () => {
        cluster.unready = "deployment/frontend";
        const { message, exitCode } = await failure(restore());
        expect(message).to.match(
            /^The data of "shop" is restored, but not every tier is ready: timed out.*\n.*plinth status production$/,
        );
        expect(exitCode).to.equal(1);
        expect(cluster.record).to.equal(undefined);
    });

    it("changes nothing if the check fails, and lists the backups", async () => {
        cluster.endings.check = { step: "fetch", code: 1 };
        expect((await failure(restore({}, fresh))).message).to.equal(
            `Nothing was changed: "shop" has no complete backup "${fresh}"; available: ${old}`,
        );
        expect(cluster.deeds).to.deep.equal([`check ${fresh}`, "list"]);
    });

    it("starts everything again if the safety backup fails, or the load fails before it has changed anything", async () => {
        cluster.endings.backup = { step: "dump", code: 1 };
        const unsafe = await failure(restore());
        expect(unsafe.message).to.include("--no-safety-backup").and.include("Nothing was changed");
        expect(cluster.deeds.slice(2)).to.deep.equal([...stopped, secured, ...started]);

        cluster.deeds.length = 0;
        cluster.endings.restore = { step: "load", code: 1 };
        const refused = await failure(restore({ safetyBackup: false }));
        expect([refused.exitCode, refused.message.includes("Nothing was changed")]).to.deep.equal([1, true]);
        expect(cluster.deeds.slice(2)).to.deep.equal([...stopped, `restore ${old}`, ...started]);
    });

    it("leaves everything stopped after a partial load, until one completes", async () => {
        cluster.endings.restore = { step: "unpack", code: 10 };
        const partial = await failure(restore());
        expect(partial.exitCode).to.equal(10);
        for (const name of [old, safety])
            expect(partial.message).to.include(`./plinth backup restore shop ${name} production --recover`);
        expect(cluster.deeds.slice(-1)).to.deep.equal([`restore ${old}`]);
        expect(cluster.replicas).to.deep.equal({ "deployment/frontend": 0, "statefulset/cache": 0 });

        const again = await failure(restore());
        expect(again.message).to.include("Nothing was changed").and.include("--recover");
        expect((await failure(resumeWriters(cluster.kubectl, "shop"))).exitCode).to.equal(10);

        // This one changes nothing, but the one before did.
        cluster.endings.restore = { step: "load", code: 1 };
        expect((await failure(restore({ recover: true }))).exitCode).to.equal(10);
        expect(cluster.replicas["deployment/frontend"]).to.equal(0);

        cluster.deeds.length = 0;
        delete cluster.endings.restore;
        expect(await restore({ recover: true }, safety)).to.equal(safety);
        // The result of a partial load is not worth a backup.
        expect(cluster.deeds).to.deep.equal([
            `check ${safety}`,
            ...stopped,
            `restore ${safety}`,
            ...started,
            ...served,
        ]);
    });

    it("assumes that a load that was killed without a trace has changed something", async () => {
        cluster.endings.restore = "vanished";
        expect((await failure(restore())).exitCode).to.equal(10);
        const pod = (...exits: [string, number][]) =>
            ({
                status: {
                    initContainerStatuses: exits.map(([name, exitCode]) => ({
                        name,
                        state: { terminated: { exitCode } },
                    })),
                },
            }) as unknown as Pod;
        expect(isUntouched([pod(["fetch", 137])])).to.equal(true);
        expect(isUntouched([pod(["fetch", 0], ["load", 1])])).to.equal(true);
        expect(isUntouched([pod(["fetch", 0], ["load", 137])])).to.equal(false);
        expect(isUntouched([pod(["fetch", 0], ["load", 0], ["unpack", 1])])).to.equal(false);
        expect(isUntouched([pod(["fetch", 0])])).to.equal(false);
        expect(isUntouched([pod(["fetch", 0], ["inspect-documents", 1])])).to.equal(true);
        expect(isUntouched([pod(["fetch", 0], ["inspect-documents", 0], ["inspect-objects", 137])])).to.equal(true);
        const inspected: [string, number][] = [
            ["fetch", 0],
            ["inspect-documents", 0],
            ["inspect-objects", 0],
        ];
        expect(isUntouched([pod(...inspected, ["load", 1])])).to.equal(true);
        expect(isUntouched([pod(...inspected, ["load", 0], ["load-documents", 1])])).to.equal(false);
    });

    it("leaves the cluster alone after Ctrl-C, says how to continue, and resumes if nothing was loaded", async () => {
        cluster.before["wait --for=delete"] = () => process.emit("SIGINT");
        const interrupted = await failure(restore());
        expect(interrupted.exitCode).to.equal(130);
        expect(interrupted.message)
            .to.include(`./plinth backup restore shop ${old} production --recover`)
            .and.include("./plinth backup resume shop production");
        expect(cluster.deeds.slice(2)).to.deep.equal(stopped.slice(0, 4));
        cluster.before = {};
        cluster.deeds.length = 0;
        await resumeWriters(cluster.kubectl, "shop");
        expect(cluster.deeds).to.deep.equal([...started, ...served]);
    });

    it("is refused during another one, even if both start at once", async () => {
        cluster.jobs.set("restore-1", {
            metadata: { name: "restore-1", namespace, ownerReferences: [{ kind: "CronJob", name: "restore" }] },
            spec: { template: { spec: { containers: [] } } },
        });
        expect((await failure(restore())).message).to.include("Nothing was changed: restore-1 is working on");
        cluster.jobs.clear();
        const progress = JSON.stringify({ backup: fresh, replicas: {}, suspended: [], loads: [] });
        cluster.before["create --filename"] = () => {
            if (cluster.jobs.size > 0) cluster.record = { data: { progress } };
        };
        expect((await failure(restore())).message).to.include(
            `Nothing was changed: a restore of ${fresh} is in progress`,
        );
        expect(cluster.deeds).to.deep.equal([`check ${old}`]);
        expect(
            (await failure(restoreBackup(new Cluster().kubectl, "shop", old, { recover: true }))).message,
        ).to.include("no interrupted restore");
    });
});

describe("backing up at once", () => {
    it("names what is missing", async () => {
        const { kubectl } = new Cluster();
        expect((await failure(backUpNow(kubectl, "shpo"))).message).to.include('did you mean "shop"?');
        expect((await failure(backUpNow(kubectl, "plain"))).message).to.include("plinth:instances.plain.backup.target");
    });
    it("uses the configuration in the cluster if the file is ahead of it", async () => {
        const cluster = new Cluster();
        const { config } = cluster.kubectl;
        const instances = config.instances.map((one) => ({ ...one, state: "stopped" as const }));
        const kubectl = { ...cluster.kubectl, config: { ...config, instances } };
        expect(await backUpNow(kubectl, "shop")).to.equal(safety);
        const json = async <T>() => ({ items: [] }) as T;
        expect((await failure(backUpNow({ ...kubectl, json }, "shop"))).message).to.include(
            "./plinth start production shop",
        );
    });
    it("applies the instance's own retention, and fails with the Job", async () => {
        const cluster = new Cluster();
        expect(await backUpNow(cluster.kubectl, "shop")).to.equal(safety);
        expect(cluster.deeds).to.deep.equal(["backup keeping 3"]);
        cluster.endings.backup = { step: "dump", code: 1 };
        expect((await failure(backUpNow(cluster.kubectl, "shop"))).message).to.include("kubectl describe job backup-");
    });
    it("shows why an init container failed, not that later ones never started", async () => {
        const cluster = new Cluster();
        cluster.endings.backup = { step: "dump", code: 1 };
        const waits = `error: container "store" in pod "backup-1-x" is waiting to start: PodInitializing\n`;
        const read = async (args: readonly string[], input?: string) => {
            if (args[0] !== "logs") return cluster.kubectl.read(args, input);
            // Otherwise kubectl fails at the first container without a log.
            if (!args.includes("--ignore-errors")) throw new KubectlError("waiting to start", "other", "", "");
            return `the database refuses the password\n${waits}`;
        };
        const shown: string[] = [];
        const { error } = console;
        console.error = (text: string) => void shown.push(text);
        try {
            await failure(backUpNow({ ...cluster.kubectl, read }, "shop"));
        } finally {
            console.error = error;
        }
        expect(shown).to.deep.equal(["the database refuses the password"]);
    });
    it("leaves its Job to the deletion of the task, but not to the task's controller", async () => {
        const cluster = new Cluster();
        await backUpNow(cluster.kubectl, "shop");
        const [job] = [...cluster.jobs.values()] as unknown as {
            metadata: { ownerReferences: object[] };
            spec: { ttlSecondsAfterFinished: number };
        }[];
        expect(job!.metadata.ownerReferences).to.deep.equal([{ kind: "CronJob", name: "backup", controller: false }]);
        expect(job!.spec.ttlSecondsAfterFinished).to.equal(86_400);
    });
});

describe("the list of backups", () => {
    it("has the newest first, with the data of the manifest", () => {
        const log = `noise\nbackup\t${old}\tcomplete\tpostgres 17.6 (Debian 17.6-1)\tdatabase.dump=1000,files.tar.gz=500,\tx\nbackup\t${fresh}\tincomplete\n`;
        expect(entriesIn(log)).to.deep.equal([
            { name: fresh, takenAt: "2026-11-02T02:00:00Z", complete: false, files: {} },
            {
                name: old,
                takenAt: "2026-11-01T02:00:00Z",
                complete: true,
                engine: "postgres",
                version: "17.6",
                files: { "database.dump": 1000, "files.tar.gz": 500 },
            },
        ]);
    });
});
