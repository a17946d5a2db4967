import { plinthLabels } from "../../components/labels";
import { consentName } from "../../components/names";
import { componentOf } from "../cluster/components";
import type { Kubectl } from "../cluster/kubectl";
import { KubectlError } from "../cluster/kubectlError";
import type { Live } from "../cluster/live";
import type { Named } from "../cluster/ownership";
import type { Resource } from "../engine/state";
import type { RenderedObject } from "../render/rendering";
import { UserError } from "../system/errors";
import type { Backups } from "./backups";

/** What a restore has stopped and how far it got. It is kept in the cluster, so that it survives this process. */
export interface Progress {
    readonly backup: string;
    /** Replicas of each tier before the restore, by `deployment/frontend`. */
    readonly replicas: Readonly<Record<string, number>>;
    /** Scheduled tasks that were not suspended before. */
    readonly suspended: readonly string[];
    /** Name of the safety backup; empty if its pod did not report it. @default none was taken */
    readonly safety?: string;
    /** Names of the Jobs that load data, each recorded before it starts. */
    readonly loads: readonly string[];
}

/** What belongs to one restore. */
export interface Restore {
    readonly kubectl: Kubectl;
    readonly backups: Backups;
}

/**
 * The record of a restore is a ConfigMap. It is only ever created, never overwritten, so that it also locks out a
 * second restore.
 */
const recordOf = (task: string): string => `${task}-progress`;

const progressIn = (record: object): Progress =>
    JSON.parse((record as { data: { progress: string } }).data.progress) as Progress;

const recordArgs = ({ backups: { restore, namespace } }: Restore): string[] => [
    "configmap",
    recordOf(restore.metadata.name),
    "--namespace",
    namespace,
];

export async function readProgress({ kubectl, backups }: Restore): Promise<Progress | undefined> {
    const found = await kubectl.read([
        "get",
        ...recordArgs({ kubectl, backups }),
        "--ignore-not-found",
        "--output",
        "json",
    ]);
    if (found.trim() === "") return undefined;
    return progressIn(JSON.parse(found) as object);
}

export async function createProgress(restore: Restore, progress: Progress): Promise<void> {
    const { kubectl, backups } = restore;
    const { name, namespace, labels } = backups.restore.metadata;
    const { [plinthLabels.stack]: _, ...own } = labels ?? {};
    const record = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: recordOf(name), namespace, labels: own },
        data: { progress: JSON.stringify(progress) },
    };
    try {
        await kubectl.read(["create", "--filename", "-"], JSON.stringify(record));
    } catch (error) {
        const isThere = error instanceof KubectlError && error.kind === "alreadyExists";
        const other = isThere ? await readProgress(restore) : undefined;
        if (other) throw new UserError(`Nothing was changed: ${inProgressMessage(subjectOf(restore), other)}`);
        throw error;
    }
}

export async function writeProgress(restore: Restore, progress: Progress): Promise<void> {
    const patch = JSON.stringify({ data: { progress: JSON.stringify(progress) } });
    await restore.kubectl.read(["patch", ...recordArgs(restore), "--type", "merge", "--patch", patch]);
}

/** The last step: after this the restore cannot be continued. */
export const deleteProgress = async (restore: Restore): Promise<void> =>
    void (await restore.kubectl.read(["delete", ...recordArgs(restore)]));

/** The instance whose data a restore replaces, for messages and commands. */
interface RestoreSubject {
    readonly instance: string;
    readonly stack: string;
}

export const subjectOf = ({ kubectl, backups: { instance } }: Restore): RestoreSubject => ({
    instance,
    stack: kubectl.config.stack,
});

/** What continues an interrupted restore. */
export const continueCommand = ({ instance, stack }: RestoreSubject, name: string): string =>
    `./plinth backup restore ${instance} ${name} ${stack} --recover`;

/** @param progress of which restore */
export const howToContinue = ({ instance, stack }: RestoreSubject, { backup }: Progress): string =>
    `The components that write to the data of "${instance}" may be stopped. Continue with:\n  ${continueCommand({ instance, stack }, backup)}\n` +
    `or, to start them again with the data as it is:\n  ./plinth backup resume ${instance} ${stack}`;

export const inProgressMessage = (of: RestoreSubject, progress: Progress): string =>
    `a restore of ${progress.backup} is in progress or was interrupted. If it was interrupted:\n${howToContinue(of, progress)}`;

export function partialDataMessage(of: RestoreSubject, { backup, safety, replicas, suspended }: Progress): string {
    const before = safety ? `\nor restore the data from before:\n  ${continueCommand(of, safety)}` : "";
    return (
        `The data of "${of.instance}" may be only a part of ${backup}, or mixed with the old data. These components stay stopped: ` +
        `${[...Object.keys(replicas), ...suspended].join(", ")}.\n` +
        `Once the cause is fixed, continue with:\n  ${continueCommand(of, backup)}${before}`
    );
}

type RestoreTask = Pick<Live, "metadata">;

const isRestoreTask = (object: Partial<RestoreTask> | undefined): object is RestoreTask =>
    object?.metadata?.annotations?.[plinthLabels.writers] !== undefined;

/** The restore tasks among the objects of a stack. Without one, no restore can be in progress. */
export const restoreTasksIn = (objects: readonly RestoreTask[]): RestoreTask[] => objects.filter(isRestoreTask);

/** The restore tasks in a stack's state. */
export const restoreTasks = (resources: readonly Resource[]): RestoreTask[] =>
    resources.map(({ outputs }) => outputs as Partial<RestoreTask> | undefined).filter(isRestoreTask);

/** The names of the records that these tasks would have. */
export const recordsOf = (tasks: readonly RestoreTask[]): Named[] => tasks.map(recordNamed);

const recordNamed = ({ metadata: { name, namespace } }: Pick<Live, "metadata">): Named => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: recordOf(name), namespace },
});

/** A restore that is in progress or was interrupted. */
interface UnfinishedRestore {
    readonly instance: string;
    readonly progress: Progress;
}

/**
 * Restores of which there is a record.
 *
 * @param live objects in the cluster, including any such records
 */
export const unfinishedRestores = (
    tasks: readonly RestoreTask[],
    live: readonly RenderedObject[],
): UnfinishedRestore[] =>
    tasks.flatMap((task) => {
        const name = consentName(recordNamed(task));
        const record = live.find((one) => consentName(one) === name);
        return record ? [{ instance: componentOf(task).instance, progress: progressIn(record) }] : [];
    });

/**
 * Refuses a run during a restore: it would start what the restore has stopped, on partially loaded data.
 *
 * @param live objects in the cluster, including any such records
 * @param resources of the stack's state; the restore task among them determines where its record is
 * @throws UserError if a restore is in progress or was interrupted, with the commands that continue it
 */
export function refuseWhileRestoring(
    stack: string,
    live: readonly RenderedObject[],
    resources: readonly Resource[],
): void {
    const found = unfinishedRestores(restoreTasks(resources), live).map(({ instance, progress }) =>
        inProgressMessage({ instance, stack }, progress),
    );
    if (found.length > 0) throw new UserError(`Nothing was changed: ${found.join("\nand ")}`);
}
