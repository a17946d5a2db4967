import { mebibytes, mebibytesFor } from "../../config/quantity";
import { type Ini, ini, iniFile, userLine } from "../../components/languages/phpIni";
import { type IniArgs as CommonIniArgs, iniSettings, poolFile, poolMemory } from "../php";
import { paths, ports } from "./paths";

export { stopSeconds } from "../php";

export interface PoolArgs {
    /** Maximum concurrent requests. */
    readonly maxChildren: number;
    /** Seconds after which a request is terminated. */
    readonly timeoutSeconds: number;
    /** `pod`: for nginx in the same pod; `cluster`: for nginx in separate pods. */
    readonly listen: "pod" | "cluster";
    /** The user's additional lines of the pool. @default none */
    readonly extra?: readonly string[];
}

/** The complete php-fpm.conf: one pool. */
export function fpmConf({ listen, extra = [], ...args }: PoolArgs): Ini {
    const host = listen === "pod" ? "127.0.0.1:" : "";
    return poolFile({
        ...args,
        listen: { requests: `${host}${ports.php}`, state: `${host}${ports.phpStatus}` },
        lines: [
            ini`; Settings of OpenMage's may come from the environment.`,
            ini`clear_env = no`,
            ...extra.map(userLine),
        ],
    });
}

export interface IniArgs extends CommonIniArgs {
    /** The user's settings, with priority. */
    readonly extra: Readonly<Record<string, string>>;
}

/** Mebibytes for compiled code: OpenMage and its libraries have more than ten thousand files. */
const opcache = 256;

/** Settings that override PHP's defaults, for web pods, Tasks and cron. */
export const phpIni = ({ extra, ...args }: IniArgs): Ini =>
    iniFile({
        ...iniSettings(args),
        // Includes the environment, for OPENMAGE_CONFIG__… variables.
        variables_order: "EGPCS",
        include_path: `.:${paths.scripts}`,
        "session.gc_probability": "0",
        "opcache.memory_consumption": String(opcache),
        "opcache.max_accelerated_files": "50000",
        "opcache.validate_timestamps": "0",
        sendmail_path: `/usr/bin/msmtp -t -C ${paths.php}/msmtprc`,
        ...extra,
    });

/** Memory of a php-fpm container; a worker needs 60 to 120 MiB with OpenMage. */
export const phpMemory = (maxChildren: number, memoryLimit: string): string =>
    poolMemory(maxChildren, memoryLimit, 80, opcache);

/**
 * Memory of a container that runs one script: the usual amount, or PHP's memory limit plus PHP itself if that is more.
 */
export function scriptMemory(usual: string, memoryLimit: string): string {
    const largest = mebibytesFor(memoryLimit) + 128;
    return mebibytes(usual) < largest ? `${largest}Mi` : usual;
}
