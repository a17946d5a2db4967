import { type Ini, ini, value } from "../components/languages/phpIni";
import { linesOf } from "../components/languages/text";
import { mib } from "../components/scratch";
import { mebibytesFor } from "../config/quantity";

export interface PoolArgs {
    /** Maximum concurrent requests. */
    readonly maxChildren: number;
    /** Seconds after which a request is terminated. */
    readonly timeoutSeconds: number;
    /** Addresses of the listeners, for requests and for PHP's status. */
    readonly listen: { readonly requests: string; readonly state: string };
    /** Further lines of the pool. */
    readonly lines: readonly Ini[];
}

/** Seconds for running requests when the pod stops: the page timeout of a shop. */
export const stopSeconds = 60;

/** The complete php-fpm.conf: one pool, with PHP's status on a separate listener. */
export function poolFile({ maxChildren, timeoutSeconds, listen, lines }: PoolArgs): Ini {
    const spare = Math.min(maxChildren, Math.max(1, Math.ceil(maxChildren / 4)));
    return ini`[global]
daemonize = no
error_log = /proc/self/fd/2
log_limit = 8192
; The default lets SIGQUIT kill requests at once.
process_control_timeout = ${stopSeconds}s

[www]
listen = ${value(listen.requests)}
pm = dynamic
pm.max_children = ${maxChildren}
pm.start_servers = ${spare}
pm.min_spare_servers = ${spare}
pm.max_spare_servers = ${Math.min(maxChildren, spare * 2)}
pm.max_requests = 1000
pm.status_listen = ${value(listen.state)}
pm.status_path = /fpm-status
ping.path = /fpm-ping
request_terminate_timeout = ${timeoutSeconds}s
${linesOf(lines)}catch_workers_output = yes
decorate_workers_output = no
`;
}

export interface IniArgs {
    /** Memory limit of one request. */
    readonly memoryLimit: string;
    /** Largest file that may be uploaded. */
    readonly uploadLimit: string;
    /** Page timeout in seconds. */
    readonly timeoutSeconds: number;
    /** Certificates of the authorities by which servers are known. @default the image's */
    readonly authorities?: string | undefined;
}

/** Mebibytes for compiled code, shared by all requests of a pod. */
export const opcacheMebibytes = 128;

/** Settings that override PHP's defaults, for web pods, Tasks and cron. */
export function iniSettings({
    memoryLimit,
    uploadLimit,
    timeoutSeconds,
    authorities,
}: IniArgs): Record<string, string> {
    const upload = mebibytesFor(uploadLimit);
    return {
        memory_limit: `${mebibytesFor(memoryLimit)}M`,
        upload_max_filesize: `${upload}M`,
        post_max_size: `${upload + formSpace}M`,
        file_uploads: "On",
        max_execution_time: String(timeoutSeconds),
        max_input_vars: "10000",
        allow_url_fopen: "On",
        expose_php: "Off",
        display_errors: "Off",
        log_errors: "On",
        // Stack traces in the log would contain passwords among the arguments.
        "zend.exception_ignore_args": "On",
        "zend.exception_string_param_max_len": "0",
        "session.auto_start": "Off",
        "date.timezone": "UTC",
        sys_temp_dir: "/tmp",
        upload_tmp_dir: "/tmp",
        realpath_cache_size: "4096K",
        // Of its own streams, and of its curl.
        ...(authorities === undefined ? {} : { "openssl.cafile": authorities }),
        "opcache.memory_consumption": String(opcacheMebibytes),
        "opcache.interned_strings_buffer": "16",
        "opcache.max_accelerated_files": "20000",
    };
}

/** MiB by which a form may exceed the file in it. */
const formSpace = 8;

/**
 * Size of /tmp of a php-fpm container: PHP keeps each upload there during its request, and a form has at most
 * `post_max_size`; pages may also write there, for example a resized picture.
 */
export const poolTemp = (maxChildren: number, uploadLimit: string): string =>
    mib(maxChildren * (mebibytesFor(uploadLimit) + formSpace) + 64);

/** Size of /tmp of a container that runs one script, without uploads. */
export const scriptTemp = "256Mi";

/**
 * Memory of a php-fpm container: the usual usage of every child, one of them at the limit, the shared code and the
 * master process. Room for `memory_limit` in every child would remain unused.
 *
 * @param usual mebibytes that a child needs for most pages
 * @param shared mebibytes of compiled code
 */
export function poolMemory(maxChildren: number, memoryLimit: string, usual: number, shared = opcacheMebibytes): string {
    const master = 48;
    const largest = Math.max(usual, mebibytesFor(memoryLimit));
    return `${(maxChildren - 1) * usual + largest + shared + master}Mi`;
}
