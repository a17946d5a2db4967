import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { UserError } from "../system/errors";

/**
 * A folder that is written anew, file by file, and never left: neither what is written nor what is removed can be
 * outside it, whatever names and links say. What does not begin with the header is somebody else's, and stays.
 */
export class OutputFolder {
    /**
     * @param path may be a link itself: the user has named it
     * @param header first line of each file
     */
    constructor(
        readonly path: string,
        private readonly header: string,
    ) {}

    /** The files in it, or undefined where one of them is not ours; none where there is no such folder. */
    ownFiles(): string[] | undefined {
        if (lstatSync(this.path, { throwIfNoEntry: false }) === undefined) return [];
        const files = readdirSync(this.path, { recursive: true, withFileTypes: true })
            .filter((entry) => !entry.isDirectory())
            .map((entry) => relative(this.path, join(entry.parentPath, entry.name)).split(sep).join("/"));
        return files.every((file) => this.isOurs(file)) ? files : undefined;
    }

    /** The content of a file of ours, without the header; undefined where there is none. */
    read(file: string): string | undefined {
        if (!this.isOurs(file)) return undefined;
        return readFileSync(join(this.path, file), "utf8").slice(this.header.length);
    }

    /**
     * Writes files in the place of others, each whole or not at all.
     *
     * @param old those that go, where they are ours
     * @param files contents by path below the folder, in the order in which they are written
     * @param mode of the files. @default the system's usual one
     * @throws UserError before anything is changed, when a path leads out of the folder, or a file there is not ours
     */
    replace(old: readonly string[], files: ReadonlyMap<string, string>, mode?: number): void {
        const gone = [...new Set(old)].filter((file) => this.isOurs(file));
        for (const file of files.keys())
            if (this.find(file) !== undefined && !this.isOurs(file))
                throw new UserError(
                    `${join(this.path, file)} was not rendered by plinth and would be overwritten; move it away, or name another folder`,
                );
        for (const file of gone.filter((one) => !files.has(one))) rmSync(join(this.path, file), { force: true });
        for (const [file, content] of files) {
            const path = join(this.path, file);
            mkdirSync(dirname(path), { recursive: true });
            const next = `${path}.next`;
            rmSync(next, { force: true });
            // Made anew: it follows no link, and has its mode from the first byte on.
            writeFileSync(next, this.header + content, { flag: "wx", ...(mode === undefined ? {} : { mode }) });
            renameSync(next, path);
        }
    }

    private isOurs(file: string): boolean {
        const found = this.find(file);
        return (found?.isFile() ?? false) && readFileSync(join(this.path, file), "utf8").startsWith(this.header);
    }

    /**
     * What is at a path, itself and no target of a link.
     *
     * @throws UserError when the path leads out of the folder, by its parts or by a link on its way
     */
    private find(file: string) {
        const parts = file.split("/");
        if (parts.some((part) => ["", ".", ".."].includes(part) || /[\\\0:]/.test(part)))
            throw new UserError(`Nothing was changed: "${file}" is no path inside ${this.path}`);
        for (let depth = 1; depth < parts.length; depth += 1) {
            const above = join(this.path, ...parts.slice(0, depth));
            const found = lstatSync(above, { throwIfNoEntry: false });
            if (found === undefined) return undefined;
            if (!found.isDirectory())
                throw new UserError(
                    `Nothing was changed: ${above} is no folder of its own but a link or a file, and may lead out of ${this.path}; remove it, or name another folder`,
                );
        }
        return lstatSync(join(this.path, file), { throwIfNoEntry: false });
    }
}
