import type { ContainerArgs, PodArgs } from "../../../components/podArgs";
import { drainSeconds } from "../../../components/webTier";
import { heartbeatMount, heartbeatOption, heartbeatProbe, heartbeatStart } from "../../celery";
import { scratch } from "../../webPod";
import { paths, ports, users } from "../paths";
import { addressOf, type DataServices, edges, given, inRuntime, pythonEnv, type Suite } from "../suite";
import { socketProbes } from "./web";

const stopSeconds = 15;

/** HMS: hydrological models in .NET. */
export function hmsPod(suite: Suite, { mongodb }: DataServices): PodArgs {
    const { instance, settings, size, volumes } = suite;
    const keys = Object.fromEntries(
        Object.entries({
            GOOGLE_API_KEY: instance.secretValue("googleApiKey"),
            WATERS_APIKEY: instance.secretValue("watersApiKey"),
        }).flatMap(([name, value]) => (value ? [[name, value] as const] : [])),
    );
    const secrets = Object.keys(keys).length > 0 ? instance.secret<string>(instance.owner, "hms-dotnetcore", keys) : {};
    const claim = volumes.single("hms-app-data")!;
    return {
        user: users.first,
        initContainers: [
            {
                name: "seed",
                image: suite.images["hms-dotnetcore"],
                command: ["sh", `${paths.scripts}/seed.sh`],
                env: { FROM: paths.hmsAppData, TO: "/seed" },
                resources: { cpu: "25m", memory: "64Mi" },
                mounts: [
                    { path: "/seed", claim },
                    { path: paths.scripts, configMap: suite.scripts },
                ],
            },
        ],
        containers: [
            {
                name: "hms-dotnetcore",
                image: suite.images["hms-dotnetcore"],
                workingDir: "/app",
                // The port was 80 and is 8080 in newer images: here it is always the same, and needs no root.
                // An asterisk is both families, or IPv4 where the kernel has no other.
                command: ["dotnet", "Web.Services.dll", "--urls", `http://*:${ports.hms}`],
                env: {
                    ASPNETCORE_ENVIRONMENT: "Production",
                    DOTNET_EnableDiagnostics: "0",
                    HOME: "/tmp",
                    ...given({
                        FLASK_SERVER: suite.flask?.url,
                        // Only the host: the port is a constant in its code.
                        MONGODB: mongodb?.host,
                    }),
                    ...secrets,
                },
                uses: edges(suite.flask?.service.bind({}, ["flask"]), mongodb?.bind()),
                ports: { http: ports.hms },
                resources: { cpu: size.hms.cpu, memory: size.hms.memory },
                probes: socketProbes(ports.hms),
                mounts: [{ path: paths.hmsAppData, claim }, scratch("/tmp", "1Gi")],
            },
        ],
        graceSeconds: drainSeconds + settings.web.timeoutSeconds + stopSeconds,
    };
}

/** Gives the work of Flask and Celery to dask's workers. */
export const schedulerPod = (suite: Suite): PodArgs => ({
    user: users.python,
    containers: [
        dask(suite, "dask-scheduler", {
            command: [
                ...cli("scheduler"),
                ...["--port", String(ports.dask), "--dashboard-address", `:${ports.dashboard}`],
            ],
            uses: edges(suite.daskWorkers?.bind()),
            ports: { dask: ports.dask, dashboard: ports.dashboard },
            resources: { cpu: "100m", memory: "512Mi" },
            probes: socketProbes(ports.dask),
        }),
    ],
});

/** A worker; it connects to all others, on ports that the policies know. Without a host name of its own, each has one. */
export function daskWorkerPod(suite: Suite, { mongodb }: DataServices): PodArgs {
    const { settings, size, volumes } = suite;
    const hms = suite.hms && `${suite.hms.url}/`;
    return {
        user: users.python,
        ...suite.placement,
        containers: [
            dask(suite, "dask-worker", {
                // The image's own command names a host that no cluster can have.
                command: [
                    ...[...cli("worker"), addressOf(suite.scheduler)!],
                    ...["--worker-port", String(ports.daskWorker), "--nanny-port", String(ports.daskNanny)],
                    ...["--nthreads", String(settings.dask.threads), "--no-dashboard"],
                    ...["--local-directory", "/tmp/dask"],
                ],
                env: {
                    IN_DOCKER: "True",
                    PYTHONPATH: ["", "/hms_flask", "/qed", "/qed/flask_qed"]
                        .map((part) => `${paths.code}${part}`)
                        .join(":"),
                    ...given({
                        UBERTOOL_REST_SERVER: suite.flask?.url,
                        HMS_BACKEND: hms,
                        HMS_BACKEND_SERVER_INTERNAL: hms,
                        HMS_WORKFLOW_BACKEND: hms,
                        MONGODB_HOST: mongodb && `mongodb://${addressOf(mongodb)}`,
                    }),
                },
                uses: edges(
                    suite.scheduler?.bind(),
                    suite.daskWorkers?.bind(),
                    suite.flask?.service.bind({}, ["flask"]),
                    suite.hms?.service.bind(),
                    mongodb?.bind(),
                ),
                ports: { worker: ports.daskWorker, nanny: ports.daskNanny },
                resources: { cpu: size.daskWorker.cpu, memory: size.daskWorker.memory },
                probes: socketProbes(ports.daskWorker),
                mounts: volumes.mount("source-dask", `${paths.code}/qed`),
            }),
        ],
        // It hands its results to others before it ends.
        graceSeconds: 60 + stopSeconds,
    };
}

/** Of every version: current ones have no `dask-scheduler` any more, those of the suite's beginning no `dask scheduler`. */
const cli = (role: "scheduler" | "worker"): string[] => ["python", "-m", `distributed.cli.dask_${role}`];

function dask(
    suite: Suite,
    name: string,
    { command, ...args }: Omit<ContainerArgs, "name" | "image" | "command"> & { command: readonly string[] },
): ContainerArgs {
    return {
        name,
        image: suite.images.dask,
        command: inRuntime(suite.settings.dask.runtime, command),
        ...args,
        env: { ...pythonEnv, ...args.env },
        mounts: [{ path: paths.scripts, configMap: suite.scripts }, scratch("/tmp", "4Gi"), ...(args.mounts ?? [])],
    };
}

const cyanCode = "/cyan_flask";

/** The API of the Cyanobacteria application, or its worker. */
export function cyanPod(suite: Suite, role: "api" | "celery", { redis, cyanDb }: DataServices): PodArgs {
    const { instance, settings, volumes, placement } = suite;
    const { mail } = settings.cyan;
    const password = mail && instance.secretValue("cyanMailPassword");
    const mailSecret = password && instance.secret(instance.owner, `cyan-${role}-mail`, { password }).password;
    if (mail && !password)
        instance.problem(
            ["cyan", "mail"],
            `is missing the password of ${mail.address}; set it with: ${instance.howToSet("cyanMailPassword")}`,
            ["cyanMailPassword"],
        );
    const isApi = role === "api";
    return {
        user: users.python,
        ...placement,
        containers: [
            {
                name: `cyan-${role}`,
                image: suite.images["cyan-api"],
                workingDir: cyanCode,
                command: isApi
                    ? ["sh", "/docker/flask/start_flask.sh"]
                    : [
                          ...["celery", "-A", "celery_worker.celery", "worker", "--loglevel=INFO", "-c", "1"],
                          ...["--without-mingle", heartbeatOption],
                      ],
                env: {
                    ...pythonEnv,
                    UWSGI_DIE_ON_TERM: "true",
                    DOCKER_HOSTNAME: "KUBERNETES",
                    APP_NAME: "cyan",
                    ...given({ FLASK_HOST: suite.find("cyan-api", { uwsgi: ports.cyanUwsgi })?.host }),
                    FLASK_PORT: ports.cyanUwsgi,
                    HOST_DOMAIN: settings.host,
                    SESSION_EXPIRE_SECONDS: "1200",
                    TOMCAT_API: "https://cyan.epa.gov",
                    ...(mail ? { EMAIL: mail.address, EMAIL_SMTP: mail.host, EMAIL_PORT: mail.port } : {}),
                    ...(mailSecret ? { EMAIL_PASS: mailSecret } : {}),
                },
                uses: edges(
                    redis?.bind({ REDIS_HOSTNAME: "host", REDIS_PORT: "port" }),
                    cyanDb?.bind({
                        DB_HOST: "host",
                        DB_PORT: "port",
                        DB_NAME: "name",
                        DB_USER: "user",
                        DB_PASS: "password",
                    }),
                ),
                ...(isApi
                    ? { ports: { uwsgi: ports.cyanUwsgi }, probes: socketProbes(ports.cyanUwsgi) }
                    : { probes: { startup: heartbeatStart, liveness: heartbeatProbe } }),
                resources: { cpu: "100m", memory: "512Mi" },
                mounts: [
                    ...volumes.mount("cyan-jobs", paths.cyanJobs),
                    scratch("/tmp", "512Mi"),
                    ...(isApi ? [] : [heartbeatMount(suite.scripts, cyanCode)]),
                ],
            },
        ],
        graceSeconds: 300 + stopSeconds,
    };
}
