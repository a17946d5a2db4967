import type { ReplicasConfig } from "../../config/fields";
import { heartbeatOption } from "../celery";
import type { OpenedxConfig } from "./config";
import { scriptFolder } from "./paths";
import type { Variant } from "./settings/facts";
import type { Size } from "./sizes";

/** What a worker works on. */
export interface WorkerDuties {
    readonly name: string;
    readonly variant: Variant;
    readonly queues: readonly string[];
    /** Tasks at the same time. */
    readonly concurrency: number;
    /** Tasks after which a process is replaced, since memory is not given back. */
    readonly tasksPerProcess: number;
    readonly longestTaskSeconds: number;
    readonly memory: string;
    /** Size of the directories for files in work. */
    readonly temp: string;
    readonly replicas: ReplicasConfig;
}

/** Of a worker, which writes it once the application is loaded. */
export const pidFile = "/tmp/celery.pid";

/** MiB of a worker: its master, and each task. */
const memory = (concurrency: number): string => `${768 + concurrency * 768}Mi`;

/** All workers of an instance. Reports have one of their own: others would wait for them, or end with their memory. */
export const workersOf = ({ lmsWorker, cmsWorker, reports }: OpenedxConfig, size: Size): readonly WorkerDuties[] => [
    {
        name: "lms-worker",
        variant: "lms",
        queues: ["default", "high"],
        ...lmsWorker,
        tasksPerProcess: 100,
        memory: memory(lmsWorker.concurrency),
        temp: "1Gi",
        replicas: size.lmsWorker,
    },
    {
        name: "cms-worker",
        variant: "cms",
        queues: ["default", "high", "low"],
        ...cmsWorker,
        tasksPerProcess: 100,
        memory: memory(cmsWorker.concurrency),
        // Courses that are imported and exported.
        temp: "4Gi",
        replicas: size.cmsWorker,
    },
    {
        name: "reports",
        variant: "lms",
        queues: ["high_mem"],
        ...reports,
        concurrency: 1,
        tasksPerProcess: 1,
        memory: memory(2),
        temp: "4Gi",
        replicas: 1,
    },
];

/** Celery's name of a worker; it replaces %h with the pod's name. */
const hostname = (variant: Variant): string => `edx.${variant}.core.default.%h`;

const named = (variant: Variant, queues: readonly string[]): string[] =>
    queues.map((queue) => `edx.${variant}.core.${queue}`);

/** A worker's command, without a shell: the stop signal must reach Celery, which then finishes its tasks. */
export const celeryCommand = ({ variant, queues, ...duties }: WorkerDuties): string[] => [
    "celery",
    `--app=${variant}.celery`,
    "worker",
    "--loglevel=info",
    `--hostname=${hostname(variant)}`,
    `--queues=${named(variant, queues).join(",")}`,
    `--concurrency=${duties.concurrency}`,
    `--max-tasks-per-child=${duties.tasksPerProcess}`,
    "--prefetch-multiplier=1",
    `--pidfile=${pidFile}`,
    "--without-gossip",
    "--without-mingle",
    heartbeatOption,
];

/** Seconds of {@link retireCommand}: its start, its connection, and the worker's answer. */
export const retireSeconds = 15;

/** Before a worker is told to stop: it takes no more tasks. */
export const retireCommand = ({ variant, queues }: Pick<WorkerDuties, "variant" | "queues">): string[] => [
    "python",
    `${scriptFolder}/retire.py`,
    hostname(variant),
    ...named(variant, queues),
];

/**
 * Variables of a worker, which `unacknowledged` of `settings/common.ts` reads.
 *
 * A task that a worker has taken, but not acknowledged, goes to another one after `CELERY_VISIBILITY_SECONDS`. That is
 * longer than its longest task, since each worker takes one task ahead, which must not be done twice; and Celery's own
 * hour at least, up to which tasks are delayed.
 * https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout
 */
export const celeryVariables = ({ name, longestTaskSeconds }: Pick<WorkerDuties, "name" | "longestTaskSeconds">) => ({
    CELERY_WORKER: name,
    CELERY_VISIBILITY_SECONDS: String(Math.max(3600, longestTaskSeconds + 600)),
});
