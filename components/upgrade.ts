import type { Input } from "../config/value";
import type { HasNode, Instance } from "./instance";
import type { PodArgs } from "./podArgs";
import { Task } from "./task";

export interface UpgradeArgs {
    readonly pod: PodArgs;
    /** The servers that it works on, and the installation where that is a Task of its own. */
    readonly startsAfter: readonly HasNode[];
    /** What has been compared with the stack's state: as of a Task. @default none */
    readonly checked?: Input<string>;
}

/**
 * Declares the Task that brings the data to the version of the code: migrations. It runs again with each new image, and
 * has two hours. Everything that uses the data starts after it; the code of before still runs meanwhile, so a platform
 * whose code cannot stand newer data migrates when its only pod starts instead.
 */
export const upgradeTask = (instance: Instance, name: string, args: UpgradeArgs): Task =>
    new Task(instance, name, { ...args, timeoutSeconds: 7200 });
