import { paths } from "./paths";

export interface ConfigPhpArgs {
    readonly application: "Catalog" | "Admin";
    readonly adminPath: string;
}

/**
 * config.php of the shop or the administration: constant text that reads the environment, so that no password is in
 * a file and all pods have the same one.
 */
export function configPhp({ application, adminPath }: ConfigPhpArgs): string {
    const admin = application === "Admin";
    const constants: [string, string][] = [
        ["APPLICATION", `'${application}'`],
        ...(admin
            ? ([
                  ["HTTP_SERVER", "getenv('ADMIN_URL') . '/'"],
                  ["HTTP_CATALOG", "getenv('SHOP_URL') . '/'"],
              ] as [string, string][])
            : ([["HTTP_SERVER", "getenv('SHOP_URL') . '/'"]] as [string, string][])),
        ["DIR_OPENCART", `'${paths.root}/'`],
        ["DIR_APPLICATION", `DIR_OPENCART . '${admin ? adminPath : "catalog"}/'`],
        ...(admin ? ([["DIR_CATALOG", "DIR_OPENCART . 'catalog/'"]] as [string, string][]) : []),
        ["DIR_SYSTEM", "DIR_OPENCART . 'system/'"],
        ["DIR_EXTENSION", "DIR_OPENCART . 'extension/'"],
        ["DIR_IMAGE", "DIR_OPENCART . 'image/'"],
        ["DIR_STORAGE", `'${paths.storage}/'`],
        ["DIR_LANGUAGE", "DIR_APPLICATION . 'language/'"],
        ["DIR_TEMPLATE", "DIR_APPLICATION . 'view/template/'"],
        ["DIR_CONFIG", "DIR_SYSTEM . 'config/'"],
        ...["cache", "download", "logs", "session", "upload"].map((name): [string, string] => [
            `DIR_${name.toUpperCase()}`,
            `DIR_STORAGE . '${name}/'`,
        ]),
        ["DB_DRIVER", "'mysqli'"],
        ...["DB_HOSTNAME", "DB_USERNAME", "DB_PASSWORD", "DB_DATABASE", "DB_PORT", "DB_PREFIX"].map(fromEnvironment),
        // Sessions stay in the database: OpenCart empties its whole cache server when it clears the cache.
        ["CACHE_ENGINE", "'redis'"],
        ...["CACHE_HOSTNAME", "CACHE_PORT", "CACHE_PASSWORD", "CACHE_PREFIX"].map(fromEnvironment),
        ...(admin ? ([["OPENCART_SERVER", "'https://www.opencart.com/'"]] as [string, string][]) : []),
    ];
    return `<?php\n${constants.map(([name, value]) => `define('${name}', ${value});\n`).join("")}`;
}

const fromEnvironment = (name: string): [string, string] => [name, `(string)getenv('${name}')`];
