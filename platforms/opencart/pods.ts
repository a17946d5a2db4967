import { authoritiesFor } from "../../components/authorities";
import type { CacheSettings } from "../../components/cache";
import type { SharedClaim } from "../../components/claim";
import type { DatabaseSettings } from "../../components/database";
import type { NetworkRule, SecretRef, Service, Setting } from "../../components/graph";
import type { Text } from "../../components/languages/text";
import type { ContainerArgs, Mount, PodArgs } from "../../components/podArgs";
import { drainSeconds } from "../../components/webTier";
import { nginxCommand, nginxTemp } from "../nginx";
import { poolTemp, scriptTemp } from "../php";
import { publicUrl } from "../publicUrl";
import { nginxProbe, scratch } from "../webPod";
import { type OpenCartConfig, type OpenCartInstance, sizes } from "./config";
import { configPhp } from "./configPhp";
import { cacheEdge, commonEnv, databaseEdge, mailEnv } from "./environment";
import { appMounts, bundledSpace, sharedMounts } from "./mounts";
import { paths, ports, sharedStorage, users } from "./paths";
import { phpMemory, stopSeconds } from "./php";
import { scripts } from "./scripts";
import { images } from "./images";
import { type Role, webFiles } from "./webFiles";

export interface Surroundings {
    readonly database: Service<DatabaseSettings>;
    readonly cache: Service<CacheSettings>;
    readonly files: SharedClaim;
}

/** Maximum number of concurrent requests to the administration. */
const adminChildren = 4;

/** A copy of the code with its libraries, of 150 MiB, and the image's extensions and pictures. */
const workSpace = "1Gi";

/** Time limits in seconds for pages, and for the administration, where imports and exports run. */
const pageSeconds = { frontend: 60, admin: 300 } as const;

/** The pods of a shop: all run the same code with the same configuration, and differ only in their role. */
export class Pods {
    /** Without trailing slash. */
    readonly urls: { readonly shop: string; readonly admin: string };
    readonly adminPassword: SecretRef;
    /** Services that shops connect to: payment, shipping, exchange rates, the marketplace, the mail server. */
    readonly outside: readonly NetworkRule[];

    private readonly smtpPassword: SecretRef | undefined;
    private readonly configMaps: {
        readonly config: string;
        readonly scripts: string;
        readonly frontend: { readonly nginx: string; readonly php: string };
        readonly admin: { readonly nginx: string; readonly php: string };
    };

    constructor(
        private readonly instance: OpenCartInstance,
        private readonly settings: OpenCartConfig,
        private readonly surroundings: Surroundings,
    ) {
        const { host, adminHost, adminPath, mail } = settings;
        this.urls = {
            shop: publicUrl(instance, host),
            admin: `${publicUrl(instance, adminHost ?? host)}/${adminPath}`,
        };
        // The administration's own form allows 5 to 20 characters.
        const password = instance.password("admin-password", "adminPassword", 20);
        this.adminPassword = instance.secret(instance.owner, "admin", { password }).password;
        const smtpPassword = mail ? instance.secretValue("smtpPassword") : undefined;
        this.smtpPassword = smtpPassword
            ? instance.secret(instance.owner, "smtp", { password: smtpPassword }).password
            : undefined;
        this.outside = instance.egress([
            { name: "web services", direction: "egress", ports: [443] },
            ...(mail ? [{ name: "smtp", direction: "egress", host: mail.host, ports: [mail.port] } as const] : []),
        ]);
        this.configMaps = {
            config: this.configMap("config", {
                "config.php": configPhp({ application: "Catalog", adminPath }),
                "admin-config.php": configPhp({ application: "Admin", adminPath }),
            }),
            scripts: this.configMap("scripts", scripts),
            frontend: this.webConfig("frontend", settings.php.maxChildren),
            admin: this.webConfig("admin", adminChildren),
        };
    }

    frontend(): PodArgs {
        const { maxChildren, memoryLimit } = this.settings.php;
        const memory = phpMemory(maxChildren, memoryLimit);
        return this.web("frontend", { cpu: sizes[this.settings.size].cpu, memory }, [this.ready()]);
    }

    admin(): PodArgs {
        const memory = phpMemory(adminChildren, this.settings.php.memoryLimit);
        return this.web("admin", { cpu: "100m", memory }, [this.applySettings()]);
    }

    install(): PodArgs {
        return this.task([
            this.php("install", {
                command: ["php", `${paths.scripts}/install.php`],
                env: {
                    ...this.adminEnv(),
                    ADMIN_EMAIL: this.settings.adminUser.email ?? `admin@${this.settings.host}`,
                },
                uses: [databaseEdge(this.surroundings.database)],
                mounts: [scratch("/tmp", scriptTemp)],
            }),
        ]);
    }

    upgrade(): PodArgs {
        return this.task(
            [
                this.php("upgrade", {
                    command: ["php", `${paths.scripts}/upgrade.php`],
                    env: {
                        ...this.addresses(),
                        ADMIN_PATH: this.settings.adminPath,
                        VOLUME_DIR: paths.volume,
                        WORK_DIR: "/work",
                    },
                    uses: [databaseEdge(this.surroundings.database), cacheEdge(this.surroundings.cache)],
                    mounts: [
                        scratch("/tmp", scriptTemp),
                        scratch("/work", workSpace),
                        { path: paths.volume, claim: this.surroundings.files.claim },
                    ],
                    memory: "512Mi",
                }),
            ],
            [this.prepareFiles()],
        );
    }

    cron(): PodArgs {
        return this.task(
            [
                this.php("cron", {
                    command: ["sh", `${paths.scripts}/cron.sh`],
                    env: { ...this.addresses(), SERVER_NAME: this.settings.host },
                    uses: [databaseEdge(this.surroundings.database), cacheEdge(this.surroundings.cache)],
                    mounts: [
                        scratch("/tmp", scriptTemp),
                        ...appMounts(this.settings, this.surroundings.files, this.configMaps.config),
                    ],
                }),
            ],
            [this.prepareFiles(), this.ready()],
        );
    }

    private web(role: Role, resources: { cpu: string; memory: string }, before: readonly ContainerArgs[]): PodArgs {
        const configMaps = this.configMaps[role];
        const children = role === "admin" ? adminChildren : this.settings.php.maxChildren;
        const php: ContainerArgs = {
            name: "php",
            image: images["opencart-php"],
            args: ["--fpm-config", `${paths.php}/php-fpm.conf`],
            env: { ...commonEnv(this.instance.namespace), ...this.addresses(), SERVER_NAME: this.settings.host },
            uses: [databaseEdge(this.surroundings.database), cacheEdge(this.surroundings.cache)],
            resources,
            probes: {
                startup: http("/fpm-ping", 2, 60),
                readiness: http("/fpm-ping", 10, 3),
                liveness: http("/fpm-ping", 20, 6),
            },
            mounts: [
                ...appMounts(this.settings, this.surroundings.files, this.configMaps.config),
                scratch("/tmp", poolTemp(children, this.settings.php.uploadLimit)),
                { path: paths.php, configMap: configMaps.php },
            ],
            // nginx stops first, and its last requests are still answered.
            preStop: drainSeconds + 2,
        };
        const nginx: ContainerArgs = {
            name: "nginx",
            image: images["opencart-nginx"],
            command: nginxCommand([ports.http]),
            ports: { http: ports.http },
            resources: { cpu: "25m", memory: "64Mi" },
            probes: { readiness: http("/healthz", 5, 2), liveness: http("/healthz", 20, 3) },
            mounts: [
                { path: "/etc/nginx/nginx.conf", configMap: configMaps.nginx, file: "nginx.conf" },
                scratch("/tmp", nginxTemp(children, this.settings.http.maxBody), "nginx-tmp"),
                ...sharedMounts(this.settings, this.surroundings.files, { readOnly: true }),
            ],
            user: users.nginx,
        };
        return {
            initContainers: [this.prepareFiles(), ...before],
            containers: [php, nginx],
            user: users.php,
            graceSeconds: drainSeconds + stopSeconds + 15,
            ...this.placement(),
        };
    }

    private task(containers: readonly ContainerArgs[], initContainers: readonly ContainerArgs[] = []): PodArgs {
        return { initContainers, containers, user: users.php, ...(initContainers.length > 0 ? this.placement() : {}) };
    }

    private placement(): Pick<PodArgs, "shareNodeFor"> {
        const { shareNodeFor } = this.surroundings.files;
        return shareNodeFor ? { shareNodeFor } : {};
    }

    /** A container that runs one of Plinth's scripts once. */
    private php(
        name: string,
        args: Pick<ContainerArgs, "command" | "env" | "uses" | "mounts"> & { readonly memory?: string },
    ): ContainerArgs {
        const { memory = "256Mi", mounts = [], env, ...rest } = args;
        return {
            name,
            image: images["opencart-php"],
            resources: { cpu: "50m", memory },
            env: { ...commonEnv(this.instance.namespace), ...env },
            mounts: [
                ...mounts,
                { path: paths.scripts, configMap: this.configMaps.scripts },
                ...["opencart.ini", ...(this.surroundings.database.tls ? ["database.php"] : [])].map((file): Mount => ({
                    path: `${paths.php}/${file}`,
                    configMap: this.configMaps.frontend.php,
                    file,
                })),
            ],
            ...rest,
        };
    }

    /** Fills the shared volume with what OpenCart ships, and compares the image's admin directory with the configured one. */
    private prepareFiles(): ContainerArgs {
        return this.php("files", {
            command: ["sh", `${paths.scripts}/files.sh`],
            env: {
                ADMIN_PATH: this.settings.adminPath,
                VOLUME_DIR: paths.volume,
                SHARED_STORAGE: sharedStorage.map((part) => `storage/${part}`).join(" "),
                SHARED_EXTENSIONS: this.settings.extensions === "shared" ? "yes" : "",
                BUNDLED_DIR: paths.bundled,
            },
            mounts: [
                { path: paths.volume, claim: this.surroundings.files.claim },
                ...(this.settings.extensions === "shared" ? [scratch(paths.bundled, bundledSpace, "bundled")] : []),
            ],
            memory: "64Mi",
        });
    }

    /** Waits for the upgrade, even if a plain `kubectl apply` starts everything at once. */
    private ready(): ContainerArgs {
        return this.php("ready", {
            command: ["php", `${paths.scripts}/ready.php`],
            uses: [databaseEdge(this.surroundings.database)],
            memory: "128Mi",
        });
    }

    /** Applies the configured password and mail settings. In the admin pod, because it restarts when its Secrets change. */
    private applySettings(): ContainerArgs {
        return this.php("settings", {
            command: ["php", `${paths.scripts}/settings.php`],
            env: { ...this.adminEnv(), ...mailEnv(this.settings.mail, this.smtpPassword) },
            uses: [databaseEdge(this.surroundings.database)],
            memory: "128Mi",
        });
    }

    private addresses(): Record<string, string> {
        return { SHOP_URL: this.urls.shop, ADMIN_URL: this.urls.admin };
    }

    private adminEnv(): Record<string, Setting> {
        return { ADMIN_USERNAME: this.settings.adminUser.name, ADMIN_PASSWORD: this.adminPassword };
    }

    private webConfig(role: Role, maxChildren: number): { nginx: string; php: string } {
        const { nginx, php } = webFiles(role, this.settings, {
            maxChildren,
            timeoutSeconds: pageSeconds[role],
            tls: {
                authorities: authoritiesFor(this.instance, [this.surroundings.database, this.surroundings.cache]),
                secureDatabase: this.surroundings.database.tls,
            },
        });
        return { nginx: this.configMap(`${role}-nginx`, nginx), php: this.configMap(`${role}-php`, php) };
    }

    private configMap(name: string, data: Readonly<Record<string, Text>>): string {
        return this.instance.add(this.instance.owner, "ConfigMap", name, { data });
    }
}

const http = nginxProbe(ports.http);
