import { block, type Block, caddy, type Caddy, type Line, print, word, words } from "../languages/caddy";
import { joined } from "../languages/text";
import { ambiguous, type PathRule, patternOf } from "../pathRule";

/** Where a certificate comes from. */
export type SiteTls =
    | { readonly mode: "acme"; readonly email: string; readonly directory: string }
    /** A file with the `tls` line, which is only known in the pod. */
    | { readonly mode: "custom"; readonly snippet: string }
    | { readonly mode: "internal" }
    /** Plain HTTP; `inFront` if the trusted proxies terminate TLS. */
    | { readonly mode: "off"; readonly inFront: boolean };

export interface FileRoute {
    /** None means every path. */
    readonly path?: PathRule;
    /** Where requests go: `host:port`. */
    readonly upstream: string;
    /** Client ranges that may use this path. Empty means everyone. */
    readonly allow: readonly string[];
    /** Largest request body in bytes. */
    readonly maxBody: number;
}

export interface FileSite {
    readonly host: string;
    readonly tls: SiteTls;
    /** Seconds of Strict-Transport-Security; 0 sends no header. */
    readonly hstsSeconds: number;
    readonly compression: boolean;
    readonly securityHeaders: boolean;
    readonly accessLog: boolean;
    /** Client ranges that may see the site at all. Empty means everyone. */
    readonly allow: readonly string[];
    /** Answers 503 to everything. */
    readonly stopped: boolean;
    /** Paths that answer 404 to everyone. */
    readonly closed: readonly PathRule[];
    /** Paths to ask for instead of others. */
    readonly rewrites: Readonly<Record<string, string>>;
    readonly embeddable: boolean;
    readonly routes: readonly FileRoute[];
}

export interface CaddyfileArgs {
    readonly ports: {
        readonly http: number;
        readonly https: number;
        readonly health: number;
        readonly metrics?: number;
    };
    /** Absolute path of the socket of the admin API. */
    readonly adminSocket: string;
    /** Ranges whose X-Forwarded-* headers are trusted. */
    readonly trustedProxies: readonly string[];
    readonly http3: boolean;
    /** Grace period in seconds for running requests when the process stops. A reload aborts none of them. */
    readonly graceSeconds: number;
    /** Ports that browsers use. @default 80 and 443 */
    readonly publicPorts?: { readonly http?: number | undefined; readonly https?: number | undefined };
    readonly sites: readonly FileSite[];
}

/**
 * Headers in which applications look for a client's address, its scheme, or for a host or path other than the
 * requested one. Clients can set them freely, and this balancer does not verify them.
 */
const untrusted = [
    // CGI and WSGI do not distinguish '_' from '-': SCRIPT_NAME, X_FORWARDED_FOR. nginx drops these headers, too.
    "*_*",
    "CF-Connecting-IP",
    "Client-IP",
    "Forwarded",
    "Front-End-Https",
    "Proxy",
    "True-Client-IP",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "X-Forwarded-Path",
    "X-Forwarded-Prefix",
    "X-Forwarded-Protocol",
    "X-Forwarded-Scheme",
    "X-Forwarded-Server",
    "X-Forwarded-Ssl",
    "X-Forwarded-Uri",
    "X-HTTP-Host-Override",
    "X-Host",
    "X-Original-Host",
    "X-Original-URI",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-Script-Name",
    "X-Url-Scheme",
];

/** Query parameters that would give readers of the log access. */
const secretParameters = ["access_token", "code", "key", "password", "sig", "token", "user_token", "X-Amz-Signature"];

/** The configuration of Caddy 2.11: https://caddyserver.com/docs/caddyfile */
export function caddyfile(args: CaddyfileArgs): Caddy {
    const secure = args.sites.some(({ tls }) => tls.mode !== "off");
    const blocks = [
        globals(args),
        ...(args.sites.some((site) => site.accessLog) ? [accessLog] : []),
        block(caddy`http://:${args.ports.health}`, caddy`respond /healthz 200`, caddy`respond 404`),
        ...(args.ports.metrics === undefined
            ? []
            : [
                  block(
                      caddy`http://:${args.ports.metrics}`,
                      block(caddy`route`, caddy`metrics /metrics`, caddy`respond 404`),
                  ),
              ]),
        // A request for an unknown host must not get another site's answer.
        block(caddy`http://`, noServer, caddy`respond 404`),
        ...(secure ? [block(caddy`https://`, noServer, caddy`respond 421`)] : []),
        ...args.sites.flatMap((site) => siteBlocks(site, args)),
    ];
    return caddy`${joined(blocks.map(print), "\n\n")}\n`;
}

function globals({ ports, adminSocket, trustedProxies, http3, graceSeconds, sites }: CaddyfileArgs): Block {
    return block(
        caddy``,
        caddy`admin ${word(`unix/${adminSocket}`)}`,
        caddy`persist_config off`,
        caddy`http_port ${ports.http}`,
        caddy`https_port ${ports.https}`,
        // Redirects are generated per site: Caddy's own ones name the server and ignore node ports.
        caddy`auto_https disable_redirects`,
        // Only there: it makes Caddy create its own authority, used or not.
        sites.some(({ tls }) => tls.mode === "internal" || tls.mode === "custom") && caddy`skip_install_trust`,
        caddy`grace_period ${graceSeconds}s`,
        ports.metrics !== undefined && caddy`metrics`,
        block(caddy`log`, caddy`output stderr`, logFormat),
        block(
            caddy`servers`,
            http3 ? caddy`protocols h1 h2 h3` : caddy`protocols h1 h2`,
            trustedProxies.length > 0 && [
                caddy`trusted_proxies static ${words(trustedProxies)}`,
                // From the right: entries to the left of a trusted proxy's own may be forged by the client.
                caddy`trusted_proxies_strict`,
                caddy`client_ip_headers X-Forwarded-For`,
            ],
        ),
    );
}

/** Lines without headers, which contain sessions and keys, and without secret parameters. */
const logFormat = block(
    caddy`format filter`,
    block(caddy`request>uri query`, ...secretParameters.map((name) => caddy`replace ${word(name)} REDACTED`)),
    caddy`request>headers delete`,
    caddy`resp_headers delete`,
    caddy`wrap json`,
);

const noServer = caddy`header -Server`;
const http = (host: string): Caddy => word(`http://${host}`);

function siteBlocks(site: FileSite, args: CaddyfileArgs): Block[] {
    const { host, tls } = site;
    if (tls.mode === "off") return [block(http(host), ...frame(site, args), content(site, args))];
    return [
        block(http(host), logLines(site), noServer, caddy`redir ${secureUrl(site, args)} 308`),
        block(word(`https://${host}`), tlsLine(tls), ...frame(site, args), content(site, args)),
    ];
}

const secureUrl = ({ host }: FileSite, { publicPorts }: CaddyfileArgs): Caddy =>
    caddy`${word(`https://${host}${publicPorts?.https === undefined ? "" : `:${publicPorts.https}`}`)}{uri}`;

function tlsLine(tls: Exclude<SiteTls, { mode: "off" }>): Line {
    switch (tls.mode) {
        case "acme":
            return block(
                caddy`tls`,
                block(caddy`issuer acme`, caddy`email ${word(tls.email)}`, caddy`dir ${word(tls.directory)}`),
            );
        case "custom":
            return caddy`import ${word(tls.snippet)}`;
        case "internal":
            return caddy`tls internal`;
    }
}

const accessLog = block(
    caddy`(access_log)`,
    block(caddy`log`, caddy`output stdout`, logFormat),
    caddy`log_append user_agent {http.request.header.User-Agent}`,
);

const logLines = (site: FileSite): Line[] => (site.accessLog ? [caddy`import access_log`] : []);

/** Directives for every answer of a site. */
function frame(site: FileSite, { trustedProxies }: CaddyfileArgs): Line[] {
    const { tls, hstsSeconds, securityHeaders, compression, embeddable } = site;
    const hsts = caddy`?Strict-Transport-Security max-age=${hstsSeconds}`;
    const encrypted = fromTrusted(trustedProxies, "https");
    return [
        ...logLines(site),
        // One directive per header: in a block they are only set if the application sent none of them.
        block(caddy`header`, caddy`-Server`, caddy`-Via`),
        ...(securityHeaders
            ? [
                  caddy`header ?X-Content-Type-Options nosniff`,
                  ...(embeddable ? [] : [caddy`header ?X-Frame-Options SAMEORIGIN`]),
                  caddy`header ?Referrer-Policy strict-origin-when-cross-origin`,
              ]
            : []),
        ...(hstsSeconds > 0 && tls.mode !== "off" ? [caddy`header ${hsts}`] : []),
        ...(hstsSeconds > 0 && tls.mode === "off" && tls.inFront && encrypted
            ? [block(caddy`@encrypted`, ...encrypted), caddy`header @encrypted ${hsts}`]
            : []),
        ...(compression ? [caddy`encode zstd gzip`] : []),
        // Caddy's own error answers bypass the headers above.
        block(caddy`handle_errors`, noServer, caddy`respond "{err.status_code} {err.status_text}"`),
    ];
}

/** Matches requests for which a trusted proxy states the scheme. */
function fromTrusted(trustedProxies: readonly string[], scheme: "http" | "https"): Line[] | undefined {
    if (trustedProxies.length === 0) return undefined;
    return [caddy`remote_ip ${words(trustedProxies)}`, caddy`header X-Forwarded-Proto ${word(scheme)}`];
}

/** `route` keeps the given order: denials first, then the longest path, and nothing after the last route. */
function content(site: FileSite, args: CaddyfileArgs): Line {
    const { tls, allow, stopped, closed, rewrites } = site;
    const plain = tls.mode === "off" && tls.inFront ? fromTrusted(args.trustedProxies, "http") : undefined;
    const length = ({ path }: FileRoute) => Math.max(0, ...(path?.paths ?? []).map((one) => one.length));
    const routes = [...site.routes].sort((a, b) => length(b) - length(a));
    const judges = closed.length > 0 || routes.some(({ path }) => path !== undefined);
    return block(
        caddy`route`,
        denial(caddy`@denied`, allow),
        plain !== undefined && [block(caddy`@plain`, ...plain), caddy`redir @plain ${secureUrl(site, args)} 308`],
        stopped
            ? [caddy`header Retry-After 300`, caddy`respond "This site is stopped." 503`]
            : [
                  // The path as forwarded, because the application routes by it.
                  ...(judges
                      ? refusal(caddy`@ambiguous`, caddy`vars_regexp {http.request.uri} ${regexp(ambiguous)}`, 400)
                      : []),
                  ...closed.flatMap((rule, index) => refusal(caddy`@closed${index}`, matcher(rule), 404)),
                  ...Object.entries(rewrites).map(([from, to]) => caddy`rewrite ${word(from)} ${word(to)}`),
                  ...routes.flatMap((route, index) => routeLines(route, index, publicPort(site, args))),
                  caddy`respond 404`,
              ],
    );
}

const refusal = (name: Caddy, what: Caddy, status: number): Line[] => [
    caddy`${name} ${what}`,
    caddy`respond ${name} ${status}`,
];

const denial = (name: Caddy, allow: readonly string[]): Line[] =>
    allow.length > 0 ? refusal(name, caddy`not client_ip ${words(allow)}`, 403) : [];

const regexp = (pattern: string): Caddy => word(`(?i)${pattern}`);

/** Caddy compares the decoded path, without dot segments and double slashes. */
const matcher = (rule: PathRule): Caddy => caddy`path_regexp ${regexp(patternOf(rule))}`;

function publicPort({ tls }: FileSite, { publicPorts = {} }: CaddyfileArgs): number {
    return tls.mode !== "off" || tls.inFront ? (publicPorts.https ?? 443) : (publicPorts.http ?? 80);
}

function routeLines(route: FileRoute, index: number, port: number): Line[] {
    const body = [
        ...denial(caddy`@denied${index}`, route.allow),
        block(caddy`request_body`, caddy`max_size ${route.maxBody}`),
        proxy(route.upstream, port),
    ];
    if (route.path === undefined) return [block(caddy`handle`, ...body)];
    return [caddy`@path${index} ${matcher(route.path)}`, block(caddy`handle @path${index}`, ...body)];
}

function proxy(upstream: string, port: number): Block {
    return block(
        caddy`reverse_proxy ${word(upstream)}`,
        // Exactly one address: applications disagree on whether the first or the last of a list is the client.
        caddy`header_up X-Forwarded-For {client_ip}`,
        caddy`header_up X-Real-IP {client_ip}`,
        caddy`header_up X-Forwarded-Port ${port}`,
        ...untrusted.map((header) => caddy`header_up ${word(`-${header}`)}`),
        // Covers a restart of the only pod; requests with a body are sent at most once.
        caddy`lb_try_duration 5s`,
        // A reload would otherwise close every WebSocket at once.
        caddy`stream_close_delay 1h`,
        block(
            caddy`transport http`,
            // Below the 5 s after which Node and uvicorn close idle connections: a POST on such a connection is lost.
            caddy`keepalive 4s`,
        ),
    );
}
