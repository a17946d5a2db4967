import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Reads a script from a folder; its `common.php` begins with what the Tasks of all shops share. */
export const script = (folder: string, name: string): string =>
    (name === "common.php" ? readFileSync(join(__dirname, "tasks.php"), "utf8") : "") +
    readFileSync(join(folder, name), "utf8");
