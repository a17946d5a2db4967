import { type Ini, ini, iniFile, value } from "../../components/languages/phpIni";
import { type IniArgs as CommonIniArgs, iniSettings, poolFile, poolMemory } from "../php";
import { paths, ports } from "./paths";

export { stopSeconds } from "../php";

export interface PoolArgs {
    /** Maximum concurrent requests. */
    readonly maxChildren: number;
    /** Seconds after which a request is terminated. */
    readonly timeoutSeconds: number;
}

/** The complete php-fpm.conf: one pool on loopback. */
export const fpmConf = (args: PoolArgs): Ini =>
    poolFile({
        ...args,
        listen: { requests: `127.0.0.1:${ports.php}`, state: `127.0.0.1:${ports.phpStatus}` },
        lines: [
            ini`; config.php reads the environment.`,
            ini`clear_env = no`,
            ini`php_admin_value[auto_prepend_file] = ${value(`${paths.php}/guard.php`)}`,
        ],
    });

export interface IniArgs extends CommonIniArgs {
    /** Whether code can change while PHP runs, such as extensions on a volume. */
    readonly mutableCode: boolean;
    /** Whether the database is reached with TLS. @default false */
    readonly secureDatabase?: boolean;
}

/** Settings that override PHP's defaults, for web pods, Tasks and cron. */
export const phpIni = ({ mutableCode, secureDatabase, ...args }: IniArgs): Ini =>
    iniFile({
        ...iniSettings(args),
        "opcache.validate_timestamps": mutableCode ? "1" : "0",
        // The pool has a file of its own, which begins with this one.
        ...(secureDatabase ? { auto_prepend_file: `${paths.php}/database.php` } : {}),
    });

/** Memory of a php-fpm container; a worker needs 40 to 100 MiB with OpenCart. */
export const phpMemory = (maxChildren: number, memoryLimit: string): string => poolMemory(maxChildren, memoryLimit, 64);
