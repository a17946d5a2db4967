import { plinthLabels } from "../../components/labels";
import type { StackConfig } from "../../config/stack";
import type { Missing } from "../engine/engine";
import type { RenderedObject } from "../render/rendering";
import { attach, attempt, read } from "../system/shell";
import { KubectlError, kubectlFailure } from "./kubectlError";

/** kubectl on the cluster of one stack. */
export interface Kubectl {
    readonly config: StackConfig;
    /** The program, for messages and for `run`. */
    readonly command: string;
    /** What leads it to the stack's cluster: goes before all other arguments. */
    readonly args: readonly string[];
    /** What selects the objects of the stack. */
    readonly selector: string;
    /**
     * Standard output.
     *
     * @param signal ends kubectl. @default nothing does
     * @throws KubectlError with kubectl's own words
     */
    read(args: readonly string[], input?: string, signal?: AbortSignal): Promise<string>;
    /** Parsed `--output json`. @throws KubectlError with kubectl's own words */
    json<T>(args: readonly string[], input?: string): Promise<T>;
    /** The same without a line for each command: for what is asked again and again. */
    readonly quiet: Pick<Kubectl, "read" | "json">;
    /** Runs for the user to see. @throws KubectlError when it fails */
    run(args: readonly string[]): Promise<string>;
    /** Runs with this terminal until it or the user ends it; returns its exit code. */
    attach(args: readonly string[]): Promise<number>;
}

/** An object as kubectl takes it, beside its namespace: `deployment/frontend`. */
export const targetOf = ({ kind, metadata }: Pick<RenderedObject, "kind" | "metadata">): string =>
    `${kind.toLowerCase()}/${metadata.name}`;

/** kubectl, and what leads it to a cluster. */
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
            // The user has seen what it said.
            if (!ok) throw failed(why, args, output, code);
            return output;
        },
        attach: (args) => attach(command, [...leading, ...args]),
    };
}

/** What to do where there is no kubectl. */
export const noKubectl: Missing = { what: "kubectl", remedy: "https://kubernetes.io/docs/tasks/tools/" };
