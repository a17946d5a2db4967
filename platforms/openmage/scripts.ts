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

/** What runs in the pods beside OpenMage itself: constant text, with every value from the environment. */
export const scripts = readScripts(join(__dirname, "scripts"), names);
