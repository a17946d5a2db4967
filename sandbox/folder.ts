import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
    mkdirSync(join(folder, ".."), { recursive: true });
    if (!take(lock)) {
        const pid = Number(readFileSync(lock, "utf8"));
        if (isAlive(pid))
            throw new SandboxError(`Another command starts or removes the sandbox: process ${pid}. Wait for it.`);
        // Left by a process that was killed.
        rmSync(lock, { force: true });
        if (!take(lock)) throw new SandboxError("Another command starts or removes the sandbox. Wait for it.");
    }
    try {
        return await work();
    } finally {
        rmSync(lock, { force: true });
    }
}

function take(lock: string): boolean {
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
