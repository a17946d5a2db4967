import { whereIpv6 } from "../components/ipv6";
import { nginx, type Nginx, pattern, word } from "../components/languages/nginx";
import { sh, word as shWord, words } from "../components/languages/sh";
import { indent, joined, linesOf } from "../components/languages/text";
import { ambiguous, type PathRule, patternOf } from "../components/pathRule";
import { mib } from "../components/scratch";
import { mebibytesFor } from "../config/quantity";

/** Settings of an nginx.conf in front of php-fpm. */
export interface NginxFileArgs {
    /** Largest request body. */
    readonly maxBody: string;
    /** Maximum concurrent requests with a large body: as many as PHP processes. */
    readonly bodies: number;
    /** Variable with the client's address, for the log. */
    readonly client: Nginx;
    /** Further `map` blocks. @default none */
    readonly maps?: Nginx;
    /** Server blocks. */
    readonly servers: readonly Nginx[];
}

/** Maximum MiB of one response that nginx buffers for a slow client: `fastcgi_max_temp_file_size`. */
const answerSpace = 1024;

/** MiB for bodies below 100 kB of as many clients as nginx has connections. */
const formSpace = 200;

/**
 * Size of /tmp of an nginx container, which buffers as many request bodies as PHP processes, and the largest response.
 *
 * Kubelets cannot enforce this size, because nginx unlinks such files as soon as they are open: the limits in its own
 * configuration protect the node's disk.
 *
 * @param bodies maximum concurrent requests with a large body
 */
export const nginxTemp = (bodies: number, maxBody: string): string =>
    mib(bodies * mebibytesFor(maxBody) + formSpace + answerSpace);

/** Worker processes of one pod: `auto` would use the number of the node's CPUs. */
const workers = 2;

/** A complete nginx.conf: without root, writing only to /tmp, with a JSON access log on stdout. */
export function nginxFile({ maxBody, bodies, client, maps, servers }: NginxFileArgs): Nginx {
    return nginx`worker_processes ${workers};
pid /tmp/nginx.pid;
error_log /dev/stderr warn;

events {
    worker_connections 1024;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;

    log_format json escape=json '{"time":"$time_iso8601","client":"${client}","method":"$request_method",'
        '"host":"$host","uri":"$request_uri","status":$status,"bytes":$bytes_sent,"seconds":$request_time,'
        '"agent":"$http_user_agent"}';
    access_log /dev/stdout json;

    client_body_temp_path /tmp/client_body;
    fastcgi_temp_path /tmp/fastcgi;
    proxy_temp_path /tmp/proxy;
    scgi_temp_path /tmp/scgi;
    uwsgi_temp_path /tmp/uwsgi;

    sendfile on;
    server_tokens off;
    # The port and scheme here are not those that browsers see.
    absolute_redirect off;
    client_max_body_size ${mebibytesFor(maxBody)}m;
    # Bodies wait on disk until they are whole. Those below 100 kB, such as forms without files, are not counted.
    map $http_transfer_encoding$http_content_length $large_body {
        default "";
        "~[^0-9]|[0-9]{6}" all;
    }
    limit_conn_zone $large_body zone=bodies:64k;
    limit_conn bodies ${bodies};
    keepalive_timeout 65s;

    map $http_x_forwarded_proto $https_or_empty {
        default "";
        https on;
    }
${joined(
    [...(maps ? [maps] : []), ...servers].map((block) => nginx`\n${indent(block, 4)}\n`),
    "",
)}}
`;
}

export interface ServerArgs {
    readonly port: number;
    /** Document root. */
    readonly root: string;
    /** Address and port of php-fpm's status listener. */
    readonly state: string;
    readonly locations: Nginx;
}

/** Headers with which libraries of applications override the requested URL. */
const refusedHeaders = ["x_original_url", "x_rewrite_url"];

/** Where {@link nginxCommand} writes what listens on IPv6: the kernel may have none, for which nginx has no setting. */
const ipv6Folder = "/tmp/listen";

/** Listens on all addresses of a port. */
export const listen = (port: number): Nginx => nginx`listen ${port};
    include ${word(`${ipv6Folder}/${port}*.conf`)};`;

/** The command of nginx with arguments of its own, for files whose servers use {@link listen}. */
export const nginxCommand = (ports: readonly number[], ...args: readonly string[]): string[] => [
    ...whereIpv6(sh`mkdir -p ${shWord(ipv6Folder)}
    for port in ${words(ports.map(String))}; do echo "listen [::]:$port;" >${shWord(ipv6Folder)}/$port.conf; done`),
    "nginx",
    ...args,
    "-g",
    "daemon off;",
];

/** A server block for any host, with health checks. */
export function serverBlock({ port, root, state, locations }: ServerArgs): Nginx {
    return nginx`server {
    ${listen(port)}
    server_name _;
    root ${word(root)};

    # PHP routes by the address as it was sent: it must be the one that is judged below.
    if ($request_uri ~* ${pattern(ambiguous)}) {
        return 400;
    }
${linesOf(refusedHeaders.map((name) => nginx`    if ($http_${word(name)}) {\n        return 400;\n    }`))}
    location = /healthz {
        access_log off;
        default_type text/plain;
        return 200 "ok\\n";
    }
    # Answered by PHP's own listener for its state, so that a busy shop is not taken for a dead one.
    location = /fpm-ping {
        access_log off;
        fastcgi_pass ${word(state)};
        fastcgi_param SCRIPT_NAME /fpm-ping;
        fastcgi_param SCRIPT_FILENAME /fpm-ping;
        fastcgi_param REQUEST_METHOD GET;
    }
    # Where PHP ends in the middle of a request, the pod is ending: without an answer, the edge repeats what may be repeated.
    error_page 502 = @gone;
    location @gone {
        return 444;
    }

${indent(locations, 4)}
}`;
}

export interface FastCgiArgs {
    /** Address and port of php-fpm. */
    readonly pass: string;
    /** The only file to run, relative to the document root. */
    readonly script: string;
    /** Timeout in seconds for PHP's response. */
    readonly timeoutSeconds: number;
    /** Variable with the client's address. */
    readonly client: Nginx;
    /** The port that PHP sees. @default the one that nginx listens on */
    readonly port?: Nginx;
    /** Names of request headers to blank, in PHP's notation. */
    readonly untrusted: readonly string[];
    /** Further parameters. @default none */
    readonly params?: Readonly<Record<string, Nginx>>;
}

/** Passes a request to one PHP file: the URL has no influence on which file is run. */
export function fastCgi({
    pass,
    script,
    timeoutSeconds,
    client,
    port = nginx`$server_port`,
    untrusted,
    params = {},
}: FastCgiArgs): Nginx {
    const blank = untrusted.map((header): [string, Nginx] => [`HTTP_${header}`, word("")]);
    const more = [...blank, ...Object.entries(params)].map(
        ([name, value]) => nginx`fastcgi_param ${word(name)} ${value};`,
    );
    return nginx`fastcgi_pass ${word(pass)};
fastcgi_read_timeout ${timeoutSeconds}s;
fastcgi_param GATEWAY_INTERFACE CGI/1.1;
fastcgi_param SERVER_SOFTWARE nginx;
fastcgi_param SERVER_PROTOCOL $server_protocol;
fastcgi_param SERVER_ADDR $server_addr;
fastcgi_param SERVER_PORT ${port};
fastcgi_param SERVER_NAME $host;
fastcgi_param REMOTE_ADDR ${client};
fastcgi_param REMOTE_PORT $remote_port;
fastcgi_param REQUEST_METHOD $request_method;
fastcgi_param REQUEST_URI $request_uri;
fastcgi_param QUERY_STRING $query_string;
fastcgi_param CONTENT_TYPE $content_type;
fastcgi_param CONTENT_LENGTH $content_length;
fastcgi_param DOCUMENT_ROOT $document_root;
fastcgi_param DOCUMENT_URI $document_uri;
fastcgi_param SCRIPT_NAME ${word(script)};
fastcgi_param SCRIPT_FILENAME $document_root${word(script)};
fastcgi_param HTTPS $https_or_empty if_not_empty;
${more}`;
}

/** Files whose name begins with a dot, except below `.well-known`. */
export const hiddenFiles = nginx`location ~ /\\.(?!well-known/) {
    return 404;
}`;

/** Scripts that no other location runs are neither run nor shown. */
export const otherScripts = nginx`location ~* \\.(php[0-9]?|phar|phtml)(/|$) {
    return 404;
}`;

/** Paths that return 404, in any case and encoding. */
export const closedPaths = (rule: PathRule): Nginx => nginx`location ~* ${pattern(patternOf(rule))} {
    return 404;
}`;
