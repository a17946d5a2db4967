import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SandboxError } from "./errors";

const marker = ".plinth-sandbox";

/** Whether a folder is a sandbox's: nothing else is ever removed. */
export const isSandbox = (folder: string): boolean => existsSync(join(folder, marker));

/** @throws SandboxError when the folder holds something else */
export function claimFolder(folder: string): void {
    if (!isSandbox(folder) && existsSync(folder) && readdirSync(folder).length > 0)
        throw new SandboxError(`${folder} is not empty, and holds no sandbox; empty it, or choose another PLINTH_HOME`);
    mkdirSync(join(folder, "bin"), { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, marker), "");
}

/**
 * Does work on a sandbox that nobody else may do at the same time: starting and removing.
 *
 * @throws SandboxError when another process is at it
 */
export async function exclusively<T>(folder: string, work: () => Promise<T>): Promise<T> {
    const lock = `${folder}.lock`;
    if (!take(lock)) throw new SandboxError("Another command starts or removes the sandbox. Wait for it.");
    return releasing(lock, work);
}

/** Does work that another process may be doing already: after it, so that it can find its result. */
export async function inTurn<T>(path: string, work: () => Promise<T>): Promise<T> {
    const lock = `${path}.lock`;
    while (!take(lock)) await sleep(500);
    return releasing(lock, work);
}

async function releasing<T>(lock: string, work: () => Promise<T>): Promise<T> {
    try {
        return await work();
    } finally {
        rmSync(lock, { force: true });
    }
}

/** Takes a lock that nobody alive holds. */
function take(lock: string): boolean {
    mkdirSync(dirname(lock), { recursive: true });
    if (create(lock)) return true;
    const pid = holderOf(lock);
    if (pid !== undefined && isAlive(pid)) return false;
    // Left by a process that was killed.
    rmSync(lock, { force: true });
    return create(lock);
}

/** The process that holds a lock; this one where the holder has not signed yet. */
function holderOf(lock: string): number | undefined {
    try {
        return Number(readFileSync(lock, "utf8")) || process.pid;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        return undefined;
    }
}

function create(lock: string): boolean {
    try {
        const file = openSync(lock, "wx", 0o600);
        writeFileSync(file, String(process.pid));
        closeSync(file);
        return true;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        return false;
    }
}

/** Whether a process of this machine is there, whoever's it is. */
export function isAlive(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return pid > 0;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
}
