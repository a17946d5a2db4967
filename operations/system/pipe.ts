import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { execa } from "execa";
import { UserError } from "./errors";
import { root } from "./root";
import { announce } from "./shell";
import { gibibytes } from "./text";

/** A program with its arguments and, if it is the first, its input. */
export interface Call {
    readonly command: string;
    readonly args: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    /** Standard input of the first. @default none */
    readonly input?: string;
}

/**
 * Prints two commands and pipes the output of the first to the second, with progress on a terminal.
 *
 * @param signal terminates both
 * @returns the number of bytes transferred
 * @throws UserError with the message of the command that failed
 */
export async function pipe(from: Call, to: Call, signal: AbortSignal): Promise<number> {
    for (const { command, args, env } of [from, to]) announce(command, args, env);
    const options = { cwd: root, reject: false, cancelSignal: signal, encoding: "buffer" } as const;
    const source = execa(from.command, from.args, {
        ...options,
        env: from.env ?? {},
        buffer: { stdout: false, stderr: true },
        ...(from.input === undefined ? { stdin: "ignore" as const } : { input: from.input }),
    });
    const target = execa(to.command, to.args, { ...options, env: to.env ?? {}, stdin: "pipe", stdout: "ignore" });
    let bytes = 0;
    const counter = new Transform({
        transform(chunk: Buffer, _, done) {
            bytes += chunk.length;
            done(null, chunk);
        },
    });
    const progress = setInterval(() => showProgress(bytes), 500);
    try {
        // Each program's failure is shown by its exit code and its own output.
        const flow = pipeline(source.stdout, counter, target.stdin).catch(() => undefined);
        const ends = await Promise.all([source, target]);
        await flow;
        signal.throwIfAborted();
        const failed = ends
            .map(({ exitCode, stderr, shortMessage }, index) => ({
                exitCode,
                command: [from, to][index]!.command,
                words: Buffer.from(stderr).toString().trim(),
                shortMessage,
            }))
            .filter(({ exitCode }) => exitCode !== 0);
        // If the second ends early, the first only reports a broken pipe.
        const cause = failed.find(({ words }) => words !== "") ?? failed[0];
        if (cause) throw new UserError(`${cause.command} failed: ${cause.words || cause.shortMessage}`);
        return bytes;
    } finally {
        clearInterval(progress);
        if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
    }
}

function showProgress(bytes: number): void {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K  ${gibibytes(bytes)}`);
}
