import { postgresTlsEnv, tlsEnv } from "../../components/authorities";
import type { BrokerSettings } from "../../components/broker";
import type { DatabaseSettings } from "../../components/database";
import type { Composed, NetworkRule, SecretRef, Service, Setting } from "../../components/graph";
import { expansion, literal, variable } from "../../components/languages/expansion";
import { whereIpv6 } from "../../components/ipv6";
import { sh } from "../../components/languages/sh";
import type { ContainerArgs, Mount, PodArgs } from "../../components/podArgs";
import { mib } from "../../components/scratch";
import { drainSeconds } from "../../components/webTier";
import { mebibytesFor } from "../../config/quantity";
import { heartbeatMount, heartbeatOption, heartbeatProbe } from "../celery";
import { scratch } from "../webPod";
import type { QxsmsConfig, QxsmsInstance } from "./config";
import { type Environments, environments } from "./environment";
import { paths, port, user } from "./paths";
import { scripts } from "./scripts";
import { images } from "./images";

export interface Surroundings {
    readonly database: Service<DatabaseSettings>;
    readonly broker: Service<BrokerSettings>;
}

/** MiB per Django process, including its share of the parent. */
const processMemory = 100;

/** Translations of 13 languages; static files of QxSMS and Django's administration, some also compressed. */
const preparedSpace = { locale: "32Mi", static: "256Mi" } as const;

/**
 * Within which a connection to PostgreSQL is made, in seconds; its library's default is as long as the kernel tries, two
 * minutes. Queries may take longer. Celery itself gives up a broker after 4 seconds.
 *
 * @see https://www.postgresql.org/docs/current/libpq-envars.html
 */
const connectLimit = { PGCONNECT_TIMEOUT: "5" };

/** Additional seconds to end and to log after waiting. */
const stopSeconds = 15;

/**
 * Django's development server. It does not handle the stop signal, so that it must not be process 1, for which the
 * kernel ignores signals without a handler; whatever is left ends with the shell.
 */
const developmentServer = sh`trap 'kill "$server"; exit 143' TERM
python manage.py runserver --noreload 0.0.0.0:${port} &
server=$!
wait "$server"`;

/** The pods of an instance. All have the same code and environment, but different roles. */
export class Pods {
    /** Destinations of web and worker: the survey service, the mail server, and those that the user adds. */
    readonly outside: readonly NetworkRule[];
    /** Only the mail server. */
    readonly smtp: readonly NetworkRule[];
    private readonly environments: Environments;
    private readonly scripts: string;

    constructor(
        instance: QxsmsInstance,
        private readonly settings: QxsmsConfig,
        private readonly surroundings: Surroundings,
    ) {
        this.environments = environments(instance, settings);
        this.smtp = this.environments.smtp;
        this.outside = instance.egress([{ name: "qualtrics", direction: "egress", ports: [443] }, ...this.smtp]);
        this.scripts = instance.add(instance.owner, "ConfigMap", "scripts", { data: scripts });
    }

    /** Password of the first account, if it is generated. */
    get adminPassword(): SecretRef | undefined {
        return this.environments.adminPassword;
    }

    web(cpu: string): PodArgs {
        const { debug, web } = this.settings;
        const socket = { tcpSocket: { port }, timeoutSeconds: 5 };
        return {
            user,
            initContainers: [this.prepare(), this.ready()],
            containers: [
                this.container("web", {
                    command: debug
                        ? ["sh", "-c", developmentServer]
                        : [
                              ...whereIpv6(sh`set -- "$@" --bind=[::]:${port}`),
                              "gunicorn",
                              "--config=docker-gunicorn.conf.py",
                              "--access-logfile=-",
                              "--error-logfile=-",
                              "qxsms.wsgi:application",
                          ],
                    // That file reads variables that begin with GUNICORN_.
                    env: {
                        ...this.environments.full,
                        ...this.rabbitHost(),
                        ...connectLimit,
                        GUNICORN_WORKERS: String(web.processes),
                        GUNICORN_TIMEOUT: String(web.timeoutSeconds),
                        GUNICORN_GRACEFUL_TIMEOUT: String(web.timeoutSeconds),
                        // Its heartbeat is a file: on a slow disk, it would be killed without reason.
                        GUNICORN_WORKER_TMP_DIR: "/dev/shm",
                        // Only the balancer can connect. This makes links in mails https, and cookies secure.
                        GUNICORN_FORWARDED_ALLOW_IPS: "*",
                    },
                    uses: [this.databaseEdge(), this.brokerEdge()],
                    ports: { http: port },
                    resources: { cpu, memory: memory(web.processes) },
                    probes: {
                        startup: {
                            httpGet: { path: "/", port },
                            periodSeconds: 3,
                            timeoutSeconds: 10,
                            failureThreshold: 60,
                        },
                        // Not with a request: while all processes wait for Qualtrics, further requests queue.
                        readiness: { ...socket, periodSeconds: 10, failureThreshold: 3 },
                        liveness: { ...socket, periodSeconds: 20, failureThreshold: 6 },
                    },
                    // Mails in debug mode.
                    mounts: [...this.prepared(), ...(debug ? [scratch(`${paths.home}/outbox`, "64Mi")] : [])],
                    temp: this.temp(web.processes),
                }),
            ],
            graceSeconds: drainSeconds + web.timeoutSeconds + stopSeconds,
        };
    }

    worker(cpu: string): PodArgs {
        const { concurrency, longestTaskSeconds } = this.settings.worker;
        return {
            user,
            initContainers: [this.prepare(), this.ready("broker")],
            containers: [
                this.container("worker", {
                    // Without a shell: the stop signal must reach Celery, which then finishes its tasks and accepts no
                    // more.
                    command: [
                        "celery",
                        "-A",
                        "qxsms",
                        "worker",
                        "--loglevel=INFO",
                        `--concurrency=${concurrency}`,
                        heartbeatOption,
                    ],
                    env: { ...this.environments.full, ...this.rabbitHost(), ...connectLimit },
                    uses: [this.databaseEdge(), this.brokerEdge()],
                    resources: { cpu, memory: memory(concurrency + 2) },
                    probes: {
                        // Only one attempt, because each call starts Django.
                        startup: {
                            command: [
                                "sh",
                                "-c",
                                'exec celery -A qxsms inspect ping --timeout 10 --destination "celery@$(hostname)"',
                            ],
                            periodSeconds: 15,
                            timeoutSeconds: 25,
                            failureThreshold: 20,
                        },
                        liveness: heartbeatProbe,
                    },
                    mounts: [...this.prepared(), heartbeatMount(this.scripts, paths.home)],
                    temp: this.temp(concurrency),
                }),
            ],
            graceSeconds: longestTaskSeconds + stopSeconds,
        };
    }

    migrate(): PodArgs {
        return {
            user,
            containers: [
                this.container("migrate", {
                    command: ["python", `${paths.scripts}/migrate.py`],
                    env: this.environments.basic,
                    uses: [this.databaseEdge()],
                    resources: { cpu: "50m", memory: "256Mi" },
                    mounts: this.scriptMounts(),
                }),
            ],
        };
    }

    administrator(): PodArgs {
        const { adminPassword, full } = this.environments;
        return {
            user,
            containers: [
                this.container("administrator", {
                    command: ["python", `${paths.scripts}/administrator.py`],
                    env: { ...full, ...(adminPassword ? { ADMIN_PASSWORD: adminPassword } : {}) },
                    uses: [this.databaseEdge()],
                    resources: { cpu: "25m", memory: "256Mi" },
                    mounts: this.scriptMounts(),
                }),
            ],
        };
    }

    /** Size of /tmp, for Django's uploads and for panel files that a task reads or writes. */
    private temp(atATime: number): string {
        return mib(atATime * mebibytesFor(this.settings.http.maxBody) + 64);
    }

    private container(
        name: string,
        { temp = "64Mi", ...args }: Omit<ContainerArgs, "name" | "image" | "workingDir"> & { readonly temp?: string },
    ): ContainerArgs {
        return {
            name,
            image: images.qxsms,
            workingDir: paths.home,
            ...args,
            mounts: [scratch("/tmp", temp), ...(args.mounts ?? [])],
        };
    }

    /** Generates translations and static files, whether the image contains them or not. */
    private prepare(): ContainerArgs {
        return this.container("prepare", {
            command: ["sh", `${paths.scripts}/prepare.sh`],
            env: { ...this.environments.basic, PREPARED: paths.prepared },
            resources: { cpu: "50m", memory: "192Mi" },
            mounts: [
                ...this.scriptMounts(),
                scratch(`${paths.prepared}/locale`, preparedSpace.locale, "locale"),
                scratch(`${paths.home}/collected_static`, preparedSpace.static, "static"),
            ],
        });
    }

    /** Waits for the migrations, and for the broker if it is required. */
    private ready(...what: "broker"[]): ContainerArgs {
        const broker = what.includes("broker");
        return this.container("ready", {
            command: ["python", `${paths.scripts}/ready.py`, ...what],
            env: { ...this.environments.basic, ...(broker ? this.rabbitHost() : {}) },
            uses: [this.databaseEdge(), ...(broker ? [this.brokerEdge()] : [])],
            resources: { cpu: "25m", memory: "192Mi" },
            mounts: this.scriptMounts(),
        });
    }

    private databaseEdge() {
        const { database } = this.surroundings;
        const edge = database.bind({
            POSTGRES_HOST: "host",
            POSTGRES_PORT: "port",
            POSTGRES_DB: "name",
            POSTGRES_USER: "user",
            QXSMS_POSTGRES_PASSWORD: "password",
        });
        return { ...edge, env: { ...edge.env, ...postgresTlsEnv(database) } };
    }

    private brokerEdge() {
        return this.surroundings.broker.bind({ RABBIT_USERINFO: "userinfo" });
    }

    /** QxSMS builds `pyamqp://HOST:PORT` without user and virtual host: both are inserted via HOST and PORT. */
    private rabbitHost(): Record<string, Setting | Composed> {
        const { host, ports, settings } = this.surroundings.broker;
        const { vhost } = settings;
        const path = vhost === "/" ? "" : `/${encodeURIComponent(vhost)}`;
        return {
            RABBIT_HOST: { composed: expansion`${variable("RABBIT_USERINFO")}@${literal(host)}` },
            RABBIT_PORT: `${ports["amqp"]}${path}`,
            ...(this.surroundings.broker.tls
                ? {
                      ...tlsEnv(this.surroundings.broker, "RABBIT_TLS_CA"),
                      ...(this.surroundings.broker.anyName ? {} : { RABBIT_TLS_NAME: host }),
                      DJANGO_SETTINGS_MODULE: "plinth_settings",
                      PYTHONPATH: `${paths.scripts}:${paths.home}`,
                  }
                : {}),
        };
    }

    private scriptMounts(): Mount[] {
        return [{ path: paths.scripts, configMap: this.scripts }];
    }

    private prepared(): Mount[] {
        return [
            ...(this.surroundings.broker.tls ? this.scriptMounts() : []),
            scratch(`${paths.home}/locale`, preparedSpace.locale, "locale"),
            scratch(`${paths.home}/collected_static`, preparedSpace.static, "static"),
        ];
    }
}

const memory = (processes: number): string => `${64 + processes * processMemory}Mi`;
