import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "mocha";
import { run } from "./datadir";

/** Programs that have a version. */
const names = ["mariadb", "mariadb-admin", "mariadb-dump", "mariadb-install-db", "mariadbd"] as const;

/**
 * A folder with the programs of an older MariaDB, for the front of a PATH; each runs in the system that the variable
 * PLINTH_OLDER_MARIADB names, and sees the files of this one:
 *
 *   mmdebstrap --variant=apt --include=mariadb-server bookworm FOLDER
 *
 * The test is skipped without it, in CI, too.
 */
export function olderMariadb(test: Context, folder: string): { readonly path: string; readonly series: string } {
    const system = process.env["PLINTH_OLDER_MARIADB"];
    const skip = (why: string): never => {
        console.log(`      skipped: ${why}`);
        return test.skip();
    };
    if (system === undefined) return skip("PLINTH_OLDER_MARIADB names no system with an older MariaDB");
    if (process.getuid?.() !== 0) return skip("only root can enter the system that PLINTH_OLDER_MARIADB names");
    for (const entry of readdirSync("/", { withFileTypes: true })) {
        const { name } = entry;
        if (!entry.isDirectory() || /^(bin|boot|etc|lib.*|lost\+found|sbin|usr|var)$/.test(name)) continue;
        const place = join(system, name);
        mkdirSync(place, { recursive: true });
        const { status, stderr } = run(["mount", "--rbind", join("/", name), place]);
        if (status !== 0) return skip(`${place} cannot be mounted: ${stderr.trim()}`);
    }
    const path = join(folder, "older");
    mkdirSync(path);
    for (const name of names) {
        const [inside] = ["/usr/sbin", "/usr/bin"].map((at) => join(at, name)).filter((at) => existsSync(system + at));
        const own = `[ "$(id -u)" -eq 0 ] || own='--user --map-current-user'`;
        const text = `#!/bin/sh\n${own}\nexec unshare \${own-} --root=${system} --wd="$PWD" -- ${inside} "$@"\n`;
        writeFileSync(join(path, name), text);
        chmodSync(join(path, name), 0o755);
    }
    const [, series] = / (\d+\.\d+)\.\d+-MariaDB/.exec(run([join(path, "mariadbd"), "--version"]).stdout)!;
    return { path, series: series! };
}
