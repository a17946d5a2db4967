import type { Text } from "../../components/languages/text";
import type { OpenCartConfig } from "./config";
import { nginxConf } from "./nginx";
import { fpmConf, type IniArgs, phpIni } from "./php";
import { scripts } from "./scripts";

/** What a web pod is for. */
export type Role = "frontend" | "admin";

interface Limits {
    /** Requests that PHP works on at a time. */
    readonly maxChildren: number;
    /** Seconds that a page may take. */
    readonly timeoutSeconds: number;
    readonly tls: Pick<IniArgs, "authorities" | "secureDatabase">;
}

/** The configuration of a web pod's nginx and PHP, by file name. */
export function webFiles(
    role: Role,
    { adminPath, php, extensions, http: { maxBody } }: OpenCartConfig,
    { maxChildren, timeoutSeconds, tls }: Limits,
): { nginx: Readonly<Record<string, Text>>; php: Readonly<Record<string, Text>> } {
    return {
        nginx: { "nginx.conf": nginxConf({ role, adminPath, maxBody, bodies: maxChildren, timeoutSeconds }) },
        php: {
            "php-fpm.conf": fpmConf({ maxChildren, timeoutSeconds }),
            "opencart.ini": phpIni({ ...php, ...tls, timeoutSeconds, mutableCode: extensions === "shared" }),
            "guard.php": scripts["guard.php"],
            "database.php": scripts["database.php"],
        },
    };
}
