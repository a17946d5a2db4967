import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { readYaml } from "../../config/yaml";
import { UserError } from "../system/errors";
import { writeRendering } from "../render/manifests";
import type { Rendering } from "../render/rendering";
import { root } from "../system/root";
import { read } from "../system/shell";
import { temporaryFolder } from "../system/temporary";

/**
 * What a change does to every object of a stack: the rendering of a base commit beside that of this checkout, without
 * engine, cluster or state.
 *
 * @param base any name that git knows: `origin/production`
 * @returns a unified diff, empty when nothing differs; values of Secrets are in neither
 * @throws UserError when git does not know the base, or the base does not render
 */
export async function renderedDiff(rendering: Rendering, base: string): Promise<string> {
    // Until they are taken out, it may hold the secrets that stood in the base unencrypted.
    const { path: folder, remove } = temporaryFolder();
    const checkout = join(folder, "checkout");
    try {
        for (const side of ["base", "head"]) mkdirSync(join(folder, side));
        await git(["-C", root, "worktree", "add", "--detach", "--force", checkout, base], `the base "${base}"`);
        await renderBase(checkout, rendering.stack, join(folder, "base"));
        writeRendering(rendering, join(folder, "head"), false);
        for (const side of ["base", "head"]) hideSecrets(join(folder, side));
        const prefixes = ["--no-prefix", "--find-renames"];
        const args = ["-C", folder, "diff", "--no-index", "--no-color", "--no-ext-diff", ...prefixes, "base", "head"];
        const { ok, stdout, stderr } = await read("git", args);
        // Its exit code 1 means that there are differences.
        if (!ok && stdout === "") throw new UserError(`git diff failed: ${stderr.trim()}`);
        return stdout;
    } finally {
        if (existsSync(checkout)) await read("git", ["-C", root, "worktree", "remove", "--force", checkout]);
        remove();
    }
}

async function git(args: readonly string[], what: string): Promise<void> {
    const { ok, stderr } = await read("git", args);
    if (!ok) throw new UserError(`git does not have ${what}: ${stderr.trim()}\nIn a shallow clone fetch it first.`);
}

/** By the base's own program, so that a change of the program shows, too. */
async function renderBase(checkout: string, stack: string, out: string): Promise<void> {
    // A stack that the change adds.
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
        throw new UserError(`The base does not render, so that there is nothing to compare with: ${stderr.trim()}`);
}

/** Takes the values of Secrets out of rendered files: also those that stand in the stack file unencrypted. */
function hideSecrets(folder: string): void {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        // It only lists the others.
        if (entry.name === "kustomization.yaml") rmSync(path);
        else if (entry.isFile()) {
            const object = readYaml(readFileSync(path, "utf8"), entry.name) as { kind: string } & Record<
                string,
                object | undefined
            >;
            if (object.kind !== "Secret") continue;
            const hidden = (values: object = {}) =>
                Object.fromEntries(Object.keys(values).map((key) => [key, "(hidden)"]));
            const { data, stringData } = object;
            writeFileSync(path, stringify({ ...object, data: hidden(data), stringData: hidden(stringData) }));
        }
    }
}
