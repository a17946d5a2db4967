import { join } from "node:path";
import { readScripts } from "../scripts/tasks";

const names = [
    "common.php",
    "install.php",
    "upgrade.php",
    "ready.php",
    "settings.php",
    "guard.php",
    "files.sh",
    "cron.sh",
] as const;

/** What runs in the pods beside OpenCart itself: constant text, with every value from the environment. */
export const scripts = readScripts(join(__dirname, "scripts"), names);
