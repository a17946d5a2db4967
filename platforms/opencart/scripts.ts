import { join } from "node:path";
import { readScripts } from "../scripts/tasks";

const names = [
    "common.php",
    "install.php",
    "upgrade.php",
    "ready.php",
    "settings.php",
    "guard.php",
    "database.php",
    "files.sh",
    "cron.sh",
] as const;

/** Scripts that run in the pods in addition to OpenCart: constant text, with all values from the environment. */
export const scripts = readScripts(join(__dirname, "scripts"), names);
