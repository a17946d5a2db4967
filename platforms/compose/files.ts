import { lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** A file of the project, as it will be mounted. */
export interface ProjectFile {
    /** Below the mount; empty where the file itself is mounted. */
    readonly path: string;
    /** Undefined if it is not text. */
    readonly text: string | undefined;
    readonly bytes: Buffer;
    readonly isExecutable: boolean;
}

/** What a bind mount leads to. */
export type Found =
    | { readonly kind: "file"; readonly files: readonly ProjectFile[]; readonly size: number }
    | { readonly kind: "folder"; readonly files: readonly ProjectFile[]; readonly size: number }
    /** Too much for a ConfigMap, so not read. */
    | { readonly kind: "large"; readonly isFolder: boolean }
    | { readonly kind: "nothing" }
    | { readonly kind: "special" };

/** The most that a ConfigMap or Secret holds: https://kubernetes.io/docs/concepts/configuration/configmap/#motivation */
export const mostBytes = 1024 * 1024;
const mostFiles = 500;

/** Reads a file or folder of the project, unless it is too much for an object. */
export function readFiles(path: string): Found {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) return { kind: "nothing" };
    if (found.isFile()) {
        if (found.size > mostBytes) return { kind: "large", isFolder: false };
        return { kind: "file", files: [read(path, "")], size: found.size };
    }
    if (!found.isDirectory()) return { kind: "special" };
    const paths: string[] = [];
    let size = 0;
    for (const folders = [path]; folders.length > 0;) {
        const folder = folders.pop()!;
        for (const entry of readdirSync(folder).sort()) {
            if (entry === ".git") continue;
            const inner = join(folder, entry);
            const stats = statSync(inner, { throwIfNoEntry: false });
            if (stats?.isDirectory() && !lstatSync(inner).isSymbolicLink()) folders.push(inner);
            if (!stats?.isFile()) continue;
            paths.push(inner);
            size += stats.size;
            if (size > mostBytes || paths.length > mostFiles) return { kind: "large", isFolder: true };
        }
    }
    // What only keeps a folder in a repository is no content.
    const content = paths.filter((one) => !/(^|[\\/])\.(gitkeep|gitignore|keep)$/.test(one));
    if (content.length === 0) return { kind: "nothing" };
    return {
        kind: "folder",
        files: content.sort().map((one) => read(one, relative(path, one).split(sep).join("/"))),
        size,
    };
}

function read(path: string, below: string): ProjectFile {
    const bytes = readFileSync(path);
    const text = bytes.toString("utf8");
    const isText = !text.includes("\0") && Buffer.from(text, "utf8").equals(bytes);
    return { path: below, text: isText ? text : undefined, bytes, isExecutable: (statSync(path).mode & 0o111) !== 0 };
}
