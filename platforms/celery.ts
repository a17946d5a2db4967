import { join } from "node:path";
import { constantFiles } from "../components/languages/text";
import type { Mount, Probe } from "../components/podArgs";

const moduleName = "plinth_heartbeat";

/** The file for the ConfigMap of a platform's scripts: a module that Celery loads beside the application. */
export const heartbeatFile = constantFiles(join(__dirname, "scripts"), [`${moduleName}.py`] as const);

/** Option of a worker, versions 4 and 5. Celery looks for modules in the folder in which it is started, too. */
export const heartbeatOption = `--include=${moduleName}`;

/**
 * @param configMap of the platform's scripts
 * @param folder in which Celery is started
 */
export const heartbeatMount = (configMap: string, folder: string): Mount => ({
    path: `${folder}/${moduleName}.py`,
    configMap,
    file: `${moduleName}.py`,
});

/** Where the module touches a file, in a directory of the pod that is writable. */
const alive = "/tmp/celery.alive";

/**
 * Seconds without a sign of life after which a worker is started again: ten of its periods, so that a busy node or broker
 * does no harm. Tasks that it has not acknowledged go to another worker.
 */
const longestSilence = 300;

/**
 * Asks for the age of a file, which takes neither time nor memory.
 *
 * @param seconds without a sign of life. @default 5 minutes
 */
export const heartbeatCommand = (file = alive, seconds = longestSilence): string[] => [
    "sh",
    "-c",
    `test $(( $(date +%s) - $(stat -c %Y ${file}) )) -lt ${seconds}`,
];

/** A startup probe for workers that write no other file: the first sign of life. */
export const heartbeatStart: Probe = { command: ["test", "-e", alive], periodSeconds: 5, failureThreshold: 60 };

/**
 * The liveness probe of a worker. The file of a container that has ended is still there for the next one, which is given
 * as long as any other for its first sign of life: the delay counts from the start of each container.
 */
export const heartbeatProbe: Probe = {
    command: heartbeatCommand(),
    initialDelaySeconds: longestSilence,
    periodSeconds: 30,
    timeoutSeconds: 10,
    failureThreshold: 2,
};
