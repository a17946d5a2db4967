import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SandboxError } from "./errors";

const marker = ".plinth-sandbox";

/** Whether a folder contains a sandbox: nothing else is ever removed. */
export const isSandbox = (folder: string): boolean => existsSync(join(folder, marker));

/** @throws SandboxError if the folder contains something else */
export function claimFolder(folder: string): void {
    if (!isSandbox(folder) && existsSync(folder) && readdirSync(folder).length > 0)
        throw new SandboxError(
            `${folder} is not empty and does not contain a sandbox; empty it, or choose another PLINTH_HOME`,
        );
    mkdirSync(join(folder, "bin"), { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, marker), "");
}

/**
 * Does work on a sandbox that must not run concurrently: starting and removing.
 *
 * @throws SandboxError if another process is doing so
 */
export async function exclusively<T>(folder: string, work: () => Promise<T>): Promise<T> {
    const lock = `${folder}.lock`;
    if (!take(lock))
        throw new SandboxError("Another command is starting or removing the sandbox. Wait for it to finish.");
    return releasing(lock, work);
}

/** Does work after any other process that is doing the same, so that it can use its result. */
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

/** Acquires a lock unless a live process holds it. */
function take(lock: string): boolean {
    mkdirSync(dirname(lock), { recursive: true });
    if (create(lock)) return true;
    const pid = holderOf(lock);
    if (pid !== undefined && isAlive(pid)) return false;
    // Left by a killed process.
    rmSync(lock, { force: true });
    return create(lock);
}

/** The process that holds a lock; this process if the holder has not written its ID yet. */
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

/** Whether a process of any user exists on this machine. */
export function isAlive(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return pid > 0;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
}
