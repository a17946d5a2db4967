import { authoritiesFile } from "../../../components/authorities";
import type { Json } from "../../../components/languages/python";
import type { MongoDb, Redis, Services, Settings } from "./facts";

/**
 * Seconds until a server that does not answer counts as gone. The library itself waits for as long as a connection
 * lasts in which nobody greets: pages took 23 s, during which no process was left for others.
 */
const connectSeconds = 5;

export const mysqlDatabase = ({ mysql }: Services): Settings => ({
    ENGINE: "django.db.backends.mysql",
    HOST: mysql.host,
    PORT: mysql.port,
    NAME: mysql.name,
    USER: mysql.user,
    PASSWORD: mysql.password,
    ATOMIC_REQUESTS: true,
    OPTIONS: {
        init_command: "SET sql_mode='STRICT_TRANS_TABLES'",
        charset: "utf8mb4",
        connect_timeout: connectSeconds,
        // With less, the library accepts a certificate of any other host.
        ...(mysql.tls
            ? { ssl_mode: mysql.anyName ? "VERIFY_CA" : "VERIFY_IDENTITY", ssl: { ca: authoritiesFile } }
            : {}),
    },
});

/** How the course store and the asset store connect. Django does not wait for the server when it starts. */
export const documentStore = (mongodb: MongoDb): Settings => ({
    db: mongodb.name,
    host: hosts(mongodb),
    port: mongodb.port,
    user: mongodb.user ?? null,
    password: mongodb.password ?? null,
    connect: false,
    ssl: mongodb.tls,
    authsource: mongodb.authSource,
    replicaSet: mongodb.replicaSet ?? null,
    ...(mongodb.authMechanism === undefined ? {} : { authMechanism: mongodb.authMechanism }),
});

/** The same for the forum, which hands all of it to the driver. */
export const forumClient = (mongodb: MongoDb): Settings => ({
    host: hosts(mongodb),
    port: mongodb.port,
    ssl: mongodb.tls,
    authSource: mongodb.authSource,
    ...(mongodb.user === undefined ? {} : { username: mongodb.user }),
    ...(mongodb.password === undefined ? {} : { password: mongodb.password }),
    ...(mongodb.replicaSet === undefined ? {} : { replicaSet: mongodb.replicaSet }),
    ...(mongodb.authMechanism === undefined ? {} : { authMechanism: mongodb.authMechanism }),
});

const hosts = ({ hosts: all }: MongoDb): Json => (all.length === 1 ? all[0] : all);

/** A part of a URL, with any character. Unlike encodeURIComponent, this leaves no sign that URLs give a meaning. */
export const encoded = (part: string): string =>
    encodeURIComponent(part).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

/** https://redis.readthedocs.io/en/stable/connections.html#redis.Redis.from_url */
export function redisUrl({ host, port, database, user, password, tls, anyName }: Redis): string {
    const account =
        user === undefined && password === undefined ? "" : `${encoded(user ?? "")}:${encoded(password ?? "")}@`;
    return `${tls ? "rediss" : "redis"}://${account}${host}:${port}/${database}${anyName ? "?ssl_check_hostname=false" : ""}`;
}

/** Seconds until a server that does not answer counts as gone. Without them, it stops all of the web processes. */
const timeouts = { SOCKET_CONNECT_TIMEOUT: 2, SOCKET_TIMEOUT: 5 };

/** All caches but that of static files, which is in each process. */
export function caches(cache: Redis): Settings {
    const one = (prefix: string, more: Settings = {}): Json => ({
        BACKEND: "django_redis.cache.RedisCache",
        LOCATION: redisUrl(cache),
        KEY_PREFIX: prefix,
        OPTIONS: {
            ...timeouts,
            ...(cache.tls ? { CONNECTION_POOL_KWARGS: redisTls(cache) } : {}),
        },
        ...more,
    });
    return {
        default: one("default", { VERSION: "1" }),
        general: one("general"),
        mongo_metadata_inheritance: one("mongo_metadata_inheritance", { TIMEOUT: 300 }),
        configuration: one("configuration"),
        celery: one("celery", { TIMEOUT: 7200 }),
        course_structure_cache: one("course_structure", { TIMEOUT: 604_800 }),
        "ora2-storage": one("ora2-storage"),
    };
}

/** Redis' certificate is valid, and names the host, which older clients do not check of their own accord. */
const redisTls = ({ anyName = false }: Pick<Redis, "anyName">): Settings => ({
    ssl_ca_certs: authoritiesFile,
    ssl_check_hostname: !anyName,
});

/** The same for Celery. */
export const brokerTls = (broker: Pick<Redis, "anyName">): Settings => ({
    ssl_cert_reqs: "required",
    ...redisTls(broker),
});

/** Celery's broker. Open edX puts the parts into a URL as they are. */
export const celeryBroker = (broker: Redis): Settings => ({
    CELERY_BROKER_TRANSPORT: broker.tls ? "rediss" : "redis",
    CELERY_BROKER_HOSTNAME: `${broker.host}:${broker.port}`,
    CELERY_BROKER_VHOST: String(broker.database),
    CELERY_BROKER_USER: encoded(broker.user ?? ""),
    CELERY_BROKER_PASSWORD: encoded(broker.password ?? ""),
    CELERY_BROKER_TRANSPORT_OPTIONS: {
        socket_connect_timeout: timeouts.SOCKET_CONNECT_TIMEOUT,
        socket_timeout: timeouts.SOCKET_TIMEOUT,
    },
});
