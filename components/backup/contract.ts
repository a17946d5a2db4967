import { sh, type Sh } from "../languages/sh";
import { linesOf } from "../languages/text";

/** What the component, its scripts and whoever runs them from outside have agreed on. */

/** Names of the scheduled tasks: of the one with a clock, and of the one that runs by hand. */
export const tasks = { backup: "backup", restore: "restore" } as const;

/** Steps in their order, each a container of that name with a script of that name. Those for files are left out where there are none. */
export const steps = {
    backup: { dump: "dump", archive: "archive", store: "store" },
    restore: { fetch: "fetch", load: "load", unpack: "unpack" },
} as const;

/** How a step of a restore ends that fails. Another code says nothing: something has killed it. */
export const exitCodes = {
    /** All is as it was. */
    untouched: 1,
    /** What was there before the restore is not there any more. */
    changed: 10,
} as const;

/** The codes as the scripts know them. */
export const exitCodeLines: Sh = linesOf([
    sh`untouched=${exitCodes.untouched}`,
    sh`# What was there before the restore is not there any more.`,
    sh`changed=${exitCodes.changed}`,
]);

/** What the task for restores may be told to do: show the backups, look whether one fits, or load it. */
export type Action = "list" | "check" | "restore";

/** @param backup its name; empty for all. @default empty */
export const restoreEnv = (action: Action, backup = ""): Readonly<Record<string, string>> => ({
    ACTION: action,
    BACKUP: backup,
});

export interface Keep {
    readonly days: number;
    readonly count: number;
}

export const keepEnv = ({ days, count }: Keep) => ({ KEEP_DAYS: days, KEEP_COUNT: count });

/** Of a backup after which no old one goes: more than the newest that anybody has. */
export const keepAllEnv: Readonly<Record<string, string>> = { KEEP_COUNT: "1000000" };
