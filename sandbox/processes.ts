import { spawn } from "node:child_process";
import { existsSync, openSync, closeSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";

/**
 * Starts a program that outlives this process: its output goes to `NAME.log`, its process ID to `NAME.pid`.
 *
 * @param folder the program's working folder
 */
export function startDaemon(folder: string, name: string, command: string, args: readonly string[]): void {
    const log = openSync(join(folder, `${name}.log`), "a");
    const child = spawn(command, args, {
        cwd: folder,
        // Settings below HOME are the user's and must not affect this cluster.
        env: { PATH: process.env["PATH"], HOME: folder },
        detached: true,
        stdio: ["ignore", log, log],
    });
    closeSync(log);
    child.unref();
    writeFileSync(pidFile(folder, name), String(child.pid));
}

const pidFile = (folder: string, name: string): string => join(folder, `${name}.pid`);

/** Names of the daemons started in a folder. */
export const daemonsOf = (folder: string): string[] =>
    existsSync(folder)
        ? readdirSync(folder).flatMap((file) => (file.endsWith(".pid") ? [file.slice(0, -".pid".length)] : []))
        : [];

/**
 * Whether a program is still running. Its command line is compared, because the process ID may have been reused.
 */
export async function isRunning(folder: string, name: string, command: string): Promise<boolean> {
    const file = pidFile(folder, name);
    return existsSync(file) && (await commandOf(Number(readFileSync(file, "utf8")))).startsWith(command);
}

async function commandOf(pid: number): Promise<string> {
    // Systems without /proc have ps, and minimal containers have /proc but no ps.
    if (existsSync("/proc/self/cmdline")) {
        const file = `/proc/${pid}/cmdline`;
        return existsSync(file) ? readFileSync(file, "utf8").replaceAll("\0", " ") : "";
    }
    return (await execa("ps", ["-o", "command=", "-p", String(pid)], { reject: false })).stdout;
}

/** Stops a program: with SIGTERM, and after ten seconds with SIGKILL. */
export async function stopDaemon(folder: string, name: string, command: string): Promise<void> {
    for (let tenths = 0; await isRunning(folder, name, command); tenths += 1) {
        const pid = Number(readFileSync(pidFile(folder, name), "utf8"));
        try {
            if (tenths === 0) process.kill(pid, "SIGTERM");
            if (tenths === 100) process.kill(pid, "SIGKILL");
        } catch (error) {
            // It ended before the signal was sent.
            if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
        }
        await sleep(100);
    }
    rmSync(pidFile(folder, name), { force: true });
}
