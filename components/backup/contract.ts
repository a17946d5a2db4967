import { sh, type Sh } from "../languages/sh";
import { linesOf } from "../languages/text";

/** The interface between the component, its scripts and the commands that run them. */

/** Names of the scheduled task and of the manual one. */
export const tasks = { backup: "backup", restore: "restore" } as const;

/**
 * Steps in order, each a container and a script with that name. Those for documents, files and objects are omitted if
 * there are none. What a row names must be in the backup, so rows are first and objects last.
 */
export const steps = {
    backup: { dump: "dump", documents: "documents", archive: "archive", objects: "objects", store: "store" },
    restore: {
        fetch: "fetch",
        inspectDocuments: "inspect-documents",
        inspectObjects: "inspect-objects",
        load: "load",
        loadDocuments: "load-documents",
        unpack: "unpack",
        loadObjects: "load-objects",
    },
} as const;

/** The steps of a restore before the first that changes something. */
export const checks: readonly string[] = [
    steps.restore.fetch,
    steps.restore.inspectDocuments,
    steps.restore.inspectObjects,
];

/** Exit codes of a failed restore step. With any other code, it was killed and the state is unknown. */
export const exitCodes = {
    /** Nothing was changed. */
    untouched: 1,
    /** The previous data has been changed or deleted. */
    changed: 10,
} as const;

/** The codes as shell variables for the scripts. */
export const exitCodeLines: Sh = linesOf([
    sh`untouched=${exitCodes.untouched}`,
    sh`# What was there before the restore is not there any more.`,
    sh`changed=${exitCodes.changed}`,
]);

/** Actions of the restore task: list the backups, check one, or load it. */
export type Action = "list" | "check" | "restore";

/** @param backup name of the backup; empty for all. @default empty */
export const restoreEnv = (action: Action, backup = ""): Readonly<Record<string, string>> => ({
    ACTION: action,
    BACKUP: backup,
});

export interface Keep {
    readonly days: number;
    readonly count: number;
}

export const keepEnv = ({ days, count }: Keep) => ({ KEEP_DAYS: days, KEEP_COUNT: count });

/** Retention count for a backup that deletes no old ones: larger than any number of backups. */
export const keepAllEnv: Readonly<Record<string, string>> = { KEEP_COUNT: "1000000" };

/** Takes the place of a database's name where all databases of a document store are meant. */
export const everyDatabase = "*";
