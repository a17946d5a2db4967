import type { Kubectl } from "../../../operations/cluster/kubectl";
import { KubectlError } from "../../../operations/cluster/kubectlError";

export const namespace = "opencart-shop";
export const old = "20261101T020000Z-aaaa";
export const fresh = "20261102T020000Z-bbbb";
export const safety = "20261103T093000Z-cccc";
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
export class Cluster {
    readonly deeds: string[] = [];
    readonly endings: Partial<Record<Action, Ending>> = {};
    readonly replicas: Record<string, number> = { "deployment/frontend": 5, "statefulset/cache": 1 };
    readonly suspended: Record<string, boolean> = { backup: false, cron: false, held: true };
    readonly jobs = new Map<string, RunningJob>();
    record: { data: { progress: string } } | undefined;
    /** A tier that does not become ready. */
    unready = "";
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
        if (line.startsWith("rollout status")) {
            if (words[2] === this.unready) throw new KubectlError("timed out waiting for the condition", "other", "");
            return this.did(`await ${words[2]}`);
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
