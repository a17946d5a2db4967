import { Value } from "../../config/value";
import { authoritiesFor } from "../../components/authorities";
import type { CacheSettings } from "../../components/cache";
import type { DatabaseSettings } from "../../components/database";
import type { SecretRef, Service } from "../../components/graph";
import { contentHash } from "../../components/names";
import { identityOf } from "../../config/backup";
import type { OpenMageConfig, OpenMageInstance } from "./config";
import { localXml } from "./localXml";
import { msmtprc } from "./mail";
import { nginxConf } from "./nginx";
import { fpmConf, phpIni } from "./php";
import { scripts } from "./scripts";
import { systemConfigEnv } from "./systemConfig";
import { images } from "./images";

export interface Servers {
    readonly database: Service<DatabaseSettings>;
    /** The server that frontends read from: the database itself if there are no replicas. */
    readonly readDatabase: Service<DatabaseSettings>;
    readonly cache: Service<CacheSettings>;
    readonly sessions: Service<CacheSettings>;
}

export type Role = "frontend" | "admin";

/** Maximum concurrent requests of the administration. */
export const adminChildren = 5;

/** Maximum concurrent requests of one pod's PHP. */
export const childrenOf = ({ php }: OpenMageConfig, role: Role): number =>
    role === "admin" ? adminChildren : php.maxChildren;

/** Page timeouts in seconds. The administration needs longer for imports and exports. */
export const pageSeconds: Readonly<Record<Role, number>> = { frontend: 60, admin: 600 };

/** Any date tells OpenMage that it is installed; a fixed one keeps the file the same in every run. */
const installDate = "Thu, 01 Jan 2026 00:00:00 +0000";

/** Final names of the files that the pods read, by role. */
export interface Files {
    readonly scripts: string;
    readonly nginx: Readonly<Record<Role, string>>;
    readonly php: Readonly<Record<Role, string>>;
    /** A file in a Secret, the same for all pods, because they share its contents through the cache. */
    readonly localXml: SecretRef;
}

/** Declares the files of a shop: connections and keys in a Secret, everything else in ConfigMaps. */
export function declareFiles(
    instance: OpenMageInstance,
    settings: OpenMageConfig,
    servers: Servers,
    cryptKey: Value<string>,
): Files {
    const both = (file: (role: Role) => string) => ({ frontend: file("frontend"), admin: file("admin") });
    return {
        scripts: instance.add(instance.owner, "ConfigMap", "scripts", { data: scripts }),
        nginx: both((role) => declareNginx(instance, settings, servers, role)),
        php: both((role) => declarePhp(instance, settings, servers, role)),
        localXml: declareLocalXml(instance, settings, servers, cryptKey),
    };
}

/** Whether nginx and PHP of a tier are in separate pods. */
export const isApart = ({ webPods }: OpenMageConfig, role: Role): boolean =>
    webPods === "separate" && role === "frontend";

/** Whether nginx exposes the metrics of PHP in the same pod. Through a Service, they would alternate between pods. */
export const hasMetrics = (instance: OpenMageInstance, settings: OpenMageConfig, role: Role): boolean =>
    instance.cluster.monitoringNamespace !== undefined && !isApart(settings, role);

function declareNginx(
    instance: OpenMageInstance,
    settings: OpenMageConfig,
    { database, readDatabase }: Servers,
    role: Role,
): string {
    const { adminPath, http, nginx, stores, api } = settings;
    const file = nginxConf({
        role,
        adminPath,
        php: isApart(settings, role) ? instance.host("frontend-php") : "127.0.0.1",
        maxBody: http.maxBody,
        bodies: childrenOf(settings, role),
        timeoutSeconds: pageSeconds[role],
        extra: nginx.server,
        stores: Object.fromEntries(stores.map(({ host, code, type }) => [host, { code, type }])),
        metrics: hasMetrics(instance, settings, role),
        api,
        // Administrators must see their own changes at once.
        ...(role === "frontend" && readDatabase !== database ? { replicas: { lagSeconds: lagSeconds(settings) } } : {}),
    });
    return instance.add(instance.owner, "ConfigMap", `${role}-nginx`, { data: { "nginx.conf": file } });
}

/** Maximum lag in seconds of a page from a replica; that of an external replica is unknown. */
const lagSeconds = ({ database }: OpenMageConfig): number =>
    database.topology === "replicated" ? database.maxLagSeconds : 10;

function declarePhp(
    instance: OpenMageInstance,
    settings: OpenMageConfig,
    { database, cache, sessions }: Servers,
    role: Role,
): string {
    const { memoryLimit, uploadLimit, settings: extra, pool } = settings.php;
    const timeoutSeconds = pageSeconds[role];
    const data = {
        "php-fpm.conf": fpmConf({
            maxChildren: childrenOf(settings, role),
            timeoutSeconds,
            listen: isApart(settings, role) ? "cluster" : "pod",
            extra: pool,
        }),
        "openmage.ini": phpIni({
            ...{ memoryLimit, uploadLimit, timeoutSeconds, extra },
            authorities: authoritiesFor(instance, [database, cache, sessions]),
        }),
        ...(settings.mail ? { msmtprc: msmtprc(settings.mail, authoritiesFor(instance)) } : {}),
    };
    return instance.add(instance.owner, "ConfigMap", `${role}-php-files`, { data });
}

function declareLocalXml(
    instance: OpenMageInstance,
    settings: OpenMageConfig,
    { database, readDatabase, cache, sessions }: Servers,
    cryptKey: Value<string>,
): SecretRef {
    const password = ({ settings: { password } }: Service<CacheSettings>) => instance.valueOf(password);
    const address = ({ host, ports }: Service) => ({ host, port: Object.values(ports)[0]! });
    // OpenMage's client takes a scheme before the host.
    const redis = (service: Service) => ({
        ...address(service),
        ...(service.tls ? { host: `tls://${service.host}` } : {}),
    });
    const file = Value.all([cryptKey, password(database), password(cache), password(sessions)]).map(
        ([key, ofDatabase, ofCache, ofSessions]) =>
            localXml({
                cryptKey: key,
                adminPath: settings.adminPath,
                database: {
                    ...address(database),
                    name: database.settings.name,
                    user: database.settings.user,
                    password: ofDatabase,
                    prefix: settings.tablePrefix ?? "",
                },
                ...(readDatabase === database ? {} : { read: address(readDatabase) }),
                cache: { ...redis(cache), password: ofCache, prefix: cachePrefix(instance, settings) },
                sessions: { ...redis(sessions), password: ofSessions },
                installDate,
            }),
    );
    return instance.secret(instance.owner, "local-xml", { "local.xml": file })["local.xml"];
}

/**
 * Prefix of all cache keys. It differs for each release and each system configuration, so that old and new pods of a
 * rollout never share keys, and for each shop on a shared server.
 */
function cachePrefix(instance: OpenMageInstance, settings: OpenMageConfig): string {
    const { project, stack } = instance.stack.config;
    const code = instance.image(images["openmage-php"]).reference;
    return contentHash([identityOf(project, stack, instance.namespace), code, systemConfigEnv(settings)]);
}
