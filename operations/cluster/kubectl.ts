import { plinthLabels } from "../../components/labels";
import type { StackConfig } from "../../config/stack";
import { findCluster, present } from "../engine/engine";
import { UserError } from "../system/errors";
import { kubectlArgs } from "./kubectlArgs";
import type { RenderedObject } from "../render/rendering";
import { attach, findOnPath, read, run } from "../system/shell";
import { stackConfig } from "../stackfile/stackConfig";

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
     * @throws UserError with kubectl's own words
     */
    read(args: readonly string[], input?: string, signal?: AbortSignal): Promise<string>;
    /** Parsed `--output json`. @throws UserError with kubectl's own words */
    json<T>(args: readonly string[], input?: string): Promise<T>;
    /** The same without a line for each command: for what is asked again and again. */
    readonly quiet: Pick<Kubectl, "read" | "json">;
    /** Runs for the user to see. @throws UserError when it fails */
    run(args: readonly string[]): Promise<string>;
    /** Runs with this terminal until it or the user ends it; returns its exit code. */
    attach(args: readonly string[]): Promise<number>;
}

/** An object as kubectl takes it, beside its namespace: `deployment/frontend`. */
export const targetOf = ({ kind, metadata }: Pick<RenderedObject, "kind" | "metadata">): string =>
    `${kind.toLowerCase()}/${metadata.name}`;

/**
 * @throws ConfigError when the stack's configuration is wrong
 * @throws UserError when kubectl or the cluster is missing
 */
export async function kubectlFor(stack: string): Promise<Kubectl> {
    const config = stackConfig(stack);
    present(await findCluster(config.cluster));
    const command = findOnPath("kubectl");
    if (!command) throw new UserError("Missing: kubectl\n  https://kubernetes.io/docs/tasks/tools/");
    const leading = kubectlArgs(config.cluster);
    const reading = (quiet: boolean): Kubectl["quiet"] => {
        const output: Kubectl["read"] = async (args, input, signal) => {
            const { ok, stdout, stderr } = await read(command, [...leading, ...args], {
                ...(input === undefined ? {} : { input }),
                ...(signal ? { signal } : {}),
                quiet,
            });
            if (!ok) throw new UserError(`kubectl ${args[0]} failed: ${stderr.trim()}`);
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
        selector: `${plinthLabels.stack}=${config.project}.${stack}`,
        ...reading(false),
        quiet: reading(true),
        run: (args) => run(command, [...leading, ...args]),
        attach: (args) => attach(command, [...leading, ...args]),
    };
}
