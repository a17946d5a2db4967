import { join } from "node:path";
import { heartbeatFile } from "../celery";
import { readScripts } from "../scripts/tasks";

const names = ["plinth_settings.py", "write_secrets.py", "prepare.sh", "conda.sh", "seed.sh"] as const;

/**
 * Scripts that run in the pods in addition to the suite: constant text, with all values from the environment. Django
 * finds its settings in their folder, so that none may have the name of a module of Python.
 */
export const scripts = { ...readScripts(join(__dirname, "scripts"), names), ...heartbeatFile };
