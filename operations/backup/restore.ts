import { checks, exitCodes, restoreEnv, steps } from "../../components/backup/contract";
import { plinthLabels } from "../../components/labels";
import { show } from "../../config/problems";
import {
    activeJobs,
    type Backups,
    backUpNow,
    endOf,
    findBackups,
    finishJob,
    jobEnd,
    listBackups,
    nameForJob,
    podsOfJob,
    startJob,
} from "./backups";
import { componentOf, listStack } from "../cluster/components";
import { UserError } from "../system/errors";
import type { Job, Pod, Workload } from "../cluster/live";
import { statusesOf } from "../cluster/pods";
import { interruptible } from "../system/interruptible";
import { type Kubectl, targetOf } from "../cluster/kubectl";
import {
    partialDataMessage,
    createProgress,
    deleteProgress,
    howToContinue,
    type Progress,
    readProgress,
    type Restore,
    inProgressMessage,
    subjectOf,
    writeProgress,
} from "./progress";

export interface RestoreArgs {
    /** Whether the current data is backed up first. @default true */
    readonly safetyBackup?: boolean;
    /** Continues an interrupted restore, possibly with a different backup. @default false */
    readonly recover?: boolean;
}

/**
 * Replaces the data of an instance with a backup. Components that write to the data are stopped during the restore, and
 * started again if it either completed or changed nothing.
 *
 * @param name of the backup
 * @returns name of the safety backup, if one was taken and reported its name
 * @throws UserError that says whether anything was changed and how to continue
 */
export async function restoreBackup(
    kubectl: Kubectl,
    instance: string,
    name: string,
    { safetyBackup = true, recover = false }: RestoreArgs = {},
): Promise<string | undefined> {
    const backups = await findBackups(kubectl, instance);
    const found = { kubectl, backups };
    const previous = await readProgress(found);
    if (previous && !recover)
        throw new UserError(`Nothing was changed: ${inProgressMessage(subjectOf(found), previous)}`);
    if (!previous && recover) throw new UserError(`Nothing was changed: "${instance}" has no interrupted restore.`);
    await refuseActive(found);
    await check(found, name);
    const writers = await runningWriters(found);
    const progress = {
        backup: name,
        replicas: { ...writers.replicas, ...previous?.replicas },
        suspended: [...new Set([...writers.suspended, ...(previous?.suspended ?? [])])],
        ...(previous?.safety === undefined ? {} : { safety: previous.safety }),
        loads: previous?.loads ?? [],
    };
    return interruptible(async (signal) => {
        const restore = { kubectl: stoppable(kubectl, signal), backups };
        if (previous) await writeProgress(restore, progress);
        else await createProgress(restore, progress);
        try {
            return await stopAndLoad(restore, progress, safetyBackup);
        } catch (error) {
            if (error instanceof FinalError || !(error instanceof UserError)) throw error;
            const cause = signal.aborted
                ? "Interrupted; Jobs already started in the cluster keep running."
                : error.message;
            throw new UserError(`${cause}\n${howToContinue(subjectOf(found), progress)}`, signal.aborted ? 130 : 1);
        }
    });
}

/**
 * Starts the components that an interrupted restore has stopped.
 *
 * @throws UserError if the data may be only partially restored
 */
export async function resumeWriters(kubectl: Kubectl, instance: string): Promise<void> {
    const restore = { kubectl, backups: await findBackups(kubectl, instance) };
    const progress = await readProgress(restore);
    if (!progress) throw new UserError(`Nothing was changed: "${instance}" has no interrupted restore.`);
    await refuseActive(restore);
    if (!(await isConsistent(restore, progress)))
        throw new UserError(partialDataMessage(subjectOf(restore), progress), exitCodes.changed);
    await startAgain(restore, progress);
    await awaitTiers(restore, progress, `"${instance}" is started`);
}

/** A failure whose message is already complete. */
class FinalError extends UserError {}

async function stopAndLoad(restore: Restore, initial: Progress, safetyBackup: boolean): Promise<string | undefined> {
    const { kubectl, backups } = restore;
    let progress = initial;
    try {
        await stopWriters(restore, progress);
        // A backup of partially loaded data is useless.
        if (safetyBackup && progress.safety === undefined && progress.loads.length === 0) {
            progress = { ...progress, safety: await takeSafetyBackup(restore) };
            await writeProgress(restore, progress);
        }
    } catch (error) {
        throw await settleFailure(restore, progress, error);
    }
    const name = nameForJob(backups.restore);
    progress = { ...progress, loads: [...progress.loads, name] };
    await writeProgress(restore, progress);
    const job = await startJob(kubectl, backups.restore, restoreEnv("restore", progress.backup), name);
    if ((await finishJob(kubectl, job)) === "Failed")
        throw await settleFailure(restore, progress, new UserError(`The restore of "${backups.instance}" failed.`));
    await startAgain(restore, progress);
    await awaitTiers(restore, progress, `The data of "${backups.instance}" is restored`);
    return progress.safety;
}

/** The error to throw for a failure. If the data is intact, everything is started again first. */
async function settleFailure(restore: Restore, progress: Progress, error: unknown): Promise<unknown> {
    if (!(error instanceof UserError)) return error;
    if (!(await isConsistent(restore, progress)))
        return new FinalError(
            `${error.message}\n${partialDataMessage(subjectOf(restore), progress)}`,
            exitCodes.changed,
        );
    await startAgain(restore, progress);
    return new FinalError(`${error.message}\nNothing was changed, and "${restore.backups.instance}" runs again.`);
}

/** Keeps old backups: the one to be restored may be the oldest. */
async function takeSafetyBackup({ kubectl, backups }: Restore): Promise<string> {
    try {
        return (await backUpNow(kubectl, backups.instance, false)) ?? "";
    } catch (error) {
        if (!(error instanceof UserError)) throw error;
        throw new UserError(
            `${error.message}\nTo restore without backing up the current data first: --no-safety-backup`,
        );
    }
}

/** @throws UserError that lists the available backups */
async function check({ kubectl, backups }: Restore, name: string): Promise<void> {
    const job = await startJob(kubectl, backups.restore, restoreEnv("check", name));
    if ((await finishJob(kubectl, job)) === "Complete") return;
    const known = (await listBackups(kubectl, backups)).filter(({ complete }) => complete).map((one) => one.name);
    throw new UserError(
        known.includes(name)
            ? `Nothing was changed: ${name} cannot be restored.`
            : `Nothing was changed: "${backups.instance}" has no complete backup ${show(name)}; available: ${known.join(", ") || "none"}`,
    );
}

/** Whether the loads so far have either changed nothing or completed. */
async function isConsistent({ kubectl, backups }: Restore, { loads }: Progress): Promise<boolean> {
    let isIntact = true;
    for (const name of loads) {
        const where = ["job", name, "--namespace", backups.namespace, "--ignore-not-found", "--output", "json"];
        const found = await kubectl.read(["get", ...where]);
        const job = found.trim() === "" ? undefined : (JSON.parse(found) as Job);
        if (job && endOf(job) === "Complete") isIntact = true;
        else if (!job || !isUntouched(await podsOfJob(kubectl, job))) isIntact = false;
    }
    return isIntact;
}

/**
 * Whether a failed load is known to have changed nothing: it never started, or its exit code says so. If it was killed
 * or left no pod, it may have changed something.
 */
export function isUntouched(pods: readonly Pod[]): boolean {
    const [pod, ...more] = pods;
    const ended = pod ? statusesOf(pod) : [];
    const exitOf = (step: string) => ended.find(({ name }) => name === step)?.state?.terminated?.exitCode;
    return (
        more.length === 0 &&
        exitOf(steps.restore.fetch) !== undefined &&
        (checks.some((step) => (exitOf(step) ?? 0) !== 0) || exitOf(steps.restore.load) === exitCodes.untouched)
    );
}

async function refuseActive({ kubectl, backups }: Restore): Promise<void> {
    const [active] = await activeJobs(kubectl, backups.namespace, [backups.restore]);
    if (!active) return;
    const { name, namespace } = active.metadata;
    throw new UserError(
        `Nothing was changed: ${name} is working on the backups of "${backups.instance}". Wait for it: kubectl wait --for=condition=Complete job/${name} --namespace ${namespace} --timeout=1h`,
    );
}

/** Names of the components to stop, in groups, each when the one before has ended. */
const writersOf = ({ restore }: Backups): string[][] =>
    (restore.metadata.annotations?.[plinthLabels.writers] ?? "")
        .split(";")
        .map((group) => group.split(" ").filter((name) => name !== ""));

/** The Deployments and StatefulSets to stop, in the same groups. */
async function tiersOf({ kubectl, backups }: Restore): Promise<Workload[][]> {
    const all = await listStack<Workload>(kubectl, "deployments,statefulsets");
    const own = all.filter((tier) => componentOf(tier).instance === backups.instance);
    return writersOf(backups).map((names) => own.filter((tier) => names.includes(componentOf(tier).name)));
}

async function runningWriters({ kubectl, backups }: Restore): Promise<Pick<Progress, "replicas" | "suspended">> {
    const tiers = (await tiersOf({ kubectl, backups })).flat();
    return {
        replicas: Object.fromEntries(tiers.map((tier) => [targetOf(tier), tier.spec.replicas ?? 1])),
        suspended: backups.scheduled.filter(({ spec }) => !spec.suspend).map(({ metadata }) => metadata.name),
    };
}

/**
 * Stops everything that writes to the data and waits until its pods are deleted. Autoscalers ignore a tier with zero
 * replicas.
 */
async function stopWriters({ kubectl, backups }: Restore, { replicas, suspended }: Progress): Promise<void> {
    const { namespace, instance, scheduled } = backups;
    for (const task of suspended) await suspend(kubectl, namespace, task, true);
    // Everything else runs on while a task still needs it.
    for (const job of await activeJobs(kubectl, namespace, scheduled)) await jobEnd(kubectl, job);
    for (const tiers of await tiersOf({ kubectl, backups })) {
        if (tiers.length === 0) continue;
        const running = tiers.map(targetOf).filter((tier) => replicas[tier] !== undefined);
        for (const tier of running) await scale(kubectl, namespace, tier, 0);
        const names = tiers.map((tier) => componentOf(tier).name).join(", ");
        const selector = `app.kubernetes.io/instance=${instance},app.kubernetes.io/name in (${names})`;
        const pods = ["pods", "--namespace", namespace, "--selector", selector];
        await kubectl.run(["wait", "--for=delete", ...pods, "--timeout=10m"]);
    }
}

/** What was stopped last is started first, since the others use it. The record is deleted last, so that this can be repeated. */
async function startAgain(restore: Restore, { replicas, suspended }: Progress): Promise<void> {
    const { kubectl, backups } = restore;
    const { namespace } = backups;
    for (const [tier, pods] of Object.entries(replicas).reverse()) await scale(kubectl, namespace, tier, pods);
    for (const task of suspended) await suspend(kubectl, namespace, task, false);
    await deleteProgress(restore);
}

/**
 * Waits until the tiers that were started serve again.
 *
 * @param done what holds even if they do not
 * @throws FinalError with that, and with the tier that is not ready after ten minutes
 */
async function awaitTiers({ kubectl, backups }: Restore, { replicas }: Progress, done: string): Promise<void> {
    const started = Object.entries(replicas).filter(([, pods]) => pods > 0);
    try {
        for (const [tier] of started)
            await kubectl.run(["rollout", "status", tier, "--namespace", backups.namespace, "--timeout", "10m"]);
    } catch (error) {
        if (!(error instanceof UserError)) throw error;
        throw new FinalError(
            `${done}, but not every tier is ready: ${error.message}
What it waits for: ./plinth status ${kubectl.config.stack}`,
        );
    }
}

const scale = (kubectl: Kubectl, namespace: string, tier: string, pods: number): Promise<string> =>
    kubectl.run(["scale", tier, "--namespace", namespace, "--replicas", String(pods)]);

const suspend = (kubectl: Kubectl, namespace: string, task: string, is: boolean): Promise<string> => {
    const patch = JSON.stringify({ spec: { suspend: is } });
    return kubectl.run(["patch", "cronjob", task, "--namespace", namespace, "--type", "merge", "--patch", patch]);
};

/** A kubectl that runs no further commands after an interruption. */
const stoppable = (kubectl: Kubectl, signal: AbortSignal): Kubectl => ({
    ...kubectl,
    read: (args, input, other) => {
        signal.throwIfAborted();
        return kubectl.read(args, input, other);
    },
    json: (args, input) => {
        signal.throwIfAborted();
        return kubectl.json(args, input);
    },
    run: (args) => {
        signal.throwIfAborted();
        return kubectl.run(args);
    },
});
