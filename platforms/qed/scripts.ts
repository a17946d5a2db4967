import { join } from "node:path";
import { readScripts } from "../scripts/tasks";

const names = ["plinth_settings.py", "secrets.py", "prepare.sh", "conda.sh", "seed.sh"] as const;

/** Scripts that run in the pods in addition to the suite: constant text, with all values from the environment. */
export const scripts = readScripts(join(__dirname, "scripts"), names);
