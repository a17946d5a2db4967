import { join } from "node:path";
import { heartbeatFile } from "../celery";
import { readScripts } from "../scripts/tasks";

const names = ["common.py", "migrate.py", "ready.py", "administrator.py", "plinth_settings.py", "prepare.sh"] as const;

/** Scripts that run in the pods in addition to QxSMS: constant text, with all values from the environment. */
export const scripts = { ...readScripts(join(__dirname, "scripts"), names), ...heartbeatFile };
