import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { execa, type StdoutStderrOption } from "execa";
import pc from "picocolors";
import { word } from "../../components/languages/sh";
import { UserError } from "./errors";
import { root } from "./root";

/** The path of a program on the PATH, or undefined. */
export function findOnPath(name: string): string | undefined {
    // npm and npx prepend launchers of packages, which may fail although the program itself works.
    const launchers = join(root, "node_modules", ".bin");
    for (const folder of (process.env["PATH"] ?? "").split(delimiter).filter((path) => path !== launchers)) {
        for (const file of process.platform === "win32" ? [`${name}.exe`, `${name}.cmd`] : [name]) {
            try {
                const path = join(folder, file);
                accessSync(path, constants.X_OK);
                // Folders are executable, too.
                if (statSync(path).isFile()) return path;
            } catch {
                // Not in this folder.
            }
        }
    }
    return undefined;
}

/** Additional environment variables. They are printed, so that users can reproduce the command. */
interface EnvironmentArgs {
    /** For this command; printed before it. @default none */
    readonly env?: Readonly<Record<string, string>>;
    /** What {@link announceExports} has printed for this command and others. @default none */
    readonly exported?: Readonly<Record<string, string>>;
}

export interface RunArgs extends EnvironmentArgs {
    /** Exit codes that do not count as failure. @default [0] */
    readonly accept?: readonly number[];
    /** Interrupts the command once, as Ctrl-C does, and waits until it has ended. @default none */
    readonly signal?: AbortSignal;
    /** Whether the user sees the output, or which of its lines, which come without colours. @default true */
    readonly shown?: boolean | ((line: string) => boolean);
}

/** The result of a command. */
export interface Outcome {
    readonly ok: boolean;
    /** Its combined output. */
    readonly output: string;
    /** Its exit code; 1 if it has none. */
    readonly code: number;
    /** Why it has no exit code; empty if it has one, because the user has then seen its output. */
    readonly why: string;
}

/**
 * Prints a command, so that users can reproduce and modify it, and runs it in the project's folder.
 *
 * @throws UserError if it fails
 */
export async function run(command: string, args: readonly string[], options: RunArgs = {}): Promise<string> {
    const { ok, output, code, why } = await attempt(command, args, options);
    if (!ok) throw new UserError(failureOf(command, args, why), code);
    return output;
}

/** Like {@link run}, but returns the output even if the command fails. */
export async function attempt(
    command: string,
    args: readonly string[],
    { env, exported, accept = [0], signal, shown = true }: RunArgs = {},
): Promise<Outcome> {
    announce(command, args, env);
    const out = outputFor(shown);
    const result = await outwait(
        execa(command, args, {
            cwd: root,
            env: { ...exported, ...env },
            stdin: "inherit",
            stdout: out,
            stderr: out,
            all: true,
            reject: false,
            killSignal: "SIGINT",
            forceKillAfterDelay: false,
            ...(signal ? { cancelSignal: signal } : {}),
        }),
    );
    return {
        ok: result.exitCode !== undefined && accept.includes(result.exitCode),
        output: String(result.all ?? ""),
        code: result.exitCode || 1,
        why: result.exitCode === undefined ? (result.shortMessage ?? "") : "",
    };
}

/** Where a command's output goes, besides to the caller. */
function outputFor(shown: boolean | ((line: string) => boolean)): StdoutStderrOption {
    if (typeof shown === "boolean") return shown ? ["inherit", "pipe"] : "pipe";
    const filter = function* (line: unknown) {
        if (shown(stripVTControlCharacters(String(line)))) yield line;
    };
    return [filter, "inherit", "pipe"];
}

/** The message about a command that failed. */
export const failureOf = (command: string, [verb = ""]: readonly string[], why: string): string =>
    `${command} ${verb} failed${why && `: ${why}`}`;

export interface ReadArgs extends EnvironmentArgs {
    /** Standard input. @default none */
    readonly input?: string;
    /** Terminates the command. @default none */
    readonly signal?: AbortSignal;
    /** Whether to run without printing the command. @default false */
    readonly quiet?: boolean;
}

/** Runs a command and captures its output; only the command is printed. */
export async function read(
    command: string,
    args: readonly string[],
    { env, exported, input, signal, quiet = false }: ReadArgs = {},
): Promise<{ ok: boolean; stdout: string; stderr: string }> {
    if (!quiet) announce(command, args, env);
    const stdin = input === undefined ? ({ stdin: "ignore" } as const) : { input };
    const cancelled = signal ? { cancelSignal: signal } : {};
    const result = await execa(command, args, {
        cwd: root,
        env: { ...exported, ...env },
        reject: false,
        ...stdin,
        ...cancelled,
    });
    return {
        ok: result.exitCode === 0,
        stdout: String(result.stdout ?? ""),
        stderr: String(result.stderr || (result.shortMessage ?? "")),
    };
}

/**
 * Prints a command and runs it attached to this terminal: for interactive commands and those that run until the user
 * stops them.
 *
 * @param input standard input; it is not printed. @default the terminal's
 * @returns its exit code; 0 if the user ended it with Ctrl-C
 */
export async function attach(command: string, args: readonly string[], input?: string): Promise<number> {
    announce(command, args, undefined);
    const { exitCode, signal } = await outwait(
        execa(command, args, {
            cwd: root,
            ...(input === undefined ? { stdin: "inherit" } : { input }),
            stdout: "inherit",
            stderr: "inherit",
            reject: false,
        }),
    );
    return exitCode ?? (signal === "SIGINT" ? 0 : 1);
}

/**
 * Waits for a command attached to this terminal. Ctrl-C reaches it directly, and this process ends only after it: the
 * engine then finishes what it has begun and releases its lock.
 */
async function outwait<T>(work: Promise<T>): Promise<T> {
    const stay = () => undefined;
    process.on("SIGINT", stay);
    try {
        return await work;
    } finally {
        process.off("SIGINT", stay);
    }
}

const settingsOf = (values: Readonly<Record<string, string>>): string[] =>
    Object.entries(values).map(([name, value]) => `${name}=${word(value)}`);

/** Prints environment variables that all further commands share. */
export function announceExports(values: Readonly<Record<string, string>>): void {
    if (Object.keys(values).length > 0) console.error(pc.dim(`$ export ${settingsOf(values).join(" ")}`));
}

/** Scripts are shown by their first line: they are Plinth's own files, and longer than a screen. */
function shown(arg: string): string {
    const [first, ...others] = arg.trim().split("\n");
    return others.length > 1 ? `${word(first!)}… (${others.length + 1} lines)` : word(arg);
}

/** Prints a command. */
export function announce(
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> | undefined,
): void {
    console.error(pc.dim(`$ ${[...settingsOf(env ?? {}), command, ...args.map(shown)].join(" ")}`));
}
