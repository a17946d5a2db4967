import { ambiguous, type PathRule, patternOf } from "../pathRule";

/** Where a certificate comes from. */
export type SiteTls =
    | { readonly mode: "acme"; readonly email: string; readonly directory: string }
    /** A file with the `tls` line: which one it must be is known in the pod only. */
    | { readonly mode: "custom"; readonly snippet: string }
    | { readonly mode: "internal" }
    /** Plain HTTP; `inFront` where the trusted proxies end TLS. */
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
    /** Paths that are not there, whoever asks. */
    readonly closed: readonly PathRule[];
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
    /** Ranges whose X-Forwarded-* headers are believed. */
    readonly trustedProxies: readonly string[];
    readonly http3: boolean;
    /** Seconds that running requests get when the process stops. A reload cuts nothing, whatever this says. */
    readonly graceSeconds: number;
    /** Ports that browsers name. @default 80 and 443 */
    readonly publicPorts?: { readonly http?: number | undefined; readonly https?: number | undefined };
    readonly sites: readonly FileSite[];
}

/**
 * Headers in which applications look for a client's address, its scheme, or for another host or path than the
 * requested one. Clients can write what they like there, and this balancer does not vouch for it.
 */
const untrusted = [
    // To CGI and WSGI the same as one with '-' in its place: SCRIPT_NAME, X_FORWARDED_FOR. nginx drops them, too.
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

/** Parameters of addresses that give access to whoever reads the log. */
const secretParameters = ["access_token", "code", "key", "password", "sig", "token", "user_token", "X-Amz-Signature"];

type Line = string | Block;
interface Block {
    readonly head: string;
    readonly body: readonly Line[];
}
const block = (head: string, ...body: (Line | false | readonly Line[])[]): Block => ({
    head,
    body: body.flatMap((line) => (line === false ? [] : (line as Line | Line[]))),
});

/** The configuration of Caddy 2.11: https://caddyserver.com/docs/caddyfile */
export function caddyfile(args: CaddyfileArgs): string {
    const secure = args.sites.some(({ tls }) => tls.mode !== "off");
    const blocks = [
        globals(args),
        ...(args.sites.some((site) => site.accessLog) ? [accessLog] : []),
        block(`http://:${args.ports.health}`, "respond /healthz 200", "respond 404"),
        ...(args.ports.metrics === undefined
            ? []
            : [block(`http://:${args.ports.metrics}`, block("route", "metrics /metrics", "respond 404"))]),
        // Whoever asks for a host that is not ours must not get another site's answer.
        block("http://", "header -Server", "respond 404"),
        ...(secure ? [block("https://", "header -Server", "respond 421")] : []),
        ...args.sites.flatMap((site) => siteBlocks(site, args)),
    ];
    return `${blocks.map((one) => print(one, 0)).join("\n\n")}\n`;
}

function globals({ ports, adminSocket, trustedProxies, http3, graceSeconds, sites }: CaddyfileArgs): Block {
    return block(
        "",
        `admin unix/${adminSocket}`,
        "persist_config off",
        `http_port ${ports.http}`,
        `https_port ${ports.https}`,
        // Redirects are written out per site: Caddy's own ones name the server and know nothing of node ports.
        "auto_https disable_redirects",
        // Only there: it makes Caddy set up an authority of its own, used or not.
        sites.some(({ tls }) => tls.mode === "internal" || tls.mode === "custom") && "skip_install_trust",
        `grace_period ${graceSeconds}s`,
        ports.metrics !== undefined && "metrics",
        block("log", "output stderr", logFormat),
        block(
            "servers",
            `protocols h1 h2${http3 ? " h3" : ""}`,
            trustedProxies.length > 0 && [
                `trusted_proxies static ${trustedProxies.join(" ")}`,
                // From the right: what stands left of a trusted proxy's own entry may be the client's invention.
                "trusted_proxies_strict",
                "client_ip_headers X-Forwarded-For",
            ],
        ),
    );
}

/** Lines without headers, which carry sessions and keys of every sort, and without secret parameters. */
const logFormat = block(
    "format filter",
    block("request>uri query", ...secretParameters.map((name) => `replace ${name} REDACTED`)),
    "request>headers delete",
    "resp_headers delete",
    "wrap json",
);

function siteBlocks(site: FileSite, args: CaddyfileArgs): Block[] {
    const { host, tls } = site;
    if (tls.mode === "off") return [block(`http://${host}`, ...frame(site, args), content(site, args))];
    return [
        block(`http://${host}`, logLines(site), "header -Server", `redir ${secureUrl(site, args)} 308`),
        block(`https://${host}`, tlsLine(tls), ...frame(site, args), content(site, args)),
    ];
}

const secureUrl = ({ host }: FileSite, { publicPorts }: CaddyfileArgs): string =>
    `https://${host}${publicPorts?.https === undefined ? "" : `:${publicPorts.https}`}{uri}`;

function tlsLine(tls: Exclude<SiteTls, { mode: "off" }>): Line {
    switch (tls.mode) {
        case "acme":
            return block("tls", block("issuer acme", `email ${tls.email}`, `dir ${tls.directory}`));
        case "custom":
            return `import ${tls.snippet}`;
        case "internal":
            return "tls internal";
    }
}

const accessLog = block(
    "(access_log)",
    block("log", "output stdout", logFormat),
    "log_append user_agent {http.request.header.User-Agent}",
);

const logLines = (site: FileSite): Line[] => (site.accessLog ? ["import access_log"] : []);

/** What holds for every answer of a site. */
function frame(site: FileSite, { trustedProxies }: CaddyfileArgs): Line[] {
    const { tls, hstsSeconds, securityHeaders, compression } = site;
    const hsts = `?Strict-Transport-Security max-age=${hstsSeconds}`;
    const encrypted = fromTrusted(trustedProxies, "https");
    return [
        ...logLines(site),
        // One directive a header: in a block they are only set if the application sent none of them.
        block("header", "-Server", "-Via"),
        ...(securityHeaders
            ? [
                  "header ?X-Content-Type-Options nosniff",
                  "header ?X-Frame-Options SAMEORIGIN",
                  "header ?Referrer-Policy strict-origin-when-cross-origin",
              ]
            : []),
        ...(hstsSeconds > 0 && tls.mode !== "off" ? [`header ${hsts}`] : []),
        ...(hstsSeconds > 0 && tls.mode === "off" && tls.inFront && encrypted
            ? [block("@encrypted", ...encrypted), `header @encrypted ${hsts}`]
            : []),
        ...(compression ? ["encode zstd gzip"] : []),
        // Caddy's own error answers pass by the headers above.
        block("handle_errors", "header -Server", `respond "{err.status_code} {err.status_text}"`),
    ];
}

/** Matches requests of which a trusted proxy says how they reached it. */
function fromTrusted(trustedProxies: readonly string[], scheme: "http" | "https"): Line[] | undefined {
    if (trustedProxies.length === 0) return undefined;
    return [`remote_ip ${trustedProxies.join(" ")}`, `header X-Forwarded-Proto ${scheme}`];
}

/** `route` keeps the order as written: denials first, then the longest path, and nothing behind the last route. */
function content(site: FileSite, args: CaddyfileArgs): Line {
    const { tls, allow, stopped, closed } = site;
    const plain = tls.mode === "off" && tls.inFront ? fromTrusted(args.trustedProxies, "http") : undefined;
    const length = ({ path }: FileRoute) => Math.max(0, ...(path?.paths ?? []).map((one) => one.length));
    const routes = [...site.routes].sort((a, b) => length(b) - length(a));
    const judges = closed.length > 0 || routes.some(({ path }) => path !== undefined);
    return block(
        "route",
        denial("@denied", allow),
        plain !== undefined && [block("@plain", ...plain), `redir @plain ${secureUrl(site, args)} 308`],
        stopped
            ? ["header Retry-After 300", `respond "This site is stopped." 503`]
            : [
                  // As it is sent on, since that is what the application routes by.
                  ...(judges ? refusal("@ambiguous", `vars_regexp {http.request.uri} ${regexp(ambiguous)}`, 400) : []),
                  ...closed.flatMap((rule, index) => refusal(`@closed${index}`, matcher(rule), 404)),
                  ...routes.flatMap((route, index) => routeLines(route, index, publicPort(site, args))),
                  "respond 404",
              ],
    );
}

const refusal = (name: string, what: string, status: number): Line[] => [
    `${name} ${what}`,
    `respond ${name} ${status}`,
];

const denial = (name: string, allow: readonly string[]): Line[] =>
    allow.length > 0 ? refusal(name, `not client_ip ${allow.join(" ")}`, 403) : [];

const regexp = (pattern: string): string => `\`(?i)${pattern}\``;

/** Caddy compares the path decoded, without segments of dots and doubled slashes. */
const matcher = (rule: PathRule): string => `path_regexp ${regexp(patternOf(rule))}`;

function publicPort({ tls }: FileSite, { publicPorts = {} }: CaddyfileArgs): number {
    return tls.mode !== "off" || tls.inFront ? (publicPorts.https ?? 443) : (publicPorts.http ?? 80);
}

function routeLines(route: FileRoute, index: number, port: number): Line[] {
    const body = [
        ...denial(`@denied${index}`, route.allow),
        block("request_body", `max_size ${route.maxBody}`),
        proxy(route.upstream, port),
    ];
    if (route.path === undefined) return [block("handle", ...body)];
    return [`@path${index} ${matcher(route.path)}`, block(`handle @path${index}`, ...body)];
}

function proxy(upstream: string, port: number): Block {
    return block(
        `reverse_proxy ${upstream}`,
        // Exactly one address: applications disagree on whether the first or the last of a list is the client.
        "header_up X-Forwarded-For {client_ip}",
        "header_up X-Real-IP {client_ip}",
        `header_up X-Forwarded-Port ${port}`,
        ...untrusted.map((header) => `header_up -${header}`),
        // Over a restart of the only pod; requests with a body are sent once at most.
        "lb_try_duration 5s",
        // A reload would else end every WebSocket at once.
        "stream_close_delay 1h",
        block(
            "transport http",
            // Below the 5 s after which Node and uvicorn close idle connections: a POST on one of those is lost.
            "keepalive 4s",
        ),
    );
}

function print(line: Line, depth: number): string {
    const indent = "\t".repeat(depth);
    if (typeof line === "string") return `${indent}${line}`;
    const head = line.head === "" ? "{" : `${line.head} {`;
    return [`${indent}${head}`, ...line.body.map((inner) => print(inner, depth + 1)), `${indent}}`].join("\n");
}
