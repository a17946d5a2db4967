import { mebibytesFor } from "../../config/quantity";
import { paths, ports } from "./paths";

export interface NginxArgs {
    /** `frontend` answers for the shop, `admin` for the administration's directory only. */
    readonly role: "frontend" | "admin";
    readonly adminPath: string;
    /** Largest request body. */
    readonly maxBody: string;
    /** Seconds that PHP may take for an answer. */
    readonly timeoutSeconds: number;
}

/** Server processes of one pod: `auto` would count the node's CPUs. */
const workers = 2;

/**
 * The whole nginx.conf of a web pod.
 *
 * PHP runs one file only; every other script, template, log or hidden file answers 404, also those that an extension
 * brings along.
 */
export function nginxConf(args: NginxArgs): string {
    const locations = args.role === "frontend" ? frontend(args) : admin(args);
    return `worker_processes ${workers};
pid /tmp/nginx.pid;
error_log /dev/stderr warn;

events {
    worker_connections 1024;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;

    log_format json escape=json '{"time":"$time_iso8601","client":"$http_x_forwarded_for","method":"$request_method",'
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
    client_max_body_size ${mebibytesFor(args.maxBody)}m;
    keepalive_timeout 65s;

    map $http_x_forwarded_proto $https_or_empty {
        default "";
        https on;
    }

    server {
        listen ${ports.http};
        server_name _;
        root ${paths.root};

        location = /healthz {
            access_log off;
            default_type text/plain;
            return 200 "ok\\n";
        }
        # Answered by PHP's own listener for its state, so that a busy shop is not taken for a dead one.
        location = /fpm-ping {
            access_log off;
            fastcgi_pass 127.0.0.1:${ports.phpStatus};
            fastcgi_param SCRIPT_NAME /fpm-ping;
            fastcgi_param SCRIPT_FILENAME /fpm-ping;
            fastcgi_param REQUEST_METHOD GET;
        }

${indent(locations, 8)}
    }
}
`;
}

const hidden = ["tpl", "twig", "ini", "log", "sql", "md", "txt", "sh", "zip"];

/** Files that nobody may see, whatever their directory. */
const denied = `location ~ /\\.(?!well-known/) {
    return 404;
}
location ~* \\.(${hidden.join("|")})$ {
    return 404;
}
location ~* \\.(php[0-9]?|phar|phtml)(/|$) {
    return 404;
}`;

// Addresses carry no version, so that a release must become visible by itself.
const assets = `location ~* \\.(css|js|map|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|eot)$ {
    expires 1d;
    try_files $uri =404;
}`;

function frontend({ adminPath, timeoutSeconds }: NginxArgs): string {
    return `location = /index.php {
${indent(php("/index.php", timeoutSeconds), 4)}
}
location = / {
    rewrite ^ /index.php last;
}
location = /robots.txt {
    try_files $uri =404;
}
location = /${adminPath} {
    return 404;
}
location ^~ /${adminPath}/ {
    return 404;
}
location ~ ^/(install|storage|system)(/|$) {
    return 404;
}
${denied}
${assets}
location / {
    try_files $uri @opencart;
}
location @opencart {
    rewrite ^/(.+)$ /index.php?_route_=$1 last;
}`;
}

function admin({ adminPath, timeoutSeconds }: NginxArgs): string {
    return `location = / {
    return 302 /${adminPath}/;
}
location = /${adminPath} {
    return 302 /${adminPath}/;
}
location = /${adminPath}/ {
    rewrite ^ /${adminPath}/index.php last;
}
location = /${adminPath}/index.php {
${indent(php(`/${adminPath}/index.php`, timeoutSeconds), 4)}
}
location ^~ /${adminPath}/ {
${indent(denied, 4)}
${indent(assets, 4)}
    location ~ ^/${adminPath}/view/ {
        try_files $uri =404;
    }
    return 404;
}
location / {
    return 404;
}`;
}

/** Headers from which OpenCart would take the client's address without asking who sent them. */
const untrusted = [
    "CF_CONNECTING_IP",
    "X_REAL_IP",
    "X_CLIENT_IP",
    "CLIENT_IP",
    "X_CLUSTER_CLIENT_IP",
    "X_FORWARDED_SSL",
    "PROXY",
];

const php = (script: string, timeoutSeconds: number): string =>
    `fastcgi_pass 127.0.0.1:${ports.php};
fastcgi_read_timeout ${timeoutSeconds}s;
fastcgi_param GATEWAY_INTERFACE CGI/1.1;
fastcgi_param SERVER_SOFTWARE nginx;
fastcgi_param SERVER_PROTOCOL $server_protocol;
fastcgi_param SERVER_ADDR $server_addr;
fastcgi_param SERVER_PORT $server_port;
fastcgi_param SERVER_NAME $host;
fastcgi_param REMOTE_ADDR $remote_addr;
fastcgi_param REMOTE_PORT $remote_port;
fastcgi_param REQUEST_METHOD $request_method;
fastcgi_param REQUEST_URI $request_uri;
fastcgi_param QUERY_STRING $query_string;
fastcgi_param CONTENT_TYPE $content_type;
fastcgi_param CONTENT_LENGTH $content_length;
fastcgi_param DOCUMENT_ROOT $document_root;
fastcgi_param DOCUMENT_URI $document_uri;
fastcgi_param SCRIPT_NAME ${script};
fastcgi_param SCRIPT_FILENAME $document_root${script};
fastcgi_param HTTPS $https_or_empty if_not_empty;
${untrusted.map((header) => `fastcgi_param HTTP_${header} "";`).join("\n")}`;

const indent = (text: string, spaces: number): string => text.replace(/^(?=.)/gm, " ".repeat(spaces));
