import { tlsEnv } from "../../components/authorities";
import type { CacheSettings } from "../../components/cache";
import type { DatabaseSettings } from "../../components/database";
import type { Edge, SecretRef, Service, Setting } from "../../components/graph";
import type { OpenCartConfig } from "./config";
import { paths } from "./paths";

/** What every container with the shop's code knows. */
export const commonEnv = (namespace: string): Record<string, string> => ({
    DB_PREFIX: "oc_",
    // Several shops may use one external server.
    CACHE_PREFIX: `${namespace}.`,
    OPENCART_HOME: paths.opencart,
    OPENCART_ROOT: paths.root,
    OPENCART_STORAGE: paths.storage,
    // Adds our directory to PHP's own.
    PHP_INI_SCAN_DIR: `:${paths.php}`,
});

/** The mail server, as `settings.php` writes it into the shop's settings; nothing without a server or its password. */
export function mailEnv(
    mail: OpenCartConfig["mail"],
    password: SecretRef | undefined,
): Record<string, Setting | number> {
    if (!mail || !password) return {};
    const prefix = { off: "", starttls: "tls://", tls: "ssl://" } as const;
    return {
        MAIL_HOST: `${prefix[mail.encryption]}${mail.host}`,
        MAIL_PORT: mail.port,
        MAIL_USERNAME: mail.username,
        MAIL_PASSWORD: password,
        MAIL_TIMEOUT: mail.timeoutSeconds,
    };
}

/** The way to the database, with the variables of `config.php` and of the scripts. */
export function databaseEdge(database: Service<DatabaseSettings>): Edge {
    const edge = database.bind({
        DB_HOSTNAME: "host",
        DB_PORT: "port",
        DB_DATABASE: "name",
        DB_USERNAME: "user",
        DB_PASSWORD: "password",
    });
    return { ...edge, env: { ...edge.env, ...tlsEnv(database, "DB_TLS_CA") } };
}

/** The way to the cache. PHP's client takes a scheme before the host. */
export function cacheEdge(cache: Service<CacheSettings>): Edge {
    const edge = cache.bind({ CACHE_HOSTNAME: "host", CACHE_PORT: "port", CACHE_PASSWORD: "password" });
    return cache.tls ? { ...edge, env: { ...edge.env, CACHE_HOSTNAME: `tls://${cache.host}` } } : edge;
}
