import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Reads scripts from a folder, by name; their `common.php` begins with what the Tasks of all shops share. */
export const readScripts = <N extends string>(folder: string, names: readonly N[]): Readonly<Record<N, string>> =>
    Object.fromEntries(
        names.map((name) => [
            name,
            (name === "common.php" ? readFileSync(join(__dirname, "tasks.php"), "utf8") : "") +
                readFileSync(join(folder, name), "utf8"),
        ]),
    ) as Record<N, string>;
