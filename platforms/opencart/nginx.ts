import { nginx, type Nginx, pattern, word } from "../../components/languages/nginx";
import { exactly } from "../../components/languages/regex";
import { indent } from "../../components/languages/text";
import { closedPaths, fastCgi, hiddenFiles, nginxFile, otherScripts, serverBlock } from "../nginx";
import { paths, ports } from "./paths";
import { administration, directories } from "./rules";

export interface NginxArgs {
    /** `frontend` serves the shop, `admin` only the administration's directory. */
    readonly role: "frontend" | "admin";
    readonly adminPath: string;
    /** Largest request body. */
    readonly maxBody: string;
    /** Maximum concurrent requests with a large body. */
    readonly bodies: number;
    /** Timeout in seconds for PHP's response. */
    readonly timeoutSeconds: number;
}

/** Set by the load balancer. */
const client = nginx`$http_x_forwarded_for`;

/**
 * The complete nginx.conf of a web pod.
 *
 * PHP runs only one file; all other scripts, templates, logs and hidden files return 404, including those of
 * extensions.
 */
export function nginxConf(args: NginxArgs): Nginx {
    const server = serverBlock({
        port: ports.http,
        root: paths.root,
        state: `127.0.0.1:${ports.phpStatus}`,
        locations: args.role === "frontend" ? frontend(args) : admin(args),
    });
    return nginxFile({ maxBody: args.maxBody, bodies: args.bodies, client, servers: [server] });
}

const hidden = ["tpl", "twig", "ini", "log", "sql", "md", "txt", "sh", "zip"];

/** Files that are not served from any directory. */
const denied = nginx`${hiddenFiles}
location ~* ${pattern(`\\.(${hidden.join("|")})$`)} {
    return 404;
}
${otherScripts}`;

// URLs contain no version, so caches must expire for a release to become visible.
const assets = nginx`location ~* \\.(css|js|map|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|eot)$ {
    expires 1d;
    try_files $uri =404;
}`;

function frontend({ adminPath, timeoutSeconds }: NginxArgs): Nginx {
    return nginx`location = /index.php {
${indent(php("/index.php", timeoutSeconds), 4)}
}
location = / {
    rewrite ^ /index.php last;
}
location = /robots.txt {
    try_files $uri =404;
}
${closedPaths(administration(adminPath))}
${closedPaths(directories)}
${denied}
${assets}
location / {
    try_files $uri @opencart;
}
location @opencart {
    rewrite ^/(.+)$ /index.php?_route_=$1 last;
}`;
}

function admin({ adminPath, timeoutSeconds }: NginxArgs): Nginx {
    return nginx`location = / {
    return 302 ${word(`/${adminPath}/`)};
}
location = ${word(`/${adminPath}`)} {
    return 302 ${word(`/${adminPath}/`)};
}
location = ${word(`/${adminPath}/`)} {
    rewrite ^ ${word(`/${adminPath}/index.php`)} last;
}
location = ${word(`/${adminPath}/index.php`)} {
${indent(php(`/${adminPath}/index.php`, timeoutSeconds), 4)}
}
location ^~ ${word(`/${adminPath}/`)} {
${indent(denied, 4)}
${indent(assets, 4)}
    location ~ ${pattern(`^/${exactly(adminPath)}/view/`)} {
        try_files $uri =404;
    }
    return 404;
}
location / {
    return 404;
}`;
}

/** Headers from which OpenCart would take the client's address without checking who sent them. */
const untrusted = [
    "CF_CONNECTING_IP",
    "X_REAL_IP",
    "X_CLIENT_IP",
    "CLIENT_IP",
    "X_CLUSTER_CLIENT_IP",
    "X_FORWARDED_SSL",
    "PROXY",
];

const php = (script: string, timeoutSeconds: number): Nginx =>
    fastCgi({ pass: `127.0.0.1:${ports.php}`, script, timeoutSeconds, client: nginx`$remote_addr`, untrusted });
