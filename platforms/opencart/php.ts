import { mebibytesFor } from "../../config/quantity";
import { paths, ports } from "./paths";

export interface PoolArgs {
    /** Requests worked on at a time. */
    readonly maxChildren: number;
    /** Seconds after which a request is ended. */
    readonly timeoutSeconds: number;
}

/** Seconds that running requests get when the pod stops. */
export const stopSeconds = 30;

/** The whole php-fpm.conf: one pool on loopback, and PHP's state on a listener of its own. */
export function fpmConf({ maxChildren, timeoutSeconds }: PoolArgs): string {
    const spare = Math.min(maxChildren, Math.max(1, Math.ceil(maxChildren / 4)));
    return `[global]
daemonize = no
error_log = /proc/self/fd/2
log_limit = 8192
; The default lets SIGQUIT kill requests at once.
process_control_timeout = ${stopSeconds}s

[www]
listen = 127.0.0.1:${ports.php}
pm = dynamic
pm.max_children = ${maxChildren}
pm.start_servers = ${spare}
pm.min_spare_servers = ${spare}
pm.max_spare_servers = ${Math.min(maxChildren, spare * 2)}
pm.max_requests = 1000
pm.status_listen = 127.0.0.1:${ports.phpStatus}
pm.status_path = /fpm-status
ping.path = /fpm-ping
request_terminate_timeout = ${timeoutSeconds}s
; config.php reads the environment.
clear_env = no
php_admin_value[auto_prepend_file] = ${paths.php}/guard.php
catch_workers_output = yes
decorate_workers_output = no
`;
}

export interface IniArgs {
    /** Largest memory of one request. */
    readonly memoryLimit: string;
    /** Largest file that may be uploaded. */
    readonly uploadLimit: string;
    /** Seconds that a page may take. */
    readonly timeoutSeconds: number;
    /** Whether code can change while PHP runs, as extensions on a volume do. */
    readonly mutableCode: boolean;
}

/** Mebibytes of compiled code that all requests of a pod share. */
const opcacheMebibytes = 128;

/** Settings over PHP's own defaults, for web pods, Tasks and cron alike. */
export function phpIni({ memoryLimit, uploadLimit, timeoutSeconds, mutableCode }: IniArgs): string {
    const upload = mebibytesFor(uploadLimit);
    return `memory_limit = ${mebibytesFor(memoryLimit)}M
upload_max_filesize = ${upload}M
post_max_size = ${upload + 8}M
file_uploads = On
max_execution_time = ${timeoutSeconds}
max_input_vars = 10000
allow_url_fopen = On
expose_php = Off
display_errors = Off
log_errors = On
session.auto_start = Off
date.timezone = UTC
sys_temp_dir = /tmp
upload_tmp_dir = /tmp
realpath_cache_size = 4096K
opcache.memory_consumption = ${opcacheMebibytes}
opcache.interned_strings_buffer = 16
opcache.max_accelerated_files = 20000
opcache.validate_timestamps = ${mutableCode ? 1 : 0}
`;
}

/**
 * Memory of a php-fpm container: every child at what a page usually takes, one of them at the limit, the shared code
 * and the master.
 *
 * A worker takes 40 to 100 MiB with OpenCart; a limit for all of them at `memory_limit` would stay empty.
 */
export function phpMemory(maxChildren: number, memoryLimit: string): string {
    const usual = 64;
    const master = 48;
    const largest = Math.max(usual, mebibytesFor(memoryLimit));
    return `${(maxChildren - 1) * usual + largest + opcacheMebibytes + master}Mi`;
}
