import { literal, php, type Php } from "../../components/languages/php";
import { linesOf } from "../../components/languages/text";
import { paths } from "./paths";

export interface ConfigPhpArgs {
    readonly application: "Catalog" | "Admin";
    readonly adminPath: string;
}

/**
 * config.php of the shop or the administration: constant text that reads the environment, so that it contains no
 * passwords and is the same in all pods.
 */
export function configPhp({ application, adminPath }: ConfigPhpArgs): Php {
    const admin = application === "Admin";
    const constants: [string, Php][] = [
        ["APPLICATION", literal(application)],
        ...(admin
            ? ([
                  ["HTTP_SERVER", php`getenv('ADMIN_URL') . '/'`],
                  ["HTTP_CATALOG", php`getenv('SHOP_URL') . '/'`],
              ] as [string, Php][])
            : ([["HTTP_SERVER", php`getenv('SHOP_URL') . '/'`]] as [string, Php][])),
        ["DIR_OPENCART", literal(`${paths.root}/`)],
        ["DIR_APPLICATION", php`DIR_OPENCART . ${literal(`${admin ? adminPath : "catalog"}/`)}`],
        ...(admin ? ([["DIR_CATALOG", php`DIR_OPENCART . 'catalog/'`]] as [string, Php][]) : []),
        ["DIR_SYSTEM", php`DIR_OPENCART . 'system/'`],
        ["DIR_EXTENSION", php`DIR_OPENCART . 'extension/'`],
        ["DIR_IMAGE", php`DIR_OPENCART . 'image/'`],
        ["DIR_STORAGE", literal(`${paths.storage}/`)],
        ["DIR_LANGUAGE", php`DIR_APPLICATION . 'language/'`],
        ["DIR_TEMPLATE", php`DIR_APPLICATION . 'view/template/'`],
        ["DIR_CONFIG", php`DIR_SYSTEM . 'config/'`],
        ...["cache", "download", "logs", "session", "upload"].map((name): [string, Php] => [
            `DIR_${name.toUpperCase()}`,
            php`DIR_STORAGE . ${literal(`${name}/`)}`,
        ]),
        ["DB_DRIVER", php`'mysqli'`],
        ...["DB_HOSTNAME", "DB_USERNAME", "DB_PASSWORD", "DB_DATABASE", "DB_PORT", "DB_PREFIX"].map(fromEnvironment),
        // Sessions are kept in the database, because OpenCart empties its whole cache server when it clears the cache.
        ["CACHE_ENGINE", php`'redis'`],
        ...["CACHE_HOSTNAME", "CACHE_PORT", "CACHE_PASSWORD", "CACHE_PREFIX"].map(fromEnvironment),
        ...(admin ? ([["OPENCART_SERVER", php`'https://www.opencart.com/'`]] as [string, Php][]) : []),
    ];
    return php`<?php\n${linesOf(constants.map(([name, value]) => php`define(${literal(name)}, ${value});`))}`;
}

const fromEnvironment = (name: string): [string, Php] => [name, php`(string)getenv(${literal(name)})`];
