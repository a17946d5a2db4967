import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { readYaml } from "../../config/yaml";
import { UserError } from "../system/errors";
import { writeRendering } from "../render/manifests";
import type { RenderedObject, Rendering } from "../render/rendering";
import { root } from "../system/root";
import { read } from "../system/shell";
import { temporaryFolder } from "../system/temporary";

/** How a change affects the objects of a stack. */
export interface RenderedChange {
    /** Unified diff, empty if nothing differs; it contains no values of Secrets. */
    readonly diff: string;
    /** The objects of the base, without values of Secrets. */
    readonly base: readonly RenderedObject[];
}

/**
 * How a change affects the objects of a stack: compares the rendering of a base commit with that of this checkout,
 * without engine, cluster or state.
 *
 * @param base any git revision: `origin/production`
 * @throws UserError if git cannot find the base, or the base cannot be rendered
 */
export async function renderedDiff(rendering: Rendering, base: string): Promise<RenderedChange> {
    // It may contain unencrypted secrets of the base until they are removed.
    const { path: folder, remove } = temporaryFolder();
    const checkout = join(folder, "checkout");
    try {
        for (const side of ["base", "head"]) mkdirSync(join(folder, side));
        await git(["-C", root, "worktree", "add", "--detach", "--force", checkout, base], `the base "${base}"`);
        await renderBase(checkout, rendering.stack, join(folder, "base"));
        writeRendering(rendering, join(folder, "head"), false);
        const [objects] = ["base", "head"].map((side) => hideSecrets(join(folder, side)));
        const prefixes = ["--no-prefix", "--find-renames"];
        const args = ["-C", folder, "diff", "--no-index", "--no-color", "--no-ext-diff", ...prefixes, "base", "head"];
        const { ok, stdout, stderr } = await read("git", args);
        // Exit code 1 means that there are differences.
        if (!ok && stdout === "") throw new UserError(`git diff failed: ${stderr.trim()}`);
        return { diff: stdout, base: objects! };
    } finally {
        if (existsSync(checkout)) await read("git", ["-C", root, "worktree", "remove", "--force", checkout]);
        remove();
    }
}

async function git(args: readonly string[], what: string): Promise<void> {
    const { ok, stderr } = await read("git", args);
    if (!ok) throw new UserError(`git cannot find ${what}: ${stderr.trim()}\nIn a shallow clone, fetch it first.`);
}

/** Rendered by the base's own program, so that changes to the program show as well. */
async function renderBase(checkout: string, stack: string, out: string): Promise<void> {
    // The stack is new in this change.
    if (!existsSync(join(checkout, `Pulumi.${stack}.yaml`))) return;
    const lock = (folder: string) => {
        const path = join(folder, "package-lock.json");
        return existsSync(path) ? readFileSync(path, "utf8") : "";
    };
    if (lock(checkout) === lock(root)) symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"));
    else {
        const { ok, stderr } = await read("npm", ["ci", "--ignore-scripts", "--prefix", checkout]);
        if (!ok) throw new UserError(`The dependencies of the base could not be installed: ${stderr.trim()}`);
    }
    const program = join(checkout, "cli", "plinth.cjs");
    const { ok, stderr } = await read(process.execPath, [program, "render", stack, "--out", out]);
    if (!ok)
        throw new UserError(`The base could not be rendered, so there is nothing to compare with: ${stderr.trim()}`);
}

/**
 * Removes the values of Secrets from rendered files, including those that are unencrypted in the stack file.
 *
 * @returns the other objects
 */
function hideSecrets(folder: string): RenderedObject[] {
    const others: RenderedObject[] = [];
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        // It only lists the other files.
        if (entry.name === "kustomization.yaml") rmSync(path);
        else if (entry.isFile()) {
            const object = readYaml(readFileSync(path, "utf8"), entry.name) as RenderedObject &
                Record<string, object | undefined>;
            if (object.kind !== "Secret") {
                others.push(object);
                continue;
            }
            const hidden = (values: object = {}) =>
                Object.fromEntries(Object.keys(values).map((key) => [key, "(hidden)"]));
            const { data, stringData } = object;
            writeFileSync(path, stringify({ ...object, data: hidden(data), stringData: hidden(stringData) }));
        }
    }
    return others;
}
