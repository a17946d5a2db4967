import { cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import type { ControlPlane } from "./controlPlane";
import { userPath } from "./needs";
import { scratch } from "./tools";

const root = join(__dirname, "..", "..");

/** The files of a run, in addition to the npm packages. */
const sources = [
    "cli",
    "operations",
    "components",
    "compose",
    "config",
    "platforms",
    "images",
    "sandbox",
    "index.ts",
    "package.json",
    "Pulumi.yaml",
];

export interface Ran {
    readonly code: number | undefined;
    /** Standard output and standard error as a user sees them. */
    readonly all: string;
    readonly out: string;
}

/** A shop that settles in any cluster: it needs no balancer, no certificate from outside and no shared volumes. */
export const shopIn = (namespace: string) => ({
    platform: "opencart",
    namespace,
    host: "shop.example.org",
    tls: { mode: "internal" },
    edge: { type: "ClusterIP", publicAddress: "192.0.2.1" },
    sharedFiles: "oneNode",
});

/** A separate checkout, with its own stack files, state and home, on a cluster for tests. */
export class Project {
    private readonly folder: ReturnType<typeof scratch>;

    /** @param path of a folder in which stack files and state may be. @default a temporary one */
    constructor(
        private readonly cluster: Pick<ControlPlane, "kubeconfig" | "bin">,
        path?: string,
    ) {
        this.folder = path ? { path, clean: () => rmSync(path, { recursive: true }) } : scratch();
        for (const source of sources) {
            const copy = join(this.path, source);
            rmSync(copy, { recursive: true, force: true });
            cpSync(join(root, source), copy, { recursive: true });
        }
        const packages = join(this.path, "node_modules");
        if (!existsSync(packages)) symlinkSync(join(root, "node_modules"), packages);
    }

    get path(): string {
        return this.folder.path;
    }

    clean(): void {
        this.folder.clean();
    }

    /** Writes a stack's file, and keeps the engine's entries in it. */
    write(stack: string, config: object): void {
        const path = join(this.path, `Pulumi.${stack}.yaml`);
        const { config: _, ...kept } = this.read(path);
        writeFileSync(path, stringify({ ...kept, config }));
    }

    private read(path: string): { config?: object } {
        try {
            return parse(readFileSync(path, "utf8")) as { config?: object };
        } catch {
            return {};
        }
    }

    /** Replaces text in a source file, which must contain it. @returns a function that restores it */
    edit(file: string, from: string, to: string): () => void {
        const path = join(this.path, file);
        const before = readFileSync(path, "utf8");
        if (!before.includes(from)) throw new Error(`${file} does not contain ${from}`);
        writeFileSync(path, before.replace(from, to));
        return () => writeFileSync(path, before);
    }

    /** Starts the command; it leads a process group of its own, so that all of it can be killed. */
    start(args: readonly string[]) {
        return execa(process.execPath, [join(this.path, "cli", "plinth.cjs"), ...args], {
            ...this.options,
            detached: true,
        });
    }

    /** Ends a run that was started as a power cut would, and waits until nothing of it is left, the engine neither. */
    kill = async (run: ReturnType<Project["start"]>): Promise<void> => {
        const group = -run.pid!;
        process.kill(group, "SIGKILL");
        await run;
        for (let tries = 0; isThere(group) && tries < 200; tries += 1) await sleep(50);
    };

    /** Runs the command to its end. */
    plinth = async (...args: string[]): Promise<Ran> => result(await this.start(args));

    /** Runs the command with something on its standard input. */
    given = async (input: string, ...args: string[]): Promise<Ran> => {
        const { stdin: _, ...options } = this.options;
        return result(
            await execa(process.execPath, [join(this.path, "cli", "plinth.cjs"), ...args], { ...options, input }),
        );
    };

    pulumi = async (...args: string[]): Promise<Ran> => result(await execa("pulumi", args, this.options));

    /** For programs that the tests start themselves; with input, unlike the project's own. */
    get environment() {
        const { stdin: _, ...options } = this.options;
        return options;
    }

    private get options() {
        return {
            cwd: this.path,
            env: {
                KUBECONFIG: this.cluster.kubeconfig,
                PATH: `${userPath()}:${this.cluster.bin}`,
                PLINTH_HOME: join(this.path, ".plinth"),
                PULUMI_BACKEND_URL: `file://${this.path}`,
                PULUMI_CONFIG_PASSPHRASE: "of a test",
                NO_COLOR: "1",
            },
            stdin: "ignore",
            all: true,
            reject: false,
        } as const;
    }
}

function isThere(id: number): boolean {
    try {
        return process.kill(id, 0);
    } catch {
        return false;
    }
}

const result = ({ exitCode, all, stdout }: { exitCode?: number; all?: string; stdout: string }): Ran => ({
    code: exitCode,
    all: all ?? "",
    out: stdout,
});
