import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { UserError } from "../system/errors";

/**
 * A folder whose files are rewritten in place. Nothing outside it is ever written or deleted, whatever names and links
 * are used. Files that do not begin with the header are foreign and are kept.
 */
export class OutputFolder {
    /**
     * @param path may itself be a link, because the user chose it
     * @param header first line of each file
     */
    constructor(
        readonly path: string,
        private readonly header: string,
    ) {}

    /** The files in the folder; undefined if any of them is foreign, empty if the folder does not exist. */
    ownFiles(): string[] | undefined {
        if (lstatSync(this.path, { throwIfNoEntry: false }) === undefined) return [];
        const files = readdirSync(this.path, { recursive: true, withFileTypes: true })
            .filter((entry) => !entry.isDirectory())
            .map((entry) => relative(this.path, join(entry.parentPath, entry.name)).split(sep).join("/"));
        return files.every((file) => this.isOurs(file)) ? files : undefined;
    }

    /** The content of one of Plinth's files, without the header; undefined if it does not exist. */
    read(file: string): string | undefined {
        if (!this.isOurs(file)) return undefined;
        return readFileSync(join(this.path, file), "utf8").slice(this.header.length);
    }

    /**
     * Replaces old files with new ones, each atomically.
     *
     * @param old files to delete, unless they are foreign
     * @param files contents by path below the folder, in the order in which they are written
     * @param mode of the files. @default the system's usual one
     * @throws UserError before anything is changed if a path leads out of the folder, or a file there is foreign
     */
    replace(old: readonly string[], files: ReadonlyMap<string, string>, mode?: number): void {
        const gone = [...new Set(old)].filter((file) => this.isOurs(file));
        for (const file of files.keys())
            if (this.find(file) !== undefined && !this.isOurs(file))
                throw new UserError(
                    `${join(this.path, file)} was not rendered by Plinth and would be overwritten; move it away, or choose another folder`,
                );
        for (const file of gone.filter((one) => !files.has(one))) rmSync(join(this.path, file), { force: true });
        for (const [file, content] of files) {
            const path = join(this.path, file);
            mkdirSync(dirname(path), { recursive: true });
            const next = `${path}.next`;
            rmSync(next, { force: true });
            // A new file: no link is followed, and it has its mode from the first byte on.
            writeFileSync(next, this.header + content, { flag: "wx", ...(mode === undefined ? {} : { mode }) });
            renameSync(next, path);
        }
    }

    private isOurs(file: string): boolean {
        const found = this.find(file);
        return (found?.isFile() ?? false) && readFileSync(join(this.path, file), "utf8").startsWith(this.header);
    }

    /**
     * What exists at a path, without following links.
     *
     * @throws UserError if the path leads out of the folder, by its segments or by a link
     */
    private find(file: string) {
        const parts = file.split("/");
        if (parts.some((part) => ["", ".", ".."].includes(part) || /[\\\0:]/.test(part)))
            throw new UserError(`Nothing was changed: "${file}" is not a path inside ${this.path}`);
        for (let depth = 1; depth < parts.length; depth += 1) {
            const above = join(this.path, ...parts.slice(0, depth));
            const found = lstatSync(above, { throwIfNoEntry: false });
            if (found === undefined) return undefined;
            if (!found.isDirectory())
                throw new UserError(
                    `Nothing was changed: ${above} is a link or a file instead of a folder, and may lead out of ${this.path}; remove it, or choose another folder`,
                );
        }
        return lstatSync(join(this.path, file), { throwIfNoEntry: false });
    }
}
