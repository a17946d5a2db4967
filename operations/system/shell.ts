import { accessSync, constants, statSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
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

/**
 * Prints a command, so that people can reproduce and modify it, and runs it in the project's folder.
 *
 * @throws UserError when it fails
 */
export async function run(command: string, args: readonly string[], options: RunArgs = {}): Promise<string> {
    const { output, failed } = await attempt(command, args, options);
    if (failed) throw failed;
    return output;
}

/** Runs a command as {@link run} does; what it has said is there also when it fails. */
export async function attempt(
    command: string,
    args: readonly string[],
    { env = {}, accept = [0] }: RunArgs = {},
): Promise<{ output: string; failed?: UserError }> {
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
    const output = result.all ?? "";
    if (result.exitCode !== undefined && accept.includes(result.exitCode)) return { output };
    const failed = failure(command, args, output, {
        code: result.exitCode || 1,
        ...(result.exitCode === undefined ? { why: result.shortMessage ?? "" } : {}),
    });
    return { output, failed };
}

/**
 * The error for a command that failed: what its output means here, where that is known.
 *
 * @param more `code`: exit code, @default 1; `why`: @default none, since the user has seen the output
 */
export function failure(
    command: string,
    args: readonly string[],
    output: string,
    { code = 1, why = "" }: { readonly code?: number; readonly why?: string } = {},
): UserError {
    const position = args.indexOf("--stack");
    const stack = position >= 0 ? args[position + 1]! : "STACK";
    const program = basename(command).replace(/\.(exe|cmd)$/, "");
    const explained = explanations.find((one) => one.program === program && one.sign.test(output))?.remedy(stack);
    return new UserError(explained ?? `${command} ${args[0] ?? ""} failed${why && `: ${why}`}`, code);
}

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

/** What the engine's commonest refusals mean here, and what to do. */
const explanations: readonly { program: string; sign: RegExp; remedy: (stack: string) => string }[] = [
    {
        program: "pulumi",
        sign: /currently locked by/,
        remedy: (stack) =>
            `Another run holds the stack's lock. If that run is dead: ./plinth launch ${stack} --recover`,
    },
    {
        program: "pulumi",
        sign: /already exists|AlreadyExists/,
        remedy: (stack) =>
            `An object of that name is in the cluster already. After an interrupted run: ./plinth launch ${stack} --recover\n` +
            `Otherwise it is somebody else's, and nothing was taken over. A former deployment is taken over by name: ./plinth launch ${stack} --adopt NAMESPACE;\n` +
            "else choose another namespace or remove it.",
    },
    {
        program: "pulumi",
        sign: /incorrect passphrase/,
        remedy: (stack) =>
            `The line encryptionsalt in Pulumi.${stack}.yaml belongs to another passphrase than the one in use here.\n` +
            "Set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE) to that one; or, where the file holds no `secure` value, take the line out.",
    },
    {
        program: "docker",
        sign: /(Multi-platform build|Attestation) is not supported/,
        remedy: () =>
            "docker's builder of the moment makes images for one architecture only, and no list of what is in them. Make one that does both:\n" +
            "  docker buildx create --use --driver docker-container --driver-opt network=host",
    },
    {
        program: "pulumi",
        sign: /as it is currently marked for protection|cannot be deleted|protected/,
        remedy: () =>
            "The change would delete or replace data that is protected. To stop an instance and keep its data set `state: removed`; to give it up: ./plinth purge.\n" +
            "To replace something after all, name it in plinth:acceptLoss (KIND/NAMESPACE/NAME, in lower case); to delete it, lift its protection: pulumi state unprotect 'URN'",
    },
];
