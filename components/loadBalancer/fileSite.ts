import type { PathRule } from "../pathRule";

/** Files that Caddy needs to deal with a certificate authority. */
export interface AuthorityFiles {
    /** With the authority's root certificates in PEM. @default those of the system */
    readonly roots?: string;
    /** With the `eab` line, which holds a key. @default none */
    readonly account?: string;
}

/** Where a certificate comes from. */
export type SiteTls =
    | ({
          readonly mode: "acme";
          readonly email: string;
          readonly directory: string;
      } & AuthorityFiles)
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
    /** Host to which every request is redirected. @default none */
    readonly redirectTo?: string;
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
    /** Ranges whose PROXY protocol is believed. Empty means that none is expected. */
    readonly proxyProtocol: readonly string[];
    readonly http3: boolean;
    /** Grace period in seconds for running requests when the process stops. A reload aborts none of them. */
    readonly graceSeconds: number;
    /** Ports that browsers use. @default 80 and 443 */
    readonly publicPorts?: { readonly http?: number | undefined; readonly https?: number | undefined };
    readonly sites: readonly FileSite[];
}
