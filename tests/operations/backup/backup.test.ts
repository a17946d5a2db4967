import { expect } from "chai";
import { backUpNow, entriesIn } from "../../../operations/backup/backups";
import type { UserError } from "../../../operations/system/errors";
import type { Kubectl } from "../../../operations/cluster/kubectl";
import { KubectlError } from "../../../operations/cluster/kubectlError";
import type { Pod } from "../../../operations/cluster/live";
import { isUntouched, restoreBackup, resumeWriters } from "../../../operations/backup/restore";

const namespace = "opencart-shop";
const old = "20261101T020000Z-aaaa";
const fresh = "20261102T020000Z-bbbb";
const safety = "20261103T093000Z-cccc";
const stack = "plinth.production";

type Action = "backup" | "check" | "list" | "restore";
/** How a Job ends: the exit code of its last step, 0 for success; or without a pod. */
type Ending = { step: string; code: number } | "vanished";
const well: Ending = { step: "store", code: 0 };

const object = (kind: string, name: string, spec: object, annotations = {}) => ({
    kind,
    metadata: {
        name,
        namespace,
        creationTimestamp: "2026-11-01T00:00:00Z",
        labels: { "app.kubernetes.io/instance": "shop", "app.kubernetes.io/name": name, "plinth.dev/stack": stack },
        annotations,
    },
    spec,
});

interface RunningJob {
    readonly metadata: { readonly name: string; readonly namespace?: string; readonly ownerReferences?: object[] };
    readonly spec: {
        readonly template: { readonly spec: { readonly containers: { env: { name: string; value: string }[] }[] } };
    };
    ending?: Ending;
}

/** A namespace as shown by kubectl, with the changes made to it. The results of Jobs depend on their action. */
class Cluster {
    readonly deeds: string[] = [];
    readonly endings: Partial<Record<Action, Ending>> = {};
    readonly replicas: Record<string, number> = { "deployment/frontend": 5, "statefulset/cache": 1 };
    readonly suspended: Record<string, boolean> = { backup: false, cron: false, held: true };
    readonly jobs = new Map<string, RunningJob>();
    record: { data: { progress: string } } | undefined;
    /** Actions before a call, by its first words. */
    before: Record<string, () => void> = {};

    private readonly actions = new Map<string, Action>();

    get kubectl(): Kubectl {
        const read = (args: readonly string[], input?: string) => this.call(args.join(" "), input);
        const reading: Kubectl["quiet"] = {
            read,
            json: async <T>(args: readonly string[], input?: string) => JSON.parse(await read(args, input)) as T,
        };
        return {
            config: {
                stack: "production",
                instances: [
                    { name: "shop", platform: "opencart", namespace, state: "running", backup: {} },
                    { name: "plain", platform: "opencart", state: "running" },
                ],
            } as unknown as Kubectl["config"],
            command: "kubectl",
            args: [],
            selector: `plinth.dev/stack=${stack}`,
            ...reading,
            quiet: reading,
            run: read,
            attach: async () => 0,
        };
    }

    private async call(line: string, input = ""): Promise<string> {
        const [begun] = Object.keys(this.before).filter((beginning) => line.startsWith(beginning));
        if (begun) this.before[begun]!();
        const words = line.split(" ");
        const name = words[2] ?? "";
        if (line.startsWith("get cronjobs")) return list(this.cronJobs());
        if (line.startsWith("get deployments"))
            return list(
                Object.entries({ ...this.replicas, "deployment/edge": 2 }).map(([key, replicas]) => {
                    const [kind, own] = key.split("/") as [string, string];
                    return object(kind === "deployment" ? "Deployment" : "StatefulSet", own, { replicas });
                }),
            );
        if (line.startsWith("get configmap")) return this.record ? JSON.stringify(this.record) : "";
        if (line.startsWith("get jobs")) return list([...this.jobs.values()].map((job) => this.shown(job)));
        if (line.startsWith("get job ")) {
            const job = this.jobs.get(name);
            return job ? JSON.stringify(this.shown(job)) : "";
        }
        if (line.startsWith("get pods")) return list(this.podsOf(/job-name=(\S+)/.exec(line)![1]!));
        if (line.startsWith("create job")) {
            const task = /--from=cronjob\/(\S+)/.exec(line)![1]!;
            return JSON.stringify({
                kind: "Job",
                metadata: { name, ownerReferences: [{ kind: "CronJob", name: task, controller: true }] },
                spec: {
                    template: { spec: { containers: [{ name: "last", env: [{ name: "KEEP_COUNT", value: "3" }] }] } },
                },
            });
        }
        if (line.startsWith("create --filename"))
            return this.create(JSON.parse(input) as RunningJob & { kind: string });
        if (line.startsWith("wait --for=condition=")) return this.wait(words);
        if (line.startsWith("wait --for=delete")) return this.did(`gone ${/name in \((.*)\)/.exec(line)![1]}`);
        if (line.startsWith("logs")) return this.log(/job-name=(\S+)/.exec(line)![1]!);
        if (line.startsWith("scale")) {
            const replicas = Number(/--replicas (\d+)/.exec(line)![1]);
            this.replicas[words[1]!] = replicas;
            return this.did(`scale ${words[1]} ${replicas}`);
        }
        if (line.startsWith("patch cronjob")) {
            this.suspended[name] = line.includes('"suspend":true');
            return this.did(`${this.suspended[name] ? "suspend" : "unsuspend"} ${name}`);
        }
        if (line.startsWith("patch configmap")) {
            this.record = JSON.parse(line.slice(line.indexOf('{"data"'))) as Cluster["record"];
            return "";
        }
        if (line.startsWith("delete configmap")) {
            this.record = undefined;
            return this.did("forget");
        }
        throw new Error(`unexpected: kubectl ${line}`);
    }

    private did(deed: string): string {
        this.deeds.push(deed);
        return "";
    }
    private cronJobs(): object[] {
        const writers = { "plinth.dev/writers": "cron frontend; cache" };
        return [
            ...Object.entries(this.suspended).map(([name, suspend]) => object("CronJob", name, { suspend })),
            object("CronJob", "restore", { suspend: true }, writers),
        ];
    }
    private create(made: RunningJob & { kind: string }): string {
        if (made.kind === "ConfigMap") {
            if (this.record) throw new KubectlError("already exists", "alreadyExists", "already exists");
            this.record = made as unknown as Cluster["record"];
            return this.did("remember");
        }
        const env = Object.fromEntries(
            made.spec.template.spec.containers[0]!.env.map(({ name, value }) => [name, value]),
        );
        const action = (env["ACTION"] ?? "backup") as Action;
        this.actions.set(made.metadata.name, action);
        this.jobs.set(made.metadata.name, { ...made, ending: this.endings[action] ?? well });
        const detail = action === "backup" ? `keeping ${env["KEEP_COUNT"]}` : env["BACKUP"];
        return this.did(`${action} ${detail}`.trim());
    }
    private isFailed = ({ ending }: RunningJob): boolean => ending === "vanished" || ending?.code !== 0;
    private shown(job: RunningJob): object {
        const type = this.isFailed(job) ? "Failed" : "Complete";
        return { ...job, status: job.ending ? { conditions: [{ type, status: "True" }] } : {} };
    }
    private wait([, condition, job]: string[]): Promise<string> {
        const found = this.jobs.get(job!.slice("job/".length))!;
        // The other end never answers.
        if (condition!.endsWith("Failed") !== this.isFailed(found)) return new Promise(() => undefined);
        return Promise.resolve("");
    }
    private podsOf(name: string): object[] {
        const { ending } = this.jobs.get(name)!;
        if (!ending || ending === "vanished") return [];
        const message = this.actions.get(name) === "backup" ? safety : undefined;
        const ended = ["fetch", "load", "unpack"].slice(0, ["fetch", "load", "unpack"].indexOf(ending.step) + 1);
        const terminated = (step: string) => ({ exitCode: step === ending.step ? ending.code : 0, message });
        const statuses = (ended.length > 0 ? ended : [ending.step]).map((step) => ({
            name: step,
            state: { terminated: terminated(step) },
        }));
        return [{ metadata: { name, creationTimestamp: "" }, status: { containerStatuses: statuses } }];
    }
    private log(name: string): string {
        if (this.actions.get(name) !== "list") return "";
        return [
            `backup\t${old}\tcomplete\tmariadb 10.11.19-MariaDB\tdatabase.sql.gz=1000,files.tar.gz=500,\t2026-11-01T02:05:00Z`,
            `backup\t${fresh}\tincomplete`,
        ].join("\n");
    }
}

const list = (items: readonly object[]): string => JSON.stringify({ items });

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
        ]);
        expect(cluster.suspended["held"]).to.equal(true);
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
        expect(cluster.deeds).to.deep.equal([`check ${safety}`, ...stopped, `restore ${safety}`, ...started]);
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
        expect(cluster.deeds).to.deep.equal(started);
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
