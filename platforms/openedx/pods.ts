import type { Edge, NetworkRule } from "../../components/graph";
import { awsKeys } from "../../components/objectStorage";
import type { ContainerArgs, Mount, PodArgs, Probe, Variable } from "../../components/podArgs";
import type { ResourcesConfig } from "../../config/fields";
import { drainSeconds } from "../../components/webTier";
import { heartbeatMount, heartbeatProbe } from "../celery";
import { httpProbe, scratch, wayTo, webServices } from "../webPod";
import { publicUrl } from "../publicUrl";
import { buckets, type OpenedxConfig, type OpenedxInstance } from "./config";
import { Configuration, statusPort, webPort } from "./configuration";
import { images } from "./images";
import { scriptFolder, user } from "./paths";
import { scripts } from "./scripts";
import { documentHosts, edgesTo, isSrv, type Used } from "./services";
import type { Variant } from "./settings/facts";
import { folders } from "./settings/paths";
import { mfeCaddyfile, mfePort } from "./settings/mfeCaddyfile";
import { uwsgiCommand, uwsgiFile } from "./settings/uwsgi";
import { celeryCommand, celeryVariables, pidFile, retireCommand, retireSeconds, type WorkerDuties } from "./workers";

const home = "/openedx/edx-platform";
/** Additional seconds to end and to log after waiting. */
const stopSeconds = 15;

/** MiB of a web pod: its master, and each process. Seen were 480 to 760 for two. */
const webMemory = (processes: number): string => `${512 + processes * 640}Mi`;
const taskMemory = "1536Mi";

/** The pods of an instance. All have the same image and configuration, but different roles. */
export class Pods {
    readonly networkRules: readonly NetworkRule[];
    private readonly configuration: Configuration;
    private readonly scripts: string;
    private readonly uses: readonly Edge[];

    constructor(
        private readonly instance: OpenedxInstance,
        private readonly settings: OpenedxConfig,
        private readonly used: Used,
    ) {
        this.configuration = new Configuration(instance, settings, used);
        this.scripts = instance.add(instance.owner, "ConfigMap", "scripts", { data: scripts });
        this.networkRules = instance.egress([
            webServices,
            ...used.mail.networkRules,
            ...wayTo("notes", settings.notes?.url),
            ...wayTo("codejail", settings.codejail?.url),
            ...wayTo("xqueue", settings.xqueue?.url),
        ]);
        this.uses = edgesTo(used);
    }

    /** @param others services that only this one connects to. @default none */
    web(variant: Variant, cpu: string, others: readonly Edge[] = []): PodArgs {
        const { processes, timeoutSeconds } = this.settings[variant];
        const name = `uwsgi-${variant}`;
        const ini = this.instance.add(this.instance.owner, "ConfigMap", name, {
            data: {
                "uwsgi.ini": uwsgiFile({
                    variant,
                    port: webPort,
                    statusPort,
                    processes,
                    servesMedia: false,
                    graceSeconds: timeoutSeconds,
                    requestSeconds: timeoutSeconds,
                }),
            },
        });
        // Any page needs MySQL. A request decides whether a new pod is ready, and from then on whether uWSGI's master
        // lives. A database that stalls would otherwise empty the Service, of all pods: the web port's queue is full as
        // soon as a hundred visitors have given up. Processes that hang are replaced by uWSGI.
        const started: Probe = {
            ...httpProbe(webPort, "/heartbeat", { Host: this.instance.objectName(variant) })(5, 120),
            timeoutSeconds: 10,
        };
        const master = { tcpSocket: { port: statusPort }, timeoutSeconds: 5 };
        return {
            user,
            initContainers: [this.ready()],
            containers: [
                this.container(variant, variant, {
                    ...uwsgiCommand("/opt/uwsgi/uwsgi.ini"),
                    uses: [...this.uses, ...others],
                    ports: { http: webPort },
                    resources: { cpu, memory: webMemory(processes) },
                    probes: {
                        startup: started,
                        readiness: { ...master, periodSeconds: 10, failureThreshold: 3 },
                        liveness: { ...master, periodSeconds: 30, failureThreshold: 10 },
                    },
                    mounts: [{ path: "/opt/uwsgi", configMap: ini }],
                    preStop: [
                        "python",
                        `${scriptFolder}/drain.py`,
                        ...[webPort, drainSeconds, timeoutSeconds].map(String),
                    ],
                    // Uploads of courses to Studio.
                    temp: variant === "cms" ? "2Gi" : "512Mi",
                }),
            ],
            // Those that wait for a process come first, then what it has begun.
            graceSeconds: drainSeconds + 2 * timeoutSeconds + stopSeconds,
        };
    }

    worker({ name, variant, ...duties }: WorkerDuties, cpu: string): PodArgs {
        return {
            user,
            initContainers: [this.ready()],
            containers: [
                this.container(name, variant, {
                    command: celeryCommand({ name, variant, ...duties }),
                    env: {
                        ...celeryVariables({ name, ...duties }),
                        ...(this.used.broker.anyName ? { BROKER_ANY_NAME: "1" } : {}),
                    },
                    uses: this.uses,
                    resources: { cpu, memory: duties.memory },
                    // Celery's own way to ask takes as long as a start, and as much memory.
                    probes: {
                        startup: { command: ["test", "-e", pidFile], periodSeconds: 5, failureThreshold: 60 },
                        liveness: heartbeatProbe,
                    },
                    mounts: [heartbeatMount(this.scripts, home)],
                    preStop: retireCommand({ variant, ...duties }),
                    temp: duties.temp,
                }),
            ],
            graceSeconds: retireSeconds + duties.longestTaskSeconds + stopSeconds,
        };
    }

    mfe(uses: readonly Edge[]): PodArgs {
        const file = this.instance.add(this.instance.owner, "ConfigMap", "mfe", {
            data: { Caddyfile: mfeCaddyfile(this.configuration.facts) },
        });
        const index = httpProbe(mfePort, "/authn/");
        return {
            user,
            containers: [
                {
                    name: "mfe",
                    image: images.mfe,
                    command: ["caddy", "run", "--adapter", "caddyfile", "--config", "/etc/caddy/Caddyfile"],
                    env: { XDG_CONFIG_HOME: "/tmp", XDG_DATA_HOME: "/tmp" },
                    uses,
                    ports: { http: mfePort },
                    resources: { cpu: "10m", memory: "128Mi" },
                    probes: { readiness: index(5, 3), liveness: index(20, 6) },
                    // The image's binary carries this capability as a file attribute: without it in the set, exec fails.
                    capabilities: ["NET_BIND_SERVICE"],
                    mounts: [{ path: "/etc/caddy", configMap: file }, scratch("/tmp", "16Mi")],
                },
            ],
        };
    }

    /**
     * Migrations and set-up, in this order in one pod: Studio's migrations must not run beside the LMS's, whose tables
     * they are in part.
     */
    migrate(): PodArgs {
        const { instance, settings, configuration } = this;
        const { host, studioHost, theme, forum } = settings;
        const resources: ResourcesConfig = { cpu: "500m", memory: taskMemory };
        const step = (name: string, variant: Variant, command: readonly string[], env = {}): ContainerArgs =>
            this.container(name, variant, { command, env, uses: this.uses, resources });
        return {
            user,
            initContainers: [
                this.wait(),
                step("lms-migrate", "lms", ["./manage.py", "lms", "migrate", "--no-input"]),
                step("cms-migrate", "cms", ["./manage.py", "cms", "migrate", "--no-input"]),
                step("cms-setup", "cms", this.shell("cms", "cms_setup.py")),
            ],
            containers: [
                step("lms-setup", "lms", this.shell("lms", "lms_setup.py"), {
                    LMS_HOST: host,
                    STUDIO_HOST: studioHost,
                    STUDIO_URL: publicUrl(instance, studioHost),
                    CMS_OAUTH2_SECRET: configuration.cmsOauth2Secret,
                    ...(theme === undefined ? {} : { THEME: theme }),
                    ...(forum ? { FORUM: "true" } : {}),
                }),
            ],
        };
    }

    /** @param env for the script. @default none */
    reindex(env: Readonly<Record<string, Variable>> = {}): PodArgs {
        return this.once("reindex", "cms", this.shell("cms", "reindex.py"), env);
    }

    /** A command of manage.py, on a schedule. */
    manage(name: string, args: readonly string[]): PodArgs {
        return this.once(name, "lms", ["./manage.py", "lms", ...args], {});
    }

    private once(
        name: string,
        variant: Variant,
        command: readonly string[],
        env: Readonly<Record<string, Variable>>,
    ): PodArgs {
        const resources = { cpu: "100m", memory: taskMemory };
        return {
            user,
            initContainers: [this.ready()],
            containers: [this.container(name, variant, { command, env, uses: this.uses, resources })],
        };
    }

    private wait(): ContainerArgs {
        const { used } = this;
        const { documents, search, storage, bucketNames } = used;
        const addresses = (hosts: readonly string[], { ports }: { readonly ports: Readonly<Record<string, number>> }) =>
            hosts.map((host) => `${host}:${Object.values(ports)[0]}`);
        const ofOne = (one: Used["cache"] | Used["database"]) => addresses([one.host], one);
        const servers = [
            ...ofOne(used.database),
            // A name of SRV records is no host.
            ...(isSrv(used) ? [] : addresses(documentHosts(used), documents)),
            ...ofOne(used.broker),
            ...ofOne(used.cache),
        ];
        const { endpoint, forcePathStyle, region } = storage.settings;
        const { url, prefix, masterKey, apiKeyUid } = search.settings;
        return this.container("wait", "lms", {
            command: ["python", `${scriptFolder}/wait.py`],
            env: {
                ADDRESSES: servers.join(" "),
                S3_ENDPOINT: endpoint,
                S3_PATH_STYLE: forcePathStyle,
                S3_BUCKETS: Object.values(buckets)
                    .map((name) => bucketNames[name])
                    .join(" "),
                AWS_DEFAULT_REGION: region,
                ...awsKeys(storage.settings),
                SEARCH_URL: url,
                SEARCH_PREFIX: prefix,
                SEARCH_MASTER_KEY: masterKey,
                SEARCH_KEY_UID: apiKeyUid,
                SEARCH_ENGINE: used.searchEngine,
            },
            uses: this.uses,
            resources: { cpu: "25m", memory: "192Mi" },
        });
    }

    /** Waits for the first set-up. */
    private ready(): ContainerArgs {
        return this.container("ready", "lms", {
            command: ["python", `${scriptFolder}/ready.py`],
            uses: [this.used.database.bind()],
            resources: { cpu: "25m", memory: "128Mi" },
        });
    }

    private shell(variant: Variant, script: string): string[] {
        return ["./manage.py", variant, "shell", "-c", `exec(open("${scriptFolder}/${script}").read())`];
    }

    private container(
        name: string,
        variant: Variant,
        { temp = "512Mi", ...args }: Omit<ContainerArgs, "name" | "image" | "workingDir"> & { readonly temp?: string },
    ): ContainerArgs {
        const mounts: Mount[] = [
            ...this.configuration.mounts,
            { path: scriptFolder, configMap: this.scripts },
            scratch("/tmp", temp),
            scratch(folders.data, temp, "data"),
            scratch(folders.media.replace(/\/$/, ""), "64Mi", "media"),
            scratch(folders.privateMedia, "64Mi", "private-media"),
        ];
        return {
            name,
            image: images.openedx,
            workingDir: home,
            ...args,
            env: {
                SERVICE_VARIANT: variant,
                DJANGO_SETTINGS_MODULE: `${variant}.envs.tutor.production`,
                PYTHONDONTWRITEBYTECODE: "1",
                HOME: "/tmp",
                ...args.env,
            },
            mounts: [...mounts, ...(args.mounts ?? [])],
        };
    }
}
