import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Daemons refuse to run as root, or drop root: like the images, a test then uses another user. */
export const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/** Writes files below a folder; returns the folder. */
export function write(folder: string, files: Readonly<Record<string, string>>): string {
    for (const [name, text] of Object.entries(files)) {
        const path = join(folder, name);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text);
    }
    return folder;
}

export const ok = (condition: boolean): void => {
    if (!condition) throw new Error("not yet");
};
