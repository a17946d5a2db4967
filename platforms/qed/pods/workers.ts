import { expansion, literal, variable } from "../../../components/languages/expansion";
import type { ContainerArgs, PodArgs } from "../../../components/podArgs";
import { drainSeconds } from "../../../components/webTier";
import { heartbeatMount, heartbeatOption, heartbeatProbe } from "../../celery";
import { httpProbe, scratch } from "../../webPod";
import { paths, ports, users } from "../paths";
import { addressOf, type DataServices, edges, given, inRuntime, pythonEnv, type Suite } from "../suite";
import { cluster, ctsEnvironment, socketProbes } from "./web";

/** Of a worker, which writes it once the application is loaded. */
const pidFile = "/tmp/celery.pid";
const stopSeconds = 15;

/** Flask and its worker: one image, the same environment and the same files. */
export class Flask {
    constructor(
        private readonly suite: Suite,
        private readonly data: DataServices,
    ) {}

    web(): PodArgs {
        const { size, settings, placement } = this.suite;
        return {
            user: users.python,
            ...placement,
            containers: [
                this.container("qed-flask", {
                    command: ["sh", `${paths.code}/start_flask.sh`],
                    // uwsgi takes the stop signal for a wish to start anew.
                    env: { UWSGI_DIE_ON_TERM: "true" },
                    ports: { uwsgi: ports.uwsgi },
                    resources: { cpu: size.flask.cpu, memory: size.flask.memory },
                    probes: socketProbes(ports.uwsgi),
                }),
            ],
            graceSeconds: drainSeconds + settings.web.timeoutSeconds + stopSeconds,
        };
    }

    worker(): PodArgs {
        const { size, settings, placement } = this.suite;
        const { concurrency, longestTaskSeconds } = settings.celery;
        return {
            user: users.python,
            ...placement,
            containers: [
                this.container("qed-celery", {
                    command: celery("celery_cgi", "qed", "qed_worker", concurrency),
                    resources: { cpu: size.celery.cpu, memory: size.celery.memory },
                    probes,
                    mounts: [heartbeatMount(this.suite.scripts, paths.code)],
                }),
            ],
            graceSeconds: longestTaskSeconds + stopSeconds,
        };
    }

    private container(
        name: string,
        { command, ...args }: Omit<ContainerArgs, "name" | "image" | "command"> & { command: readonly string[] },
    ): ContainerArgs {
        const { suite, data } = this;
        const { redis, mongodb } = data;
        const hms = suite.hms && `${suite.hms.url}/`;
        return {
            name,
            image: suite.images["qed-flask"],
            workingDir: paths.code,
            command: inRuntime(suite.settings.flask.runtime, command),
            ...args,
            env: {
                ...pythonEnv,
                ...cluster,
                SERVER_NAME: "KUBERNETES",
                IN_DOCKER: "True",
                HMS_LOCAL: "False",
                NWM_2_1: "True",
                NTA_DB_DIR: `${paths.appData}/nta/database`,
                ...given({
                    REDIS_HOSTNAME: redis?.host,
                    // With such a DOCKER_HOSTNAME the suite takes this variable for an address, with `tcp` for `redis`:
                    // it relies on the one that Kubernetes injects for a Service named redis.
                    REDIS_PORT: redis && `redis://${addressOf(redis)}`,
                    DASK_SCHEDULER: addressOf(suite.scheduler),
                    MONGODB_HOST: mongodb && `mongodb://${addressOf(mongodb)}`,
                    MONGO_SERVER: addressOf(mongodb),
                    HMS_BACKEND: hms,
                    HMS_BACKEND_SERVER_INTERNAL: hms,
                }),
                ...args.env,
            },
            uses: edges(
                redis?.bind(),
                mongodb?.bind(),
                suite.scheduler?.bind(),
                suite.daskWorkers?.bind(),
                suite.hms?.service.bind(),
            ),
            mounts: [
                ...suite.volumes.flaskFiles(),
                { path: paths.scripts, configMap: suite.scripts },
                scratch("/tmp", "2Gi"),
                ...(args.mounts ?? []),
            ],
        };
    }
}

/** The page that shows Celery's tasks and can revoke them: not published, and with a password. */
export function flowerPod(suite: Suite, { redis }: DataServices): PodArgs {
    const { instance, passwords } = suite;
    const password = instance.secret(instance.owner, "celery-flower", {
        password: passwords.flower,
    }).password;
    const probe = httpProbe(ports.flower, "/flower/healthcheck");
    return {
        user: users.first,
        containers: [
            {
                name: "celery-flower",
                image: suite.images["celery-flower"],
                // The broker comes before the command since Celery 5.
                command: ["celery", `--broker=redis://${addressOf(redis)}/0`, "flower", "--url_prefix=flower"],
                env: {
                    ...pythonEnv,
                    BASIC_AUTH_PASSWORD: password,
                    FLOWER_BASIC_AUTH: { composed: expansion`${literal("qed:")}${variable("BASIC_AUTH_PASSWORD")}` },
                    FLOWER_PORT: ports.flower,
                },
                uses: edges(redis?.bind()),
                ports: { http: ports.flower },
                resources: { cpu: "25m", memory: "256Mi" },
                probes: { readiness: probe(10, 3), liveness: probe(20, 6) },
                mounts: [scratch("/data", "64Mi"), scratch("/tmp", "64Mi")],
            },
        ],
    };
}

/** WebSockets of CTS. Each session is in the memory of one pod, so that there is only one. */
export function nodejsPod(suite: Suite, { redis }: DataServices): PodArgs {
    const { instance } = suite;
    const probe = httpProbe(ports.nodejs, "/test");
    return {
        user: users.first,
        containers: [
            {
                name: "cts-nodejs",
                image: suite.images["cts-nodejs"],
                workingDir: paths.code,
                command: ["node", "node_server.js"],
                env: { NODEJS_HOST: instance.objectName("cts-nodejs"), NODEJS_PORT: ports.nodejs },
                uses: edges(redis?.bind({ REDIS_HOSTNAME: "host", REDIS_PORT: "port" })),
                ports: { http: ports.nodejs },
                resources: { cpu: "50m", memory: "384Mi" },
                probes: { startup: probe(3, 60), readiness: probe(10, 3), liveness: probe(20, 6) },
                mounts: [scratch("/tmp", "64Mi")],
            },
        ],
    };
}

/** A worker of CTS: the manager removes queued tasks of visitors who have gone, the other one computes. */
export function ctsPod(suite: Suite, role: "manager" | "worker", { redis, mongodb }: DataServices): PodArgs {
    const { instance, settings, size, chemistry } = suite;
    const { concurrency, longestTaskSeconds, runtime } = settings.cts;
    const apiKey = instance.secretValue("ccteApiKey");
    const key = apiKey && instance.secret(instance.owner, `cts-${role}`, { ccteApiKey: apiKey }).ccteApiKey;
    const isManager = role === "manager";
    const command = isManager
        ? celery("tasks", "manager_queue", "manager_worker", 1)
        : celery("tasks", "cts_queue", "cts_worker", concurrency);
    return {
        user: users.python,
        containers: [
            {
                name: `cts-${role}`,
                image: suite.images["cts-celery"],
                workingDir: paths.code,
                command: inRuntime(runtime, command),
                env: {
                    ...pythonEnv,
                    ...cluster,
                    ...ctsEnvironment(suite, mongodb),
                    ...(key ? { CCTE_API_KEY: key } : {}),
                },
                // A plain number here: it is passed to a client as a port.
                uses: edges(
                    redis?.bind({ REDIS_HOSTNAME: "host", REDIS_PORT: "port" }),
                    mongodb?.bind(),
                    chemistry?.jchem.bind(),
                    chemistry?.ctsws.bind(),
                    suite.find("qed-nginx", { http: ports.http })?.bind({}, ["http"]),
                ),
                resources: isManager
                    ? { cpu: "50m", memory: "384Mi" }
                    : { cpu: size.ctsWorker.cpu, memory: size.ctsWorker.memory },
                probes,
                mounts: [
                    { path: paths.scripts, configMap: suite.scripts },
                    heartbeatMount(suite.scripts, paths.code),
                    scratch("/tmp", "512Mi"),
                ],
            },
        ],
        graceSeconds: (isManager ? 30 : longestTaskSeconds) + stopSeconds,
    };
}

/** Celery's own way to ask takes as long as a start, and as much memory. */
const probes = {
    startup: { command: ["test", "-e", pidFile], periodSeconds: 5, failureThreshold: 60 },
    liveness: heartbeatProbe,
} as const;

/**
 * Several pods have names of their own; versions 4 and 5 both take the application before the command. Without the
 * exchange with other workers at the start: from Celery 5 on, a worker that has lost redis does not come out of it, and
 * takes no task any more (https://github.com/celery/celery/discussions/7276).
 */
const celery = (application: string, queue: string, name: string, concurrency: number): string[] => [
    ...["celery", "-A", application, "worker", "-Q", queue],
    ...["--loglevel=INFO", "-n", `${name}@%h`, "-c", String(concurrency)],
    "--without-mingle",
    `--pidfile=${pidFile}`,
    heartbeatOption,
];
