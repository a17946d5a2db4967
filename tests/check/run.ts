import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { execa, execaSync } from "execa";
import { cacheFolder } from "../../sandbox/goProgram";

/**
 * `npm run check`: the compiler, the linter and the formatter, with their output. What has passed is remembered between
 * runs and between checkouts: the compiler keeps its own records, and a file that was linted and formatted is not read
 * again, since neither tool looks beyond one file. Exit code 1 if one of them has findings.
 */

const root = join(__dirname, "..", "..");
const settings = ["package.json", "package-lock.json", "tsconfig.json", "eslint.config.mjs", ".prettierignore"];
const digest = (...texts: (string | Buffer)[]): string => {
    const hash = createHash("sha256");
    for (const text of texts) hash.update(text).update("\0");
    return hash.digest("hex").slice(0, 16);
};
const kept = join(
    cacheFolder(),
    `check-${digest(process.version, ...settings.map((name) => readFileSync(join(root, name))))}`,
);
const records = { own: join(root, "node_modules", ".cache", "plinth", "types"), shared: join(kept, "types") };

/** Runs a tool of `node_modules`, and says whether it had no findings. */
async function passes(tool: string, args: readonly string[]): Promise<boolean> {
    const path = join(root, "node_modules", ".bin", tool);
    const { exitCode } = await execa(path, args, { cwd: root, stdio: "inherit", reject: false });
    return exitCode === 0;
}

/** Others may read or write the file at the same time: it appears whole. */
function replace(path: string, write: (part: string) => void): void {
    mkdirSync(dirname(path), { recursive: true });
    write(`${path}.${process.pid}`);
    renameSync(`${path}.${process.pid}`, path);
}

/** The records hold paths relative to themselves, so they lie at the same place in every checkout. */
async function compiles(): Promise<boolean> {
    if (existsSync(records.shared)) replace(records.own, (part) => copyFileSync(records.shared, part));
    const passed = await passes("tsc", ["--noEmit", "--incremental", "--tsBuildInfoFile", records.own]);
    replace(records.shared, (part) => copyFileSync(records.own, part));
    return passed;
}

/**
 * @param tool its command, which gets the files as further arguments
 * @param isRead whether it reads the files with this extension
 */
async function allPass(tool: string, args: readonly string[], isRead: (extension: string) => boolean) {
    const list = join(kept, tool);
    const known = new Set(existsSync(list) ? readFileSync(list, "utf8").split("\n") : []);
    const { stdout } = execaSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root });
    const files = stdout
        .split("\n")
        .filter((file) => isRead(extname(file)) && existsSync(join(root, file)))
        .map((file) => ({ file, mark: digest(file, readFileSync(join(root, file))) }));
    const unknown = files.filter(({ mark }) => !known.has(mark));
    if (unknown.length > 0 && !(await passes(tool, [...args, ...unknown.map(({ file }) => file)]))) return false;
    const marks = files.map(({ mark }) => mark);
    replace(list, (part) => writeFileSync(part, [...new Set([...known, ...marks])].slice(-20_000).join("\n")));
    return true;
}

async function main(): Promise<void> {
    const passed =
        (await compiles()) &&
        (await allPass("eslint", ["--no-warn-ignored"], (extension) => /^\.[cm]?[jt]s$/.test(extension))) &&
        (await allPass("prettier", ["--check", "--ignore-unknown"], () => true));
    process.exitCode = passed ? 0 : 1;
}

void main();
