import { announceExports, attempt, failureOf, read, type RunArgs } from "../system/shell";
import { once } from "../system/once";
import type { Backend, Engine } from "./engine";
import { EngineError, engineFailure, engineRemedy } from "./engineError";

export interface PulumiReadArgs {
    /** Standard input. @default none */
    readonly input?: string;
    /** What failed, for the error. @default what the failure means, and the command */
    readonly failed?: string;
}

export type PulumiRunArgs = Pick<RunArgs, "env" | "signal" | "shown">;

/** The Pulumi CLI for one stack and its state backend. Each command is printed. */
export interface Pulumi {
    readonly stack: string;
    readonly backend: Backend;
    /**
     * Returns standard output.
     *
     * @throws EngineError if it fails
     */
    read(args: readonly string[], options?: PulumiReadArgs): Promise<string>;
    /**
     * Runs with its output shown to the user. A signal interrupts the engine, which then finishes what it has begun, and
     * releases its lock.
     *
     * @throws EngineError if it fails
     */
    run(args: readonly string[], options?: PulumiRunArgs): Promise<string>;
    /** Like `run`, but also returns the output if the command fails. */
    attempt(
        args: readonly string[],
        options?: PulumiRunArgs,
    ): Promise<{ readonly output: string; readonly failed?: EngineError }>;
}

export function pulumiOn(stack: string, { command }: Engine, backend: Backend): Pulumi {
    const withStack = (args: readonly string[]) => [...args, "--stack", stack];
    const announced = once(() => announceExports(backend.env));
    const trying: Pulumi["attempt"] = async (args, options = {}) => {
        announced();
        const { ok, output, code, why } = await attempt(command, withStack(args), {
            ...options,
            exported: backend.env,
        });
        if (ok) return { output };
        const kind = engineFailure(output);
        const message = engineRemedy(kind, stack) ?? failureOf(command, args, why);
        return { output, failed: new EngineError(message, kind, output, "", code) };
    };
    return {
        stack,
        backend,
        attempt: trying,
        run: async (args, options) => {
            const { output, failed } = await trying(args, options);
            if (failed) throw failed;
            return output;
        },
        read: async (args, { input, failed } = {}) => {
            announced();
            const { ok, stdout, stderr } = await read(command, withStack(args), {
                exported: backend.env,
                ...(input === undefined ? {} : { input }),
            });
            if (ok) return stdout;
            const kind = engineFailure(`${stdout}\n${stderr}`);
            const said = stderr.trim();
            const message = failed
                ? `${failed}: ${said}`
                : (engineRemedy(kind, stack) ?? failureOf(command, args, said));
            throw new EngineError(message, kind, said, stdout);
        },
    };
}
