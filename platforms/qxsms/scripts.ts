import { join } from "node:path";
import { readScripts } from "../scripts/tasks";

const names = ["common.py", "migrate.py", "ready.py", "administrator.py", "prepare.sh"] as const;

/** What runs in the pods beside QxSMS itself: constant text, with every value from the environment. */
export const scripts = readScripts(join(__dirname, "scripts"), names);
