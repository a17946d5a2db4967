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

/** What a restore has stopped, and how far it came: in the cluster, so that it is not lost with this process. */
export interface Progress {
    readonly backup: string;
    /** Tiers with the pods that they had: `deployment/frontend`. */
    readonly replicas: Readonly<Record<string, number>>;
    /** Scheduled tasks that were not suspended before. */
    readonly suspended: readonly string[];
    /** Name of the backup of what was there; empty where its pod could not tell. @default none was made */
    readonly safety?: string;
    /** The Jobs that load, each from before it starts. */
    readonly loads: readonly string[];
}

/** What belongs to one restore. */
export interface Restore {
    readonly kubectl: Kubectl;
    readonly backups: Backups;
}

/** The record of a restore is a ConfigMap: made only where none is, it also keeps a second restore away. */
const recordOf = (task: string): string => `${task}-progress`;

const progressIn = (record: object): Progress =>
    JSON.parse((record as { data: { progress: string } }).data.progress) as Progress;

const place = ({ backups: { restore, namespace } }: Restore): string[] => [
    "configmap",
    recordOf(restore.metadata.name),
    "--namespace",
    namespace,
];

export async function readProgress({ kubectl, backups }: Restore): Promise<Progress | undefined> {
    const found = await kubectl.read(["get", ...place({ kubectl, backups }), "--ignore-not-found", "--output", "json"]);
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
        if (other) throw new UserError(`Nothing was changed: ${underWay(whose(restore), other)}`);
        throw error;
    }
}

export async function writeProgress(restore: Restore, progress: Progress): Promise<void> {
    const patch = JSON.stringify({ data: { progress: JSON.stringify(progress) } });
    await restore.kubectl.read(["patch", ...place(restore), "--type", "merge", "--patch", patch]);
}

/** The last step: from then on there is nothing to go on with. */
export const deleteProgress = async (restore: Restore): Promise<void> =>
    void (await restore.kubectl.read(["delete", ...place(restore)]));

/** Whose data a restore replaces, in messages and commands. */
interface Whose {
    readonly instance: string;
    readonly stack: string;
}

export const whose = ({ kubectl, backups: { instance } }: Restore): Whose => ({
    instance,
    stack: kubectl.config.stack,
});

const command = ({ instance, stack }: Whose, name: string): string =>
    `./plinth backup restore ${instance} ${name} ${stack} --recover`;

/** @param progress of which restore */
export const howToGoOn = ({ instance, stack }: Whose, { backup }: Progress): string =>
    `What writes to the data of "${instance}" may be stopped. Go on with:\n  ${command({ instance, stack }, backup)}\n` +
    `or, to start it again with the data as they are:\n  ./plinth backup resume ${instance} ${stack}`;

export const underWay = (of: Whose, progress: Progress): string =>
    `a restore of ${progress.backup} is under way, or was broken off. Where it is dead:\n${howToGoOn(of, progress)}`;

export function brokenOff(of: Whose, { backup, safety, replicas, suspended }: Progress): string {
    const before = safety ? `\nor back to what was there before:\n  ${command(of, safety)}` : "";
    return (
        `The data of "${of.instance}" may be a part of ${backup}. What writes to them stays stopped: ` +
        `${[...Object.keys(replicas), ...suspended].join(", ")}.\n` +
        `When the cause is gone, go on with:\n  ${command(of, backup)}${before}`
    );
}

/** The tasks that restore instances: without one there is no restore to come between. */
export const restoreTasks = (resources: readonly Resource[]): Pick<Live, "metadata">[] =>
    resources.flatMap(({ outputs }) =>
        outputs?.metadata?.annotations?.[plinthLabels.writers] === undefined ? [] : (outputs as Pick<Live, "metadata">),
    );

/** The records that there would be of them. */
export const restoreRecords = (resources: readonly Resource[]): Named[] => restoreTasks(resources).map(recordNamed);

const recordNamed = ({ metadata: { name, namespace } }: Pick<Live, "metadata">): Named => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: recordOf(name), namespace },
});

/**
 * Keeps a run away from what a restore has stopped, which it would start on a part of the data.
 *
 * @param live what the cluster has of the records, and perhaps of others
 * @param resources of the stack's state, of which the task that restores tells where its record is
 * @throws UserError where a restore is under way or was broken off, with the commands that go on
 */
export function refuseWhileRestoring(
    stack: string,
    live: readonly RenderedObject[],
    resources: readonly Resource[],
): void {
    const found = restoreTasks(resources).flatMap((task) => {
        const name = consentName(recordNamed(task));
        const record = live.find((one) => consentName(one) === name);
        return record ? underWay({ instance: componentOf(task).instance, stack }, progressIn(record)) : [];
    });
    if (found.length > 0) throw new UserError(`Nothing was changed: ${found.join("\nand ")}`);
}
