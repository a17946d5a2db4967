import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { Context } from "mocha";
import { buildGoProgram, cacheFolder, goProgramPath } from "../../sandbox/goProgram";

import { freePort } from "../../sandbox/ports";
import { findProgram, missing, program } from "./needs";

export { findProgram, freePort, missing, program };

/**
 * Path of a program that no package manager brings: without it the test is skipped with one line, in CI, too.
 *
 * @param what what cannot be tested without it
 */
export function optionalProgram(test: Context, name: string, what: string): string {
    const path = findProgram(name);
    if (path) return path;
    console.log(`      skipped: ${name} is not on the PATH, and ${what} only with it`);
    return test.skip();
}

/** A program built from the Go module that `tests/tools/<name>` pins; kept between runs. */
export async function goProgram(test: Context, name: string, pkg?: string): Promise<string> {
    const args = { source: join(__dirname, "..", "tools", name), ...(pkg ? { pkg } : {}) };
    if (!existsSync(goProgramPath(args))) program(test, "go");
    test.timeout(900_000);
    return buildGoProgram(args);
}

/**
 * A program from the Python packages that `tests/tools/<name>/requirements.txt` pins, in an environment of its own;
 * kept between runs.
 */
export async function pythonProgram(test: Context, name: string): Promise<string> {
    const python = program(test, "python3");
    return pythonCommand(name, python, {
        installs: () => test.timeout(300_000),
        cannot: () => missing(test, "python3-venv is not installed"),
    });
}

/**
 * The same outside of tests.
 *
 * @param python what makes the environment. @default the one on the PATH
 * @param on called before packages are installed, and where there can be no environment. @default nothing; an error
 */
export async function pythonCommand(
    name: string,
    python = "python3",
    on: { readonly installs?: () => void; readonly cannot?: () => never } = {},
): Promise<string> {
    const requirements = join(__dirname, "..", "tools", name, "requirements.txt");
    const { stdout: version } = await execa(python, ["--version"]);
    const hash = createHash("sha256").update(version).update(readFileSync(requirements)).digest("hex").slice(0, 12);
    const folder = join(cacheFolder(), `${name}-${hash}`);
    const path = join(folder, "bin", name);
    if (existsSync(path)) return path;
    on.installs?.();
    try {
        // Debian has it in a separate package.
        await execa(python, ["-m", "venv", folder]);
    } catch (error) {
        rmSync(folder, { recursive: true, force: true });
        if (on.cannot) return on.cannot();
        throw error;
    }
    await execa(join(folder, "bin", "pip"), ["install", "--quiet", "--requirement", requirements]);
    return path;
}

/** A temporary folder that `clean()` deletes; readable by daemons that drop root. */
export function scratch(): { path: string; clean: () => void } {
    const path = mkdtempSync(join(tmpdir(), "plinth-test-"));
    chmodSync(path, 0o755);
    return { path, clean: () => rmSync(path, { recursive: true, force: true }) };
}

/** A daemon that a test started on loopback. */
export class Daemon {
    private readonly child: ChildProcess;
    private log = "";
    /** Resolves to the exit code; null after a signal. */
    readonly exited: Promise<number | null>;

    constructor(
        command: string,
        args: readonly string[],
        options: { env?: NodeJS.ProcessEnv; cwd?: string; uid?: number; gid?: number } = {},
    ) {
        this.child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
        for (const stream of [this.child.stdout!, this.child.stderr!])
            stream.on("data", (data: Buffer) => {
                this.log += data.toString();
            });
        this.exited = new Promise((resolve) => {
            this.child.once("exit", (code) => resolve(code));
            this.child.once("error", (error) => {
                this.log += String(error);
                resolve(-1);
            });
        });
    }

    get output(): string {
        return this.log;
    }

    get pid(): number {
        return this.child.pid!;
    }

    /** Resolves when `check` does; fails with the daemon's output if it ends first or takes too long. */
    async ready(check: () => Promise<unknown>, seconds = 30): Promise<void> {
        const end = Date.now() + seconds * 1000;
        let ended = false;
        void this.exited.then(() => {
            ended = true;
        });
        for (;;) {
            try {
                await check();
                return;
            } catch (error) {
                if (ended || Date.now() > end) throw new Error(`not ready: ${error}\n${this.log}`, { cause: error });
                await new Promise((resolve) => setTimeout(resolve, 100));
            }
        }
    }

    async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
        if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
        return this.exited;
    }
}

/** The output of a Prometheus exporter at `/metrics`. */
export async function figures(exporter: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
    const listen = `127.0.0.1:${await freePort()}`;
    const daemon = new Daemon(exporter, [...args, `--web.listen-address=${listen}`], { env });
    let text = "";
    try {
        await daemon.ready(async () => {
            text = await (await fetch(`http://${listen}/metrics`)).text();
        });
    } finally {
        await daemon.stop();
    }
    return text;
}
