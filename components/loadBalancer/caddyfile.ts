import { block, type Block, caddy, type Caddy, type Line, print, word, words } from "../languages/caddy";
import { joined } from "../languages/text";
import { ambiguous, type PathRule, patternOf } from "../pathRule";
import type { CaddyfileArgs, FileRoute, FileSite, SiteTls } from "./fileSite";

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

/** A Host that is an IP address, with or without a port. */
const addressed = String.raw`^(\d+\.\d+\.\d+\.\d+|\[[0-9a-fA-F:.]+\])(:\d+)?$`;

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
        // A request for an unknown host must not get another site's answer. Balancers of clouds ask a pod at its address.
        block(
            caddy`http://`,
            noServer,
            block(caddy`@address`, caddy`header_regexp Host ${word(addressed)}`, caddy`path /`),
            caddy`respond @address 200`,
            caddy`respond /healthz 200`,
            caddy`respond 404`,
        ),
        ...(secure ? [block(caddy`https://`, noServer, caddy`respond 421`)] : []),
        ...args.sites.flatMap((site) => siteBlocks(site, args)),
    ];
    return caddy`${joined(blocks.map(print), "\n\n")}\n`;
}

function globals(args: CaddyfileArgs): Block {
    const { ports, adminSocket, trustedProxies, proxyProtocol, http3, graceSeconds, sites } = args;
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
            // Connections without it are served, too: probes, and pods that call their own site.
            proxyProtocol.length > 0 &&
                block(
                    caddy`listener_wrappers`,
                    block(caddy`proxy_protocol`, caddy`timeout 5s`, caddy`allow ${words(proxyProtocol)}`),
                    caddy`tls`,
                ),
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
    const { host, tls, redirectTo } = site;
    if (redirectTo !== undefined) return redirectBlocks(site, redirectTo, args);
    if (tls.mode === "off") return [block(http(host), ...frame(site, args), content(site, args))];
    return [
        block(http(host), logLines(site), noServer, caddy`redir ${secureUrl(site, args)} 308`),
        block(word(`https://${host}`), tlsLine(tls), ...frame(site, args), content(site, args)),
    ];
}

/** One step from either scheme to that of the site itself. */
function redirectBlocks(site: FileSite, to: string, args: CaddyfileArgs): Block[] {
    const { host, tls } = site;
    const encrypted = tls.mode !== "off" || tls.inFront;
    const url = encrypted ? secureUrl({ host: to }, args) : urlOf("http", to, args.publicPorts?.http);
    const lines = [...logLines(site), noServer, caddy`redir ${url} 308`];
    return [
        block(http(host), ...lines),
        ...(tls.mode === "off" ? [] : [block(word(`https://${host}`), tlsLine(tls), ...lines)]),
    ];
}

const secureUrl = ({ host }: Pick<FileSite, "host">, { publicPorts }: CaddyfileArgs): Caddy =>
    urlOf("https", host, publicPorts?.https);

const urlOf = (scheme: "http" | "https", host: string, port: number | undefined): Caddy =>
    caddy`${word(`${scheme}://${host}${port === undefined ? "" : `:${port}`}`)}{uri}`;

function tlsLine(tls: Exclude<SiteTls, { mode: "off" }>): Line {
    switch (tls.mode) {
        case "acme":
            return block(
                caddy`tls`,
                block(
                    caddy`issuer acme`,
                    caddy`email ${word(tls.email)}`,
                    caddy`dir ${word(tls.directory)}`,
                    tls.roots !== undefined && caddy`trusted_roots ${word(tls.roots)}`,
                    tls.account !== undefined && caddy`import ${word(tls.account)}`,
                ),
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
