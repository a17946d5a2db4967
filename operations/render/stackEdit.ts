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
    /** Where the stack files lie. @default the project's own folder */
    readonly folder?: string;
    /** Those beside `plinth:platforms`. @default the built-in ones */
    readonly platforms?: Platforms;
    /** Problems with which the file may be written all the same, since they come to rest later. @default none */
    readonly mayStay?: (problem: Problem) => boolean;
}

/** What an edit did. */
export interface Edited {
    /** The lines that differ, as `diff` shows them; none where the file says so already. */
    readonly diff: readonly string[];
    /** The problems that may stay. */
    readonly open: readonly Problem[];
    /** The stack as it is now; undefined where a problem stands against it. */
    readonly rendering: Rendering | undefined;
}

/**
 * Changes a stack's file, once the whole stack that it would be has been declared and checked. Everything else in the
 * file stays as it is.
 *
 * @param edits below `config`
 * @throws ConfigError with what would be wrong, UserError when the place cannot be edited; the file is then untouched
 */
export async function editStack(
    stack: string,
    edits: readonly Edit[],
    { folder = root, platforms, mayStay = () => false }: EditArgs = {},
): Promise<Edited> {
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
    return { diff: writeEdits(path, inConfig(edits)), open, rendering };
}

/**
 * Changes a stack's file without a look at what it then says: for values that cannot be wrong.
 *
 * @param edits below `config`
 * @throws UserError when the place cannot be edited; the file is then untouched
 */
export const writeStack = (stack: string, edits: readonly Edit[], folder = root): string[] =>
    writeEdits(editable(stack, edits, folder), inConfig(edits));

const inConfig = (edits: readonly Edit[]): Edit[] =>
    edits.map(({ path, value }) => ({ path: ["config", ...path], value }));

/**
 * The path of the file to edit.
 *
 * @throws UserError where a key that all stacks share would be hidden by the stack's own
 */
function editable(stack: string, edits: readonly Edit[], folder: string): string {
    const path = join(folder, `Pulumi.${stack}.yaml`);
    const { config } = readStackFile(stack, folder);
    const own = (readYaml(readFileSync(path, "utf8"), basename(path)) as { config?: object } | null)?.config ?? {};
    for (const [key] of edits.map((edit) => edit.path))
        if (key! in config && !(key! in own))
            throw new UserError(
                `Nothing was changed: ${key} is written in Pulumi.yaml, for all stacks; write it into Pulumi.${stack}.yaml first`,
            );
    return path;
}
