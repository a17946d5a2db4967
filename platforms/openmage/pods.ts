import { tlsEnv } from "../../components/authorities";
import type { SharedClaim } from "../../components/claim";
import type { Edge, NetworkRule, SecretRef, Service, Setting } from "../../components/graph";
import type { ContainerArgs, Mount, PodArgs } from "../../components/podArgs";
import { outgoingMail } from "../../components/mail";
import { metricsRules } from "../../components/metrics";
import { drainSeconds } from "../../components/webTier";
import { nginxCommand, nginxTemp } from "../nginx";
import { poolTemp, scriptTemp } from "../php";
import { publicUrl } from "../publicUrl";
import { nginxProbe, scratch, webServices } from "../webPod";
import { type OpenMageConfig, type OpenMageInstance, sizes } from "./config";
import {
    adminChildren,
    childrenOf,
    declareFiles,
    type Files,
    hasMetrics,
    isApart,
    type Role,
    type Servers,
} from "./files";
import { paths, ports, users } from "./paths";
import { phpMemory, scriptMemory, stopSeconds } from "./php";
import { systemConfigEnv } from "./systemConfig";
import { images } from "./images";

export interface Surroundings extends Servers {
    readonly media: SharedClaim;
}

/** The pods of a shop. All have the same code and nearly the same configuration, but different roles. */
export class Pods {
    /** Public URLs; a private administration has none. */
    readonly urls: { readonly shop: string; readonly admin?: string };
    readonly adminPassword: SecretRef;
    /** External services that shops use: payment, shipping, exchange rates, feeds, the mail server. */
    readonly outside: readonly NetworkRule[];

    private readonly smtpPassword: SecretRef | undefined;
    private readonly files: Files;
    private readonly environment: Readonly<Record<string, Setting>>;

    constructor(
        private readonly instance: OpenMageInstance,
        private readonly settings: OpenMageConfig,
        private readonly surroundings: Surroundings,
    ) {
        const { adminPath, mail } = settings;
        const origin = this.adminOrigin;
        this.urls = {
            shop: `${publicUrl(instance, settings.host)}/`,
            ...(origin === "" ? {} : { admin: `${origin}/${adminPath}/` }),
        };
        const password = instance.password("admin-password", "adminPassword", 20, 1);
        this.adminPassword = instance.secret(instance.owner, "admin", { password }).password;
        const cryptKey = instance.password("crypt-key", "cryptKey");
        // The pods read it from local.xml; this Secret is for operators, who keep it with their backups.
        instance.secret(instance.owner, "crypt-key", { key: cryptKey });
        const smtp = outgoingMail(instance, mail);
        this.smtpPassword = smtp.password;
        this.outside = instance.egress([webServices, ...smtp.networkRules]);
        this.files = declareFiles(instance, settings, surroundings, cryptKey);
        this.environment = {
            ...systemConfigEnv(settings),
            // Adds Plinth's directory to PHP's default.
            PHP_INI_SCAN_DIR: `:${paths.php}`,
            ...tlsEnv(surroundings.database, "DB_TLS_CA"),
            ...(this.smtpPassword ? { SMTP_PASSWORD: this.smtpPassword } : {}),
        };
    }

    /** Network rules of a tier for destinations outside the instance. */
    needs(role: Role): readonly NetworkRule[] {
        const { monitoringNamespace } = this.instance.cluster;
        const measured = hasMetrics(this.instance, this.settings, role);
        return [...this.outside, ...(measured ? metricsRules(monitoringNamespace, ports.metrics) : [])];
    }

    /** nginx and PHP of the shop together. */
    frontend(): PodArgs {
        return this.web("frontend", this.frontendResources(), [this.ready()]);
    }

    /** Only PHP of the shop. */
    frontendPhp(): PodArgs {
        const socket = { tcpSocket: { port: ports.phpStatus }, timeoutSeconds: 5 };
        const php = {
            ...this.fpm("frontend", this.frontendResources()),
            ports: { php: ports.php, status: ports.phpStatus },
            probes: {
                startup: { ...socket, periodSeconds: 2, failureThreshold: 60 },
                readiness: { ...socket, periodSeconds: 10, failureThreshold: 3 },
                liveness: { ...socket, periodSeconds: 20, failureThreshold: 6 },
            },
        };
        return this.pod({ initContainers: [this.ready()], containers: [php], graceSeconds });
    }

    /** Only nginx of the shop. */
    frontendNginx(php: Service): PodArgs {
        return this.pod({ containers: [{ ...this.nginx("frontend"), uses: [php.bind()] }] });
    }

    admin(): PodArgs {
        const memory = phpMemory(adminChildren, this.settings.php.memoryLimit);
        return this.web("admin", { cpu: "200m", memory }, [this.applySettings()]);
    }

    install(): PodArgs {
        const { adminUser, host, locale, timeZone, currency } = this.settings;
        const install = this.script("install", "512Mi", {
            ...this.adminEnv(),
            ADMIN_EMAIL: adminUser.email ?? `admin@${host}`,
            SHOP_LOCALE: locale,
            SHOP_TIMEZONE: timeZone,
            SHOP_CURRENCY: currency,
        });
        return this.pod({ containers: [install] });
    }

    upgrade(): PodArgs {
        return this.pod({ containers: [this.script("upgrade", "768Mi")] });
    }

    cron(): PodArgs {
        return this.pod({ initContainers: [this.ready()], containers: [this.script("cron", "1Gi")] });
    }

    /** URL of the administration's host; empty if it is not published. */
    private get adminOrigin(): string {
        const { adminAccess, adminHost, host } = this.settings;
        return adminAccess === "private" ? "" : publicUrl(this.instance, adminHost ?? host);
    }

    private frontendResources(): { cpu: string; memory: string } {
        const { maxChildren, memoryLimit } = this.settings.php;
        return { cpu: sizes[this.settings.size].cpu, memory: phpMemory(maxChildren, memoryLimit) };
    }

    private web(
        role: Role,
        resources: { cpu: string; memory: string },
        initContainers: readonly ContainerArgs[],
    ): PodArgs {
        const probes = {
            startup: http("/fpm-ping", 2, 60),
            readiness: http("/fpm-ping", 10, 3),
            liveness: http("/fpm-ping", 20, 6),
        };
        const containers = [{ ...this.fpm(role, resources), probes }, this.nginx(role)];
        return this.pod({ initContainers, containers, graceSeconds });
    }

    /** Settings that all pods of a shop share: the user, and the node if the media volume is on one. */
    private pod(args: Omit<PodArgs, "user" | "shareNodeFor">): PodArgs {
        const { shareNodeFor } = this.surroundings.media;
        return { ...args, user: users.php, ...(shareNodeFor ? { shareNodeFor } : {}) };
    }

    private fpm(role: Role, resources: { cpu: string; memory: string }): ContainerArgs {
        const { uploadLimit } = this.settings.php;
        return {
            name: "php",
            image: images["openmage-php"],
            // Bypasses the entrypoint, whose shell drops variables with a '-', such as those of a store.
            command: ["php-fpm", "--fpm-config", `${paths.php}/php-fpm.conf`],
            env: this.environment,
            uses: this.servers(role === "frontend"),
            resources,
            mounts: [
                ...this.phpMounts(role, {
                    var: varSpace[role],
                    tmp: poolTemp(childrenOf(this.settings, role), uploadLimit),
                }),
                this.phpFile(role, "php-fpm.conf"),
                this.scriptsMount(),
            ],
            // nginx stops first; its last requests are still answered.
            preStop: drainSeconds + 2,
        };
    }

    private nginx(role: Role): ContainerArgs {
        const measured = hasMetrics(this.instance, this.settings, role);
        // In separate pods, nginx is only ready if it can reach PHP.
        const readiness = isApart(this.settings, role) ? http("/fpm-ping", 5, 3) : http("/healthz", 5, 2);
        return {
            name: "nginx",
            image: images["openmage-nginx"],
            command: nginxCommand([ports.http, ...(measured ? [ports.metrics] : [])]),
            ports: { http: ports.http, ...(measured ? { metrics: ports.metrics } : {}) },
            resources: { cpu: "50m", memory: "64Mi" },
            probes: { readiness, liveness: http("/healthz", 20, 3) },
            mounts: [
                { path: "/etc/nginx/nginx.conf", configMap: this.files.nginx[role], file: "nginx.conf" },
                scratch("/tmp", nginxTemp(childrenOf(this.settings, role), this.settings.http.maxBody), "nginx-tmp"),
                { path: paths.media, claim: this.surroundings.media.claim, readOnly: true },
            ],
            user: users.nginx,
        };
    }

    /** Waits for the upgrade, even if a plain `kubectl apply` starts everything at once. */
    private ready(): ContainerArgs {
        return this.script("ready", "256Mi");
    }

    /** Sets password and URLs as configured. In the admin pod, because that is recreated when its Secrets change. */
    private applySettings(): ContainerArgs {
        return this.script("settings", "512Mi", this.adminEnv());
    }

    /** A container that runs one of Plinth's scripts once, with OpenMage's code; PHP's limit may increase its memory. */
    private script(name: string, memory: string, env: Readonly<Record<string, Setting>> = {}): ContainerArgs {
        return {
            name,
            image: images["openmage-php"],
            command: ["php", `${paths.scripts}/${name}.php`],
            resources: { cpu: "50m", memory: scriptMemory(memory, this.settings.php.memoryLimit) },
            env: {
                ...this.environment,
                OPENMAGE_ROOT: paths.root,
                DB_PREFIX: this.settings.tablePrefix ?? "",
                CRYPT_KEY_ORIGIN: this.instance.secretValue("cryptKey") ? "configured" : "generated",
                ...env,
            },
            uses: [
                ...this.servers(false),
                this.surroundings.database.bind({
                    DB_HOSTNAME: "host",
                    DB_PORT: "port",
                    DB_DATABASE: "name",
                    DB_USERNAME: "user",
                    DB_PASSWORD: "password",
                }),
            ],
            // Cron creates feeds, sitemaps and Dataflow's files.
            mounts: [
                ...this.phpMounts("admin", { var: varSpace[name === "cron" ? "admin" : "frontend"], tmp: scriptTemp }),
                this.scriptsMount(),
            ],
        };
    }

    /** The servers in local.xml, for the frontends including the database's replicas. */
    private servers(reads: boolean): Edge[] {
        const { database, readDatabase, cache, sessions } = this.surroundings;
        const replicas = reads && readDatabase !== database ? [readDatabase.bind()] : [];
        return [database.bind(), ...replicas, cache.bind(), sessions.bind()];
    }

    private adminEnv(): Record<string, Setting> {
        const { adminUser, host, stores } = this.settings;
        const urls = stores.map((store) => ({
            type: store.type,
            code: store.code,
            url: publicUrl(this.instance, store.host),
        }));
        return {
            ADMIN_USERNAME: adminUser.name,
            ADMIN_PASSWORD: this.adminPassword,
            SHOP_URL: publicUrl(this.instance, host),
            ADMIN_URL: this.adminOrigin,
            STORES: JSON.stringify(urls),
        };
    }

    private phpFile(role: Role, file: string): Mount {
        return { path: `${paths.php}/${file}`, configMap: this.files.php[role], file };
    }

    private scriptsMount(): Mount {
        return { path: paths.scripts, configMap: this.files.scripts };
    }

    /** Configuration and files, where the code expects them. */
    private phpMounts(role: Role, sizes: { readonly var: string; readonly tmp: string }): Mount[] {
        const { secret, key } = this.files.localXml;
        return [
            { path: paths.localXml, secret, file: key },
            this.phpFile(role, "openmage.ini"),
            ...(this.settings.mail ? [this.phpFile(role, "msmtprc")] : []),
            { path: paths.media, claim: this.surroundings.media.claim },
            scratch(paths.var, sizes.var, "var"),
            scratch("/tmp", sizes.tmp),
        ];
    }
}

/**
 * Size limit of `var`: locks, and a report of 10 to 50 KiB for each page that fails; in the administration also imports
 * and exports.
 */
const varSpace: Readonly<Record<Role, string>> = { frontend: "256Mi", admin: "1Gi" };

/** Seconds that a web pod has to stop: draining, running requests, and a margin. */
const graceSeconds = drainSeconds + stopSeconds + 15;

const http = nginxProbe(ports.http);
