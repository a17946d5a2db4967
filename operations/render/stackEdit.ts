import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ConfigError, type Problem } from "../../config/problems";
import { readYaml } from "../../config/yaml";
import type { Platforms } from "../../platforms/platform";
import { UserError } from "../system/errors";
import { root } from "../system/root";
import { readStackFile } from "../stackfile/stackFile";
import { type Edit, withEdits, writeEdits } from "../stackfile/yamlEdit";
import { type Rendering, renderStack } from "./rendering";

export interface EditArgs {
    /** Folder of the stack files. @default the project's own folder */
    readonly folder?: string;
    /** Those beside `plinth:platforms`. @default the built-in ones */
    readonly platforms?: Platforms;
    /** Problems with which the file may be written all the same, since they come to rest later. @default none */
    readonly mayStay?: (problem: Problem) => boolean;
}

/** The result of an edit. */
export interface Edited {
    /** The changed lines in the format of `diff`; empty if the file already contains them. */
    readonly diff: readonly string[];
    /** The remaining problems. */
    readonly open: readonly Problem[];
    /** The stack after the edit; undefined if problems remain. */
    readonly rendering: Rendering | undefined;
}

/** An edit that has been checked, and not been written. */
export interface Planned extends Omit<Edited, "diff"> {
    /** Writes it. @returns the changed lines in the format of `diff` */
    readonly write: () => string[];
}

/**
 * Changes a stack file, after the whole resulting stack has been declared and checked. Everything else in the file
 * stays unchanged.
 *
 * @param edits below `config`
 * @throws ConfigError with what would be wrong, UserError if the file cannot be edited; it is then unchanged
 */
export async function editStack(stack: string, edits: readonly Edit[], args?: EditArgs): Promise<Edited> {
    const { write, open, rendering } = await planEdit(stack, edits, args);
    return { diff: write(), open, rendering };
}

/**
 * Like {@link editStack}, but leaves it to the caller when to write.
 *
 * @throws ConfigError with what would be wrong, UserError if the file cannot be edited
 */
export async function planEdit(
    stack: string,
    edits: readonly Edit[],
    { folder = root, platforms, mayStay = () => false }: EditArgs = {},
): Promise<Planned> {
    const path = editable(stack, edits, folder);
    const { text } = withEdits(readFileSync(path, "utf8"), inConfig(edits));
    const { config } = readYaml(text, basename(path)) as { config: Readonly<Record<string, unknown>> };
    const changed = Object.fromEntries(edits.map(({ path: [key] }) => [key!, JSON.stringify(config[key!])]));
    const open: Problem[] = [];
    let rendering: Rendering | undefined;
    try {
        rendering = await renderStack(stack, { folder, config: changed, ...(platforms ? { platforms } : {}) });
    } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        const wrong = error.problems.filter((problem) => !mayStay(problem));
        if (wrong.length > 0) throw new ConfigError(wrong);
        open.push(...error.problems);
    }
    return { write: () => writeEdits(path, inConfig(edits)), open, rendering };
}

/**
 * Changes a stack file without checking the result: for values that cannot be invalid.
 *
 * @param edits below `config`
 * @throws UserError if the file cannot be edited; it is then unchanged
 */
export const writeStack = (stack: string, edits: readonly Edit[], folder = root): string[] =>
    writeEdits(editable(stack, edits, folder), inConfig(edits));

const inConfig = (edits: readonly Edit[]): Edit[] =>
    edits.map(({ path, value }) => ({ path: ["config", ...path], value }));

/**
 * The path of the file to edit.
 *
 * @throws UserError if the edit would hide a key that all stacks share
 */
function editable(stack: string, edits: readonly Edit[], folder: string): string {
    const path = join(folder, `Pulumi.${stack}.yaml`);
    const { config } = readStackFile(stack, folder);
    const own = (readYaml(readFileSync(path, "utf8"), basename(path)) as { config?: object } | null)?.config ?? {};
    for (const [key] of edits.map((edit) => edit.path))
        if (key! in config && !(key! in own))
            throw new UserError(
                `Nothing was changed: ${key} is defined in Pulumi.yaml, for all stacks; copy it to Pulumi.${stack}.yaml first`,
            );
    return path;
}
