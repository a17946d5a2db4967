import { createHash } from "node:crypto";
import type { Text } from "../../components/languages/text";
import { type Tree, xmlFile } from "../../components/languages/xml";

export interface LocalXmlArgs {
    /** Key with which OpenMage encrypts data in the database. It must never change. */
    readonly cryptKey: string;
    /** First path segment of the administration's URLs. */
    readonly adminPath: string;
    readonly database: {
        readonly host: string;
        readonly port: number;
        readonly name: string;
        readonly user: string;
        readonly password: string;
        /** Prefix of all table names; may be empty. */
        readonly prefix: string;
    };
    /**
     * Replicas, with the account of the database. They are used if the environment contains `OPENMAGE_READS=replica`.
     * @default none
     */
    readonly read?: { readonly host: string; readonly port: number };
    readonly cache: {
        readonly host: string;
        readonly port: number;
        readonly password: string;
        /**
         * Prefix of all keys, which identifies shop and release. Old and new pods must not share the cache, because it
         * contains the merged configuration of the code.
         */
        readonly prefix: string;
    };
    /** A separate server, because a cache evicts and is emptied. */
    readonly sessions: { readonly host: string; readonly port: number; readonly password: string };
    /** Any date. Its presence tells OpenMage that it is installed. */
    readonly installDate: string;
}

/**
 * app/etc/local.xml, the same for all pods of a shop.
 *
 * It must be the same, because OpenMage keeps it in the cache, merged with all other configuration, and does not read
 * the file if the cache is filled. So settings that differ between pods are passed in the environment, and the cache's
 * prefix changes with the content: otherwise a new password would be ignored.
 *
 * Schema scripts only run in a Task, never during a request.
 *
 * Nodes: https://github.com/OpenMage/magento-lts/blob/v20.18.0/app/etc/local.xml.additional
 */
export function localXml(args: LocalXmlArgs): Text<"xml"> {
    const text = (prefix: string) => xmlFile("config", content({ ...args, cache: { ...args.cache, prefix } }));
    const digest = createHash("sha256").update(text(args.cache.prefix)).digest("hex").slice(0, 8);
    return text(`${args.cache.prefix.replaceAll(/[^A-Za-z0-9_]/g, "_")}_${digest}_`);
}

function content({ cryptKey, adminPath, database, read, cache, sessions, installDate }: LocalXmlArgs): Tree {
    const connection = (server: { readonly host: string; readonly port: number }): Tree => ({
        host: `${server.host}:${server.port}`,
        username: database.user,
        password: database.password,
        dbname: database.name,
        initStatements: "SET NAMES utf8",
        model: "mysql4",
        type: "pdo_mysql",
        pdoType: "",
        active: 1,
    });
    return {
        global: {
            install: { date: installDate },
            crypt: { key: cryptKey },
            disable_local_modules: "false",
            skip_process_modules_updates: 1,
            skip_process_modules_updates_ignore_dev_mode: 1,
            resources: {
                db: { table_prefix: database.prefix },
                default_setup: { connection: connection(database) },
                // Without the empty element, OpenMage's own config.xml would send all reads to default_setup.
                ...(read ? { default_read: { connection: { use: "", ...connection(read) } } } : {}),
            },
            session_save: "redis",
            redis_session: {
                host: sessions.host,
                port: sessions.port,
                password: sessions.password,
                db: 0,
                timeout: "2.5",
                compression_threshold: 2048,
                // Maximum number of waiting requests of one client.
                max_concurrency: 20,
                log_level: 4,
            },
            cache: {
                backend: "PlinthCache",
                prefix: cache.prefix,
                backend_options: {
                    server: cache.host,
                    port: cache.port,
                    password: cache.password,
                    database: 0,
                    compress_data: 1,
                    // Seconds, of each of the attempts: a server that is gone is given up after 4.5.
                    timeout: "1.5",
                    connect_retries: 2,
                    read_timeout: 5,
                    use_lua: 1,
                    // Expiry in seconds for keys without a lifetime: those with old prefixes would otherwise stay
                    // forever.
                    auto_expire_lifetime: 7 * 24 * 3600,
                    auto_expire_pattern: "/./",
                },
            },
            // Plinth's own classes, found through include_path, like the cache's backend.
            models: { core: { rewrite: { resource: "PlinthResource" } } },
            log: { core: { writer_model: "PlinthLog" } },
            events: {
                mage_run_installed_exception: {
                    // For developers; it fails without a database, so that visitors would see an empty page.
                    observers: { mm_ignition: { type: "disabled" } },
                },
            },
        },
        admin: { routers: { adminhtml: { args: { frontName: adminPath } } } },
        // Defaults for the administration's settings.
        default: {
            // OpenMage's default would only log emergencies; 7 logs everything.
            dev: { log: { active: 1, max_level: 7 } },
            web: { seo: { use_rewrites: 1 }, session: { use_frontend_sid: 0 } },
        },
    };
}
