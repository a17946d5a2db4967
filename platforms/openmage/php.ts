import { mebibytes, mebibytesFor } from "../../config/quantity";
import { type Ini, ini, iniFile, userLine } from "../../components/languages/phpIni";
import { type IniArgs as CommonIniArgs, iniSettings, poolFile, poolMemory } from "../php";
import { paths, ports } from "./paths";

export { stopSeconds } from "../php";

export interface PoolArgs {
    /** Requests worked on at a time. */
    readonly maxChildren: number;
    /** Seconds after which a request is ended. */
    readonly timeoutSeconds: number;
    /** `pod`: for nginx in the same pod; `cluster`: for nginx in pods of its own. */
    readonly listen: "pod" | "cluster";
    /** The user's own lines of the pool. @default none */
    readonly extra?: readonly string[];
}

/** The whole php-fpm.conf: one pool. */
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
    /** The user's own settings; they win. */
    readonly extra: Readonly<Record<string, string>>;
}

/** Mebibytes of compiled code: OpenMage with its libraries is ten thousand files and more. */
const opcache = 256;

/** Settings over PHP's own defaults, for web pods, Tasks and cron alike. */
export const phpIni = ({ extra, ...args }: IniArgs): Ini =>
    iniFile({
        ...iniSettings(args),
        // The environment is part of it, for OPENMAGE_CONFIG__… variables.
        variables_order: "EGPCS",
        include_path: `.:${paths.scripts}`,
        "session.gc_probability": "0",
        "opcache.memory_consumption": String(opcache),
        "opcache.max_accelerated_files": "50000",
        "opcache.validate_timestamps": "0",
        sendmail_path: `/usr/bin/msmtp -t -C ${paths.php}/msmtprc`,
        ...extra,
    });

/** Memory of a php-fpm container; a worker takes 60 to 120 MiB with OpenMage. */
export const phpMemory = (maxChildren: number, memoryLimit: string): string =>
    poolMemory(maxChildren, memoryLimit, 80, opcache);

/** Memory of a container that runs one script: its own, or more where PHP may take more, with PHP itself. */
export function scriptMemory(usual: string, memoryLimit: string): string {
    const largest = mebibytesFor(memoryLimit) + 128;
    return mebibytes(usual) < largest ? `${largest}Mi` : usual;
}
