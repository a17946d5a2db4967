import { readFileSync } from "node:fs";
import { join } from "node:path";

const names = ["common.py", "migrate.py", "ready.py", "administrator.py", "prepare.sh"] as const;

export type ScriptName = (typeof names)[number];

/** What runs in the pods beside QxSMS itself: constant text, with every value from the environment. */
export const scripts = Object.fromEntries(
    names.map((name) => [name, readFileSync(join(__dirname, "scripts", name), "utf8")]),
) as Readonly<Record<ScriptName, string>>;
