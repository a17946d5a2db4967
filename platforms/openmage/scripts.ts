import { join } from "node:path";
import { script } from "../scripts/tasks";

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

export type ScriptName = (typeof names)[number];

/** What runs in the pods beside OpenMage itself: constant text, with every value from the environment. */
export const scripts = Object.fromEntries(
    names.map((name) => [name, script(join(__dirname, "scripts"), name)]),
) as Readonly<Record<ScriptName, string>>;
