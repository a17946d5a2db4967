import { join } from "node:path";
import { readScripts } from "../scripts/tasks";

const names = [
    "common.php",
    "shop.php",
    "install.php",
    "upgrade.php",
    "ready.php",
    "settings.php",
    "cron.php",
    "PlinthCache.php",
    "PlinthLog.php",
    "PlinthResource.php",
    "PlinthSetup.php",
    "processor.php",
] as const;

/** Scripts that run in the pods in addition to OpenMage: constant text, with all values from the environment. */
export const scripts = readScripts(join(__dirname, "scripts"), names);
