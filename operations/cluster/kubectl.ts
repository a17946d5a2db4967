import { plinthLabels } from "../../components/labels";
import type { StackConfig } from "../../config/stack";
import type { Missing } from "../engine/engine";
import type { RenderedObject } from "../render/rendering";
import { attach, attempt, read } from "../system/shell";
import { KubectlError, kubectlFailure } from "./kubectlError";

/** kubectl for the cluster of one stack. */
export interface Kubectl {
    readonly config: StackConfig;
    /** Path of the program, for messages and for `run`. */
    readonly command: string;
    /** Arguments that select the stack's cluster. They precede all others. */
    readonly args: readonly string[];
    /** Label selector for the stack's objects. */
    readonly selector: string;
    /**
     * Returns standard output.
     *
     * @param signal terminates kubectl. @default none
     * @throws KubectlError with kubectl's own message
     */
    read(args: readonly string[], input?: string, signal?: AbortSignal): Promise<string>;
    /** Returns the parsed `--output json`. @throws KubectlError with kubectl's own message */
    json<T>(args: readonly string[], input?: string): Promise<T>;
    /** The same without printing each command, for polling. */
    readonly quiet: Pick<Kubectl, "read" | "json">;
    /** Runs with its output shown to the user. @throws KubectlError if it fails */
    run(args: readonly string[]): Promise<string>;
    /**
     * Runs attached to this terminal until it exits or the user ends it; returns its exit code.
     *
     * @param input standard input instead of the terminal's. @default the terminal's
     */
    attach(args: readonly string[], input?: string): Promise<number>;
}

/** An object as a kubectl argument, without its namespace: `deployment/frontend`. */
export const targetOf = ({ kind, metadata }: Pick<RenderedObject, "kind" | "metadata">): string =>
    `${kind.toLowerCase()}/${metadata.name}`;

/** kubectl and the arguments that select a cluster. */
export interface KubectlPlace {
    readonly command: string;
    readonly args: readonly string[];
}

/** kubectl for the objects of a stack. */
export function kubectlOn(config: StackConfig, { command, args: leading }: KubectlPlace): Kubectl {
    const failed = (said: string, [verb = ""]: readonly string[], output: string, code?: number) =>
        new KubectlError(`kubectl ${verb} failed${said && `: ${said}`}`, kubectlFailure(said), said, output, code);
    const reading = (quiet: boolean): Kubectl["quiet"] => {
        const output: Kubectl["read"] = async (args, input, signal) => {
            const { ok, stdout, stderr } = await read(command, [...leading, ...args], {
                ...(input === undefined ? {} : { input }),
                ...(signal ? { signal } : {}),
                quiet,
            });
            if (!ok) throw failed(stderr.trim(), args, stdout);
            return stdout;
        };
        return {
            read: output,
            json: async <T>(args: readonly string[], input?: string) =>
                JSON.parse(await output([...args, "--output", "json"], input)) as T,
        };
    };
    return {
        config,
        command,
        args: leading,
        selector: `${plinthLabels.stack}=${config.project}.${config.stack}`,
        ...reading(false),
        quiet: reading(true),
        run: async (args) => {
            const { ok, output, code, why } = await attempt(command, [...leading, ...args]);
            // The user has already seen its output.
            if (!ok) throw failed(why, args, output, code);
            return output;
        },
        attach: (args, input) => attach(command, [...leading, ...args], input),
    };
}

/** What to report if kubectl is not installed. */
export const noKubectl: Missing = { what: "kubectl", remedy: "https://kubernetes.io/docs/tasks/tools/" };
