import { lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { onExit } from "signal-exit";
import { isAlive } from "../../sandbox/folder";

/** A folder for files that no other user may read, such as a kubeconfig with keys. */
export interface TemporaryFolder {
    readonly path: string;
    /** Deletes it before the process ends. */
    readonly remove: () => void;
}

/**
 * Name prefix of this machine's folders, because containers with different process IDs may share a temporary folder.
 */
const prefix = `plinth-run-${hostname().replace(/[^A-Za-z0-9]/g, "-")}-`;

/**
 * A folder that only this user can enter. It is deleted when the process ends, normally or by a signal; after SIGKILL,
 * it is deleted when the next process creates such a folder.
 *
 * The descriptor of a deleted file would leave nothing behind either, but kubectl reads its configuration more than
 * once, which does not work with such a path on every system.
 */
export function temporaryFolder(): TemporaryFolder {
    removeAbandoned();
    const path = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
    const clean = () => rmSync(path, { recursive: true, force: true });
    // The same library ends child processes: two signal listeners would each leave that to the other. If another
    // listener exists, work continues, and the folder remains until the process ends.
    const forget = onExit(clean);
    return {
        path,
        remove: () => {
            forget();
            clean();
        },
    };
}

/** Deletes folders left by killed processes of this user on this machine. */
function removeAbandoned(): void {
    for (const name of readdirSync(tmpdir())) {
        const pid = name.startsWith(prefix) && /^(\d+)-[A-Za-z0-9]{6}$/.exec(name.slice(prefix.length))?.[1];
        if (pid && !isAlive(Number(pid)) && isOurs(join(tmpdir(), name)))
            rmSync(join(tmpdir(), name), { recursive: true, force: true });
    }
}

/** Any user may create folders and links there. */
function isOurs(path: string): boolean {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return (
        found !== undefined && found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid())
    );
}
