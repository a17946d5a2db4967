import { closeSync, openSync, readSync, statSync } from "node:fs";
import { relative, sep } from "node:path";
import { type Path, type Place, refuse } from "../errors";

const megabyte = 2 ** 20;
/** No Compose or env file is as large, and reading one costs about a second for each of these megabytes. */
const mostBytes = 8 * megabyte;
const mostFiles = 2_000;

/** Reads the files that a project names, and no others. */
export class Files {
    private readonly texts = new Map<string, string>();

    /** @param folder to which paths in messages are relative */
    constructor(private readonly folder: string) {}

    /** All that were read, in order. */
    get read(): readonly string[] {
        return [...this.texts.keys()];
    }

    /** A path as messages show it. */
    shown(path: string): string {
        const inside = relative(this.folder, path);
        return inside === "" || inside.startsWith(`..${sep}`) || inside === ".." ? path : inside;
    }

    exists(path: string): boolean {
        return statSync(path, { throwIfNoEntry: false }) !== undefined;
    }

    /** Whether it exists and is no folder. */
    has(path: string): boolean {
        try {
            return !statSync(path).isDirectory();
        } catch {
            return false;
        }
    }

    /**
     * @param place where it is named
     * @throws ComposeError if there is no such file, or none that can be read
     */
    text(path: string, place: Place, at: Path): string {
        const known = this.texts.get(path);
        if (known !== undefined) return known;
        if (this.texts.size >= mostFiles)
            refuse(place, at, `the project has more than ${mostFiles} files, which is not allowed`);
        const wrong = (what: string): never => refuse(place, at, `${this.shown(path)} ${what}`);
        let text: string;
        try {
            const stats = statSync(path);
            if (stats.isDirectory()) return wrong("is a folder; allowed: a file");
            // A pipe would never end.
            if (!stats.isFile() && path !== "/dev/null") return wrong("is no regular file");
            if (stats.size > mostBytes)
                return wrong(`has ${Math.ceil(stats.size / megabyte)} MB; allowed: ${mostBytes / megabyte} MB`);
            text = path === "/dev/null" ? "" : readAtMost(path, stats.size);
        } catch (error) {
            const { code } = error as NodeJS.ErrnoException;
            if (code === undefined) throw error;
            return wrong(code === "ENOENT" || code === "ENOTDIR" ? "does not exist" : `cannot be read (${code})`);
        }
        this.texts.set(path, text);
        return text;
    }
}

/** Not more than it had, even if it grows in the meantime. */
function readAtMost(path: string, size: number): string {
    const file = openSync(path, "r");
    try {
        const buffer = Buffer.alloc(size);
        let read = 0;
        for (let more = 1; more > 0 && read < size; read += more)
            more = readSync(file, buffer, read, size - read, read);
        return buffer.toString("utf8", 0, read);
    } finally {
        closeSync(file);
    }
}
