import { lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { onExit } from "signal-exit";
import { isAlive } from "../../sandbox/folder";

/** A folder for what nobody else may read, such as a kubeconfig with its keys. */
export interface TemporaryFolder {
    readonly path: string;
    /** Takes it away before the process ends. */
    readonly remove: () => void;
}

/** Begins the names of this machine's folders: where several containers share one, each has processes of its own. */
const prefix = `plinth-run-${hostname().replace(/[^A-Za-z0-9]/g, "-")}-`;

/**
 * A folder that only this user can enter. It goes when the process ends, by itself or by a signal, and after a signal that no
 * process is told of (SIGKILL) when the next one makes such a folder.
 *
 * A descriptor of a deleted file would leave nothing behind either, but kubectl reads its configuration more than once,
 * which such a path does not allow on every system.
 */
export function temporaryFolder(): TemporaryFolder {
    removeAbandoned();
    const path = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
    const clean = () => rmSync(path, { recursive: true, force: true });
    // The same library ends the programs that this one has started: two that listened for signals would each leave it to the
    // other. Where somebody else listens, work goes on, and the folder stays until that has ended.
    const forget = onExit(clean);
    return {
        path,
        remove: () => {
            forget();
            clean();
        },
    };
}

/** Takes away what killed processes of this user on this machine have left. */
function removeAbandoned(): void {
    for (const name of readdirSync(tmpdir())) {
        const pid = name.startsWith(prefix) && /^(\d+)-[A-Za-z0-9]{6}$/.exec(name.slice(prefix.length))?.[1];
        if (pid && !isAlive(Number(pid)) && isOurs(join(tmpdir(), name)))
            rmSync(join(tmpdir(), name), { recursive: true, force: true });
    }
}

/** Anybody may make folders there, and links. */
function isOurs(path: string): boolean {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return (
        found !== undefined && found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid())
    );
}
