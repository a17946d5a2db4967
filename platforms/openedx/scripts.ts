import { join } from "node:path";
import { constantFiles } from "../../components/languages/text";
import { heartbeatFile } from "../celery";
import { readScripts } from "../scripts/tasks";

const names = ["wait.py", "ready.py", "drain.py", "retire.py", "lms_setup.py", "cms_setup.py", "reindex.py"] as const;

/** Scripts that run in the pods: constant text, with all values from the environment. The set-up uses an operation's. */
export const scripts = {
    ...readScripts(join(__dirname, "scripts"), names),
    ...constantFiles(join(__dirname, "operations"), ["theme.py"] as const),
    ...heartbeatFile,
};
