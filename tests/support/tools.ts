import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, chmodSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Context } from "mocha";

/** Where distributions put daemons that are not on everybody's PATH. */
const daemonFolders = ["/usr/sbin", "/usr/local/sbin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/17/bin"];

/**
 * Path of an installed program. Without it the test is skipped with one line; where skipping is forbidden
 * (PLINTH_NO_SKIP=1, as in CI) it fails.
 */
export function program(test: Context, name: string, folders: readonly string[] = []): string {
    for (const folder of [...folders, ...(process.env["PATH"] ?? "").split(delimiter), ...daemonFolders]) {
        const path = join(folder, name);
        try {
            accessSync(path, constants.X_OK);
            return path;
        } catch {
            // Not here; the next folder may have it.
        }
    }
    return missing(test, `${name} is not installed`);
}

/** A program built from the Go module that `tests/tools/<name>` pins; kept between runs. */
export function goProgram(test: Context, name: string, pkg: string): string {
    const source = join(__dirname, "..", "tools", name);
    const pinned = createHash("sha256").update(pkg);
    for (const file of ["go.mod", "go.sum", "main.go"])
        if (existsSync(join(source, file))) pinned.update(readFileSync(join(source, file)));
    const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
    const built = join(cache, "plinth", `${name}-${pinned.digest("hex").slice(0, 12)}`);
    if (existsSync(built)) return built;
    const go = program(test, "go");
    test.timeout(900_000);
    mkdirSync(join(built, ".."), { recursive: true });
    execFileSync(go, ["build", "-trimpath", "-o", built, pkg], {
        cwd: source,
        stdio: "inherit",
        env: { ...process.env, CGO_ENABLED: "0" },
    });
    return built;
}

function missing(test: Context, reason: string): never {
    if (process.env["PLINTH_NO_SKIP"] === "1") throw new Error(`${reason}, and skipping is not allowed here`);
    console.log(`      skipped: ${reason}`);
    return test.skip();
}

/** A folder of its own that is gone after `clean()`; readable by daemons that give up root. */
export function scratch(): { path: string; clean: () => void } {
    const path = mkdtempSync(join(tmpdir(), "plinth-test-"));
    chmodSync(path, 0o755);
    return { path, clean: () => rmSync(path, { recursive: true, force: true }) };
}

/** A TCP port on loopback that nobody uses at the moment. */
export const freePort = (): Promise<number> =>
    new Promise((resolve, reject) => {
        const server = createServer();
        server.once("error", reject);
        server.listen(0, "127.0.0.1", () => {
            const { port } = server.address() as { port: number };
            server.close(() => resolve(port));
        });
    });

/** A daemon that a test started on loopback. */
export class Daemon {
    private readonly child: ChildProcess;
    private log = "";
    private readonly exited: Promise<number | null>;

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

    /** Resolves when `check` does; fails with the daemon's output when it ends first or takes too long. */
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
