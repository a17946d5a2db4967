import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import pc from "picocolors";
import { word } from "../../components/languages/sh";
import { UserError } from "./errors";
import { root } from "./root";

/** A program on the PATH, or undefined. */
export function findOnPath(name: string): string | undefined {
    // npm and npx put the launchers of packages in front, which may not work where the program itself does.
    const launchers = join(root, "node_modules", ".bin");
    for (const folder of (process.env["PATH"] ?? "").split(delimiter).filter((path) => path !== launchers)) {
        for (const file of process.platform === "win32" ? [`${name}.exe`, `${name}.cmd`] : [name]) {
            try {
                const path = join(folder, file);
                accessSync(path, constants.X_OK);
                // A folder can be entered, which is the same right.
                if (statSync(path).isFile()) return path;
            } catch {
                // Not in this folder.
            }
        }
    }
    return undefined;
}

export interface RunArgs {
    /** Environment beside the caller's own; shown with the command, so that people can reproduce it. */
    readonly env?: Readonly<Record<string, string>>;
    /** Exit codes that are no failure. @default [0] */
    readonly accept?: readonly number[];
}

/** How a command has ended. */
export interface Outcome {
    readonly ok: boolean;
    /** All that it has said. */
    readonly output: string;
    /** Its exit code; 1 where it has none. */
    readonly code: number;
    /** Why it has no exit code; empty where it has one, since the user has seen what it said. */
    readonly why: string;
}

/**
 * Prints a command, so that people can reproduce and modify it, and runs it in the project's folder.
 *
 * @throws UserError when it fails
 */
export async function run(command: string, args: readonly string[], options: RunArgs = {}): Promise<string> {
    const { ok, output, code, why } = await attempt(command, args, options);
    if (!ok) throw new UserError(failureOf(command, args, why), code);
    return output;
}

/** Runs a command as {@link run} does; what it has said is there also when it fails. */
export async function attempt(
    command: string,
    args: readonly string[],
    { env = {}, accept = [0] }: RunArgs = {},
): Promise<Outcome> {
    announce(command, args, env);
    const result = await outliving(
        execa(command, args, {
            cwd: root,
            env,
            stdin: "inherit",
            stdout: ["inherit", "pipe"],
            stderr: ["inherit", "pipe"],
            all: true,
            reject: false,
        }),
    );
    return {
        ok: result.exitCode !== undefined && accept.includes(result.exitCode),
        output: result.all ?? "",
        code: result.exitCode || 1,
        why: result.exitCode === undefined ? (result.shortMessage ?? "") : "",
    };
}

/** What is said of a command that failed. */
export const failureOf = (command: string, [verb = ""]: readonly string[], why: string): string =>
    `${command} ${verb} failed${why && `: ${why}`}`;

export interface ReadArgs {
    readonly env?: Readonly<Record<string, string>>;
    /** Standard input. @default none */
    readonly input?: string;
    /** Ends the command. @default nothing does */
    readonly signal?: AbortSignal;
    /** Does not show the command. @default false */
    readonly quiet?: boolean;
}

/** Runs a command whose output is read, not shown; the command itself is shown. */
export async function read(
    command: string,
    args: readonly string[],
    { env = {}, input, signal, quiet = false }: ReadArgs = {},
): Promise<{ ok: boolean; stdout: string; stderr: string }> {
    if (!quiet) announce(command, args, env);
    const stdin = input === undefined ? ({ stdin: "ignore" } as const) : { input };
    const cancelled = signal ? { cancelSignal: signal } : {};
    const result = await execa(command, args, { cwd: root, env, reject: false, ...stdin, ...cancelled });
    return {
        ok: result.exitCode === 0,
        stdout: String(result.stdout ?? ""),
        stderr: String(result.stderr || (result.shortMessage ?? "")),
    };
}

/**
 * Prints a command and gives it this terminal: for what people talk to, and for what goes on until they stop it.
 *
 * @returns its exit code; 0 where the user ended it with Ctrl-C
 */
export async function attach(command: string, args: readonly string[]): Promise<number> {
    announce(command, args, {});
    const { exitCode, signal } = await outliving(execa(command, args, { cwd: root, stdio: "inherit", reject: false }));
    return exitCode ?? (signal === "SIGINT" ? 0 : 1);
}

/**
 * Waits for a command that has this terminal. Ctrl-C reaches it by itself, and this process ends after it, not before:
 * the engine then finishes what it has begun and gives its lock back.
 */
async function outliving<T>(work: Promise<T>): Promise<T> {
    const stay = () => undefined;
    process.on("SIGINT", stay);
    try {
        return await work;
    } finally {
        process.off("SIGINT", stay);
    }
}

export function announce(command: string, args: readonly string[], env: Readonly<Record<string, string>>): void {
    const settings = Object.entries(env).map(([name, value]) => `${name}=${word(value)}`);
    console.error(pc.dim(`$ ${[...settings, command, ...args.map(word)].join(" ")}`));
}
