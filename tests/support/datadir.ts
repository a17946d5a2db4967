import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The user that a server runs as if the tests run as root, which it refuses: its package's, or nobody. */
export function serverUser(name: string): { uid?: number; gid?: number } {
    if (process.getuid?.() !== 0) return {};
    const number = (flag: string) => {
        const { status, stdout } = spawnSync("id", [flag, name], { encoding: "utf8" });
        return status === 0 ? Number(stdout) : 65534;
    };
    return { uid: number("-u"), gid: number("-g") };
}

/** Makes a directory that belongs to the server's user. */
export function ownDirectory(path: string, { uid, gid }: { uid?: number; gid?: number }): string {
    mkdirSync(path, { recursive: true });
    if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
    return path;
}

/** Makes an empty file that belongs to the server's user. */
export function ownFile(path: string, { uid, gid }: { uid?: number; gid?: number }): void {
    writeFileSync(path, "");
    if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

/** Digests, times and modes of all files below a directory: equal when nothing was written. */
export function fingerprint(directory: string): Record<string, string> {
    return Object.fromEntries(
        readdirSync(directory, { recursive: true, encoding: "utf8" })
            .sort()
            .map((name) => {
                const path = join(directory, name);
                const { mtimeMs, mode, uid } = lstatSync(path);
                const content = lstatSync(path).isFile()
                    ? createHash("sha256").update(readFileSync(path)).digest("hex")
                    : "";
                return [name, `${mtimeMs} ${mode} ${uid} ${content}`];
            }),
    );
}

/** A database server that only prints its version, like `mariadb 11.8` in an official image. */
export function standIn(folder: string, series: string): { readonly PATH: string } {
    const [engine, version] = series.split(" ") as ["mariadb" | "mysql" | "postgres", string];
    const told = {
        mariadb: [
            "mariadbd",
            `mariadbd  Ver ${version}.8-MariaDB-ubu2404 for debian-linux-gnu on x86_64 (mariadb.org)`,
        ],
        mysql: [
            "mysqld",
            `/opt/mysql-5.5/mysqld  Ver ${version}.11 for Linux on x86_64 (MySQL Community Server - GPL)`,
        ],
        postgres: ["postgres", `postgres (PostgreSQL) ${version}.11 (Debian ${version}.11-1.pgdg13+1)`],
    } as const;
    const [name, line] = told[engine];
    const path = join(folder, "stand-ins", series.replace(" ", "-"));
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, name), `#!/bin/sh\necho "${line}"\n`, { mode: 0o755 });
    return { PATH: `${path}:${process.env["PATH"]}` };
}

/** Shells in place of the images': Debian's, Oracle Linux' and Alpine's, if installed. */
export const shells: readonly (readonly string[])[] = [["sh"], ["bash", "--posix"], ["busybox", "sh"]].filter(
    ([shell]) => ["/bin", "/usr/bin"].some((folder) => existsSync(join(folder, shell!))),
);

/** Runs a command to its end. */
export function run(
    command: readonly string[],
    options: { env?: Record<string, string>; uid?: number; gid?: number; input?: string } = {},
) {
    const { env, ...rest } = options;
    const { status, stdout, stderr } = spawnSync(command[0]!, command.slice(1), {
        encoding: "utf8",
        timeout: 60_000,
        ...rest,
        env: { ...process.env, ...env },
    });
    return { status, stdout, stderr };
}

/**
 * Makes the data directory of a MariaDB server, and one for its temporary tables: a server that starts deletes what
 * others have in a common one.
 *
 * @param more further options
 * @returns the option that the server then needs for its temporary tables
 */
export function installMariaDb(
    data: string,
    temporary: string,
    user: { uid?: number; gid?: number },
    ...more: readonly string[]
): string {
    ownDirectory(data, user);
    const own = `--tmpdir=${ownDirectory(temporary, user)}`;
    const made = run(
        ["mariadb-install-db", "--no-defaults", `--datadir=${data}`, own, "--skip-test-db", ...more],
        user,
    );
    if (made.status !== 0) throw new Error(made.stderr + made.stdout);
    return own;
}
