import { randomBytes } from "node:crypto";
import { keepAllEnv, restoreEnv, steps, tasks } from "../../components/backup/contract";
import { literal } from "../../components/languages/expansion";
import { namespaceOf } from "../../config/unique";
import { componentOf, listStack } from "../cluster/components";
import { UserError } from "../system/errors";
import type { CronJob, Job, List, Live, Pod } from "../cluster/live";
import { findInstances } from "../stackfile/instances";
import type { Kubectl } from "../cluster/kubectl";

/** The scheduled tasks of an instance that is backed up. */
export interface Backups {
    readonly instance: string;
    readonly namespace: string;
    readonly backup: CronJob;
    /** Lists, checks and restores; never runs on a schedule. */
    readonly restore: CronJob;
    /** The tasks that run on a schedule: all except `restore`. */
    readonly scheduled: readonly CronJob[];
}

/** One backup on the backup target. Sizes in bytes. */
export interface BackupEntry {
    readonly name: string;
    /** Time of the dump (RFC 3339), and so of the data. */
    readonly takenAt: string;
    /** Whether it was completed and can be restored. */
    readonly complete: boolean;
    readonly engine?: string;
    readonly version?: string;
    readonly files: Readonly<Record<string, number>>;
}

/**
 * @throws UserError if the instance is unknown, stopped or not backed up, with what to do about it
 */
export async function findBackups(kubectl: Kubectl, name: string): Promise<Backups> {
    const { config } = kubectl;
    const [instance] = findInstances(config, [name]);
    const start = `./plinth launch ${config.stack}`;
    if (!instance!.backup)
        throw new UserError(
            `"${name}" is not backed up. Set a target in Pulumi.${config.stack}.yaml: plinth:instances.${name}.backup.target (docs/backup.md), then ${start}`,
        );
    const own = (await listStack<CronJob>(kubectl, "cronjobs")).filter((one) => componentOf(one).instance === name);
    const find = (task: string) => own.find((one) => componentOf(one).name === task);
    const [backup, restore] = [find(tasks.backup), find(tasks.restore)];
    // What is in the cluster decides: the file may be ahead of it, and an interrupted restore must still be completed.
    if (!backup || !restore)
        throw new UserError(
            instance!.state === "running"
                ? `The backup of "${name}" is configured, but not deployed yet: ${start}`
                : `"${name}" is ${instance!.state}, and so is its database. First: ./plinth start ${config.stack} ${name}`,
        );
    return {
        instance: name,
        namespace: namespaceOf(instance!),
        backup,
        restore,
        scheduled: own.filter((one) => one !== restore),
    };
}

export const nameForJob = (task: CronJob): string => `${task.metadata.name}-${randomBytes(4).toString("hex")}`;

/** How long a finished Job and its log are kept: a day. */
const keptSeconds = 24 * 3600;

/** Runs a scheduled task now, with some environment variables of its containers overridden. */
export async function startJob(
    kubectl: Kubectl,
    task: CronJob,
    env: Readonly<Record<string, string>>,
    name = nameForJob(task),
): Promise<Job> {
    const { namespace } = task.metadata;
    const made = await kubectl.json<Job>([
        "create",
        "job",
        name,
        `--from=cronjob/${task.metadata.name}`,
        "--namespace",
        namespace,
        "--dry-run=client",
    ]);
    // Only for the deletion of the task: its controller would report a Job that it has not created as unexpected. So it
    // does not delete old ones either.
    const owners = (made.metadata.ownerReferences ?? []).map((owner) => ({ ...owner, controller: false }));
    const job = {
        ...made,
        metadata: { ...made.metadata, namespace, ownerReferences: owners },
        spec: { ...made.spec, ttlSecondsAfterFinished: keptSeconds },
    };
    const { containers, initContainers = [] } = job.spec.template.spec;
    for (const container of [...initContainers, ...containers])
        container.env = [
            ...(container.env ?? []).filter((one) => !Object.hasOwn(env, one.name)),
            ...Object.entries(env).map(([variable, value]) => ({ name: variable, value: literal(value) })),
        ];
    await kubectl.read(["create", "--filename", "-"], JSON.stringify(job));
    return job;
}

/** Unfinished Jobs of scheduled tasks, no matter who started them. */
export async function activeJobs(kubectl: Kubectl, namespace: string, tasks: readonly CronJob[]): Promise<Job[]> {
    const names = tasks.map(({ metadata }) => metadata.name);
    const { items } = await kubectl.json<List<Job>>(["get", "jobs", "--namespace", namespace]);
    return items.filter(
        (job) =>
            !endOf(job) &&
            job.metadata.ownerReferences?.some(({ kind, name }) => kind === "CronJob" && names.includes(name)),
    );
}

type End = "Complete" | "Failed";

export const endOf = ({ status }: Job): End | undefined =>
    status?.conditions?.find(
        (condition): condition is typeof condition & { type: End } =>
            condition.status === "True" && ["Complete", "Failed"].includes(condition.type),
    )?.type;

/**
 * Waits until a Job has ended, successfully or not. Its own deadline ends it; this waits a little longer than that.
 *
 * @throws UserError if waiting for it fails
 */
export async function jobEnd(kubectl: Kubectl, { metadata, spec }: Job): Promise<End> {
    const abort = new AbortController();
    const seconds = (spec.activeDeadlineSeconds ?? 3600) + 300;
    const until = async (end: End): Promise<End> => {
        const where = [`job/${metadata.name}`, "--namespace", metadata.namespace, `--timeout=${seconds}s`];
        await kubectl.read(["wait", `--for=condition=${end}`, ...where], undefined, abort.signal);
        return end;
    };
    try {
        return await Promise.any([until("Complete"), until("Failed")]);
    } catch (error) {
        throw (error as AggregateError).errors[0];
    } finally {
        abort.abort();
    }
}

/** The pods of a Job, newest first. */
export async function podsOfJob(kubectl: Kubectl, { metadata }: Pick<Live, "metadata">): Promise<Pod[]> {
    const selector = ["--namespace", metadata.namespace, "--selector", `batch.kubernetes.io/job-name=${metadata.name}`];
    const { items } = await kubectl.json<List<Pod>>(["get", "pods", ...selector]);
    return items.sort((a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp));
}

/** What kubectl writes into a log for a container that never started, because one before it has failed. */
const notStarted = /^error: container "[^"]*" in pod "[^"]*" is waiting to start: PodInitializing\n?/gm;

/** The logs of all pods of a Job, as far as its containers have started; undefined if they cannot be read. */
export async function logOfJob(
    kubectl: Kubectl,
    { metadata }: Pick<Live, "metadata">,
    containers = ["--all-containers"],
): Promise<string | undefined> {
    const pods = ["--selector", `batch.kubernetes.io/job-name=${metadata.name}`, "--tail", "-1"];
    const args = ["logs", "--namespace", metadata.namespace, ...pods, "--ignore-errors", ...containers];
    try {
        return (await kubectl.read(args)).replace(notStarted, "");
    } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return undefined;
    }
}

/** Waits for a Job and prints its log. */
export async function finishJob(kubectl: Kubectl, job: Job): Promise<End> {
    const end = await jobEnd(kubectl, job);
    const log = await logOfJob(kubectl, job);
    console.error(log?.trimEnd() ?? `The log of ${job.metadata.name} cannot be read.`);
    return end;
}

/**
 * Backs up an instance now.
 *
 * @param deletes whether old backups are deleted afterwards. @default true
 * @returns the backup's name, if the pod reported it
 * @throws UserError if it is not completed
 */
export async function backUpNow(kubectl: Kubectl, instance: string, deletes = true): Promise<string | undefined> {
    const { backup } = await findBackups(kubectl, instance);
    const job = await startJob(kubectl, backup, deletes ? {} : keepAllEnv);
    const { name, namespace } = job.metadata;
    if ((await finishJob(kubectl, job)) === "Failed")
        throw new UserError(
            `The backup of "${instance}" failed and cannot be used. For the cause: kubectl describe job ${name} --namespace ${namespace}`,
        );
    const [pod] = await podsOfJob(kubectl, job);
    return pod?.status?.containerStatuses?.[0]?.state?.terminated?.message;
}

/**
 * The backups of an instance, newest first.
 *
 * @throws UserError if they cannot be listed, with the target's own message
 */
export async function listBackups(kubectl: Kubectl, { restore }: Pick<Backups, "restore">): Promise<BackupEntry[]> {
    const job = await startJob(kubectl, restore, restoreEnv("list"));
    const end = await jobEnd(kubectl, job);
    const log = await logOfJob(kubectl, job, ["--container", steps.restore.fetch]);
    if (end === "Failed" || log === undefined)
        throw new UserError(`The backups could not be listed: ${log?.trim() || "the log cannot be read"}`);
    return entriesIn(log);
}

/** Reads the lines that the task writes: `backup NAME STATE ENGINE FILES END`, with tabs. */
export const entriesIn = (log: string): BackupEntry[] =>
    log
        .split("\n")
        .filter((line) => line.startsWith("backup\t"))
        .map((line) => {
            const [, name = "", state, engine = "", files = ""] = line.split("\t");
            const [product, version] = engine.split(" ");
            const sizes = files.split(",").filter((file) => file !== "");
            return {
                name,
                takenAt: name.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*/, "$1-$2-$3T$4:$5:$6Z"),
                complete: state === "complete",
                ...(product ? { engine: product } : {}),
                ...(version ? { version } : {}),
                files: Object.fromEntries(
                    sizes.map((file) => file.split("=")).map(([path, size]) => [path, Number(size)]),
                ),
            };
        })
        .sort((a, b) => b.name.localeCompare(a.name));
