import { mapKey, nginx, type Nginx, pattern, userLines, word } from "../../components/languages/nginx";
import { indent, joined, linesOf } from "../../components/languages/text";
import { patternOf } from "../../components/pathRule";
import { closedPaths, fastCgi, hiddenFiles, listen, nginxFile, otherScripts, serverBlock } from "../nginx";
import { paths, ports } from "./paths";
import { administration, changing, feeds, privateMedia, sources, webServices } from "./rules";

export interface NginxArgs {
    /** `frontend` serves the shop, `admin` the administration. */
    readonly role: "frontend" | "admin";
    /**
     * First path segment of the administration's URLs: OpenMage's `frontName`. OpenMage prefixes them with
     * `/index.php`, so a load balancer that routes by path must handle both `/<adminPath>` and
     * `/index.php/<adminPath>`.
     */
    readonly adminPath: string;
    /** Host of php-fpm. */
    readonly php: string;
    /** Largest request body. */
    readonly maxBody: string;
    /** Maximum concurrent requests with a large body. */
    readonly bodies: number;
    /** Timeout in seconds for PHP's response. */
    readonly timeoutSeconds: number;
    /** The user's additional lines, in the server block before all locations. @default none */
    readonly extra?: readonly string[];
    /** Stores and websites by host; all other hosts show the default store. @default none */
    readonly stores?: Readonly<Record<string, { readonly code: string; readonly type: "store" | "website" }>>;
    /** Whether php-fpm's metrics are available at `/metrics` on a separate port. */
    readonly metrics: boolean;
    /** Whether the shop's web services (SOAP, XML-RPC, REST) are available below /api. @default false */
    readonly api?: boolean;
    /**
     * Pages may read from replicas, with at most this lag; clients see their own changes at once.
     *
     * @default everything is read from the source
     */
    readonly replicas?: { readonly lagSeconds: number };
}

const lines = (parts: readonly Nginx[]): Nginx => joined(parts, "\n");

/**
 * The complete nginx.conf of a web pod.
 *
 * Only static files in known directories are served, and PHP runs three named files; everything else is a page of
 * OpenMage or 404.
 */
export function nginxConf(args: NginxArgs): Nginx {
    const { maxBody, bodies, extra = [], stores = {}, metrics, replicas } = args;
    const server = serverBlock({
        port: ports.http,
        root: paths.root,
        state: `${args.php}:${ports.phpStatus}`,
        locations: lines([
            ...(extra.length > 0 ? [userLines(extra)] : []),
            // At the same level as the user's own headers: in a location, it would replace them.
            ...(replicas ? [nginx`add_header Set-Cookie $reads_cookie;`] : []),
            ...(args.role === "frontend" ? frontend(args) : admin(args)),
            ...files(args),
        ]),
    });
    const maps = [clientMap, storeMap("code", stores, ""), storeMap("type", stores, "store"), readsMap(replicas)];
    return nginxFile({
        maxBody,
        bodies,
        client: nginx`$client`,
        maps: lines(maps),
        servers: [server, ...(metrics ? [metricsServer(args.php)] : [])],
    });
}

// The load balancer rewrites the list; entries after its own were added by later proxies.
const clientMap = nginx`map $http_x_forwarded_for $client {
    default $remote_addr;
    "~^(?<first>[0-9A-Fa-f.:]+)(,|$)" $first;
}`;

function storeMap(part: "code" | "type", stores: NonNullable<NginxArgs["stores"]>, otherwise: string): Nginx {
    const all = Object.entries(stores).map(([host, store]) => nginx`    ${mapKey(host)} ${word(store[part])};`);
    return nginx`map $host $store_${word(part)} {\n    default ${word(otherwise)};\n${linesOf(all)}}`;
}

/**
 * Which server PHP reads from. A client that has changed something gets a cookie that makes it read from the source for
 * a while.
 */
function readsMap(replicas: NginxArgs["replicas"]): Nginx {
    if (!replicas) return nginx`map "" $reads {\n    default source;\n}`;
    return nginx`map "$request_method $uri" $changes {
    default yes;
    ${pattern(`~*^(GET|HEAD) ${patternOf(changing).slice(1)}`)} yes;
    "~^(GET|HEAD) " no;
}
map "$changes $cookie_reads" $reads {
    default replica;
    "~^yes" source;
    "no source" source;
}
map $changes $reads_cookie {
    default "";
    yes "reads=source; Max-Age=${replicas.lagSeconds}; Path=/; HttpOnly; SameSite=Lax";
}`;
}

const notFound = nginx`{\n    return 404;\n}`;
const page = nginx`{\n    try_files /.page @openmage;\n}`;

function frontend({ adminPath, timeoutSeconds, php, api }: NginxArgs): Nginx[] {
    return [
        closedPaths(administration(adminPath)),
        closedPaths(feeds),
        ...(api
            ? [
                  nginx`location ^~ /api/rest {\n    rewrite ^ /api.php?type=rest last;\n}`,
                  nginx`location = /api.php {\n    internal;\n${indent(run("/api.php", php, timeoutSeconds), 4)}\n}`,
              ]
            : [closedPaths(webServices)]),
        nginx`location ~ "^/index\\.php(/|$)" ${page}`,
        hiddenFiles,
        otherScripts,
        nginx`location / ${page}`,
    ];
}

function admin({ adminPath }: NginxArgs): Nginx[] {
    return [
        nginx`location = / {\n    return 302 ${word(`/${adminPath}/`)};\n}`,
        nginx`location ~ ${pattern(patternOf({ ...administration(adminPath), code: false }))} ${page}`,
        nginx`location / ${notFound}`,
    ];
}

/** Pictures that the administration shows: thumbnails of its file browser, and pictures of unsaved products. */
const adminPictures = ["tmp/catalog/product", "wysiwyg/\\.thumbs"];

// URLs contain no version, so caches must expire for a release to become visible.
const served = nginx`expires 1d;
${hiddenFiles}
${otherScripts}
location ~* \\.(md|scss|ya?ml|sh|lock|dist)$ ${notFound}`;

function files({ php, timeoutSeconds }: NginxArgs): Nginx[] {
    const previews = pattern(`^/media/(${adminPictures.join("|")})/([^/.][^/]*/)*[^/.][^/]*\\.(gif|jpe?g|png|webp)$`);
    return [
        closedPaths(sources),
        ...["js", "skin"].map(
            (directory) =>
                nginx`location ^~ ${word(`/${directory}/`)} {\n${indent(served, 4)}\n    try_files $uri =404;\n}`,
        ),
        nginx`location ^~ /media/ {
    location ~* ${previews} {
        try_files $uri =404;
    }
${indent(served, 4)}
${indent(closedPaths(privateMedia), 4)}
    try_files $uri @media;
}`,
        nginx`location ^~ /errors/ {
    location ~ \\.(css|gif|ico|jpg|png|webp)$ {
        expires 1d;
        try_files $uri =404;
    }
    return 404;
}`,
        ...["favicon.ico", "robots.txt"].map(
            (name) => nginx`location = ${word(`/${name}`)} {\n    try_files $uri =404;\n}`,
        ),
        // get.php removes every ".." from the path, even within names, and looks up the rest.
        nginx`location @media {
    if ($uri ~ "\\.\\.") {
        return 404;
    }
${indent(run("/get.php", php, timeoutSeconds), 4)}
}`,
        nginx`location @openmage {\n${indent(run("/index.php", php, timeoutSeconds), 4)}\n}`,
    ];
}

/** Headers from which OpenMage or a module would take the client's address or TLS without checking who sent them. */
const untrusted = ["CLIENT_IP", "PROXY", "SSL_OFFLOADED", "VIA", "X_FORWARDED_FOR", "X_REAL_IP"];

// Pages may set more and longer headers than nginx's default buffers allow.
const run = (script: string, php: string, timeoutSeconds: number): Nginx =>
    nginx`fastcgi_buffers 16 16k;
fastcgi_buffer_size 32k;
${fastCgi({
    pass: `${php}:${ports.php}`,
    script,
    timeoutSeconds,
    client: nginx`$client`,
    // OpenMage would append it to the host, but browsers use a different port.
    port: word(""),
    untrusted,
    params: {
        MAGE_RUN_CODE: nginx`$store_code`,
        MAGE_RUN_TYPE: nginx`$store_type`,
        OPENMAGE_READS: nginx`$reads`,
    },
})}`;

/** For Prometheus, on a port that the load balancer does not use. */
const metricsServer = (php: string): Nginx => nginx`server {
    ${listen(ports.metrics)}
    server_name _;
    access_log off;

    location = /metrics {
        fastcgi_pass ${word(`${php}:${ports.phpStatus}`)};
        fastcgi_param SCRIPT_NAME /fpm-status;
        fastcgi_param SCRIPT_FILENAME /fpm-status;
        fastcgi_param REQUEST_METHOD GET;
        fastcgi_param QUERY_STRING openmetrics;
    }
    location / {
        return 404;
    }
}`;
