import { comment, literal, vcl, type Vcl } from "../languages/vcl";
import { type PathRule, patternOf } from "../pathRule";

/** Name of the listener that takes PURGE and BAN; the VCL knows its requests by it. */
export const purgeSocket = "purge";

/** File that a pod creates when it begins to stop; the VCL checks for it. */
export const stopping = "/tmp/stopping";

export interface VclArgs {
    /** Backend for misses. The name is resolved once, when the VCL is loaded. */
    readonly backend: { readonly host: string; readonly port: number };
    /** Paths that are never cached. @default none */
    readonly pass?: PathRule | undefined;
    /** Maximum time in seconds for which a file is cached. */
    readonly ttlSeconds: number;
    /** Additional seconds for which it is served while the backend is unhealthy. */
    readonly graceSeconds: number;
    /** Largest file that is cached, in bytes. */
    readonly maxFile: number;
    /** Seconds that the backend may take to start its answer. */
    readonly timeoutSeconds: number;
    /** Release of the backend: another one starts with an empty cache. */
    readonly release: string;
}

/** Endings of paths to files, which are the same for everybody, whatever the request's cookies. */
const extensions = [
    ...["css", "js", "map", "json", "xml", "txt"],
    ...["avif", "bmp", "gif", "ico", "jpe?g", "png", "svg", "webp"],
    ...["eot", "otf", "ttf", "woff2?"],
    ...["mp3", "mp4", "ogg", "webm"],
    ...["doc", "docx", "pdf", "zip"],
];

/**
 * The rules of Varnish, in VCL 4.1: https://varnish-cache.org/docs/trunk/reference/vcl.html
 *
 * Varnish's built-in rules follow these in each subroutine: requests with a cookie or a password are passed, as is
 * every method except GET and HEAD; an answer that sets a cookie or forbids caching is not cached.
 */
export function cacheRules(args: VclArgs): Vcl {
    const { backend, ttlSeconds, graceSeconds, maxFile, timeoutSeconds, release } = args;
    const file = literal(`(?i)^[^?]*\\.(${extensions.join("|")})(\\?|$)`);
    const pass = args.pass && patternOf(args.pass, "([/?]|$)");
    return vcl`vcl 4.1;

import std;

${comment(release)}

probe alive {
    .url = "/healthz";
    .interval = 2s;
    .timeout = 2s;
    .window = 3;
    .threshold = 2;
    # Believed in from the start: a cache that has just begun has nothing else to answer with.
    .initial = 2;
}

backend frontend {
    .host = ${literal(backend.host)};
    .port = ${literal(String(backend.port))};
    .connect_timeout = 5s;
    .first_byte_timeout = ${timeoutSeconds}s;
    .between_bytes_timeout = ${timeoutSeconds}s;
    .probe = alive;
}

sub vcl_recv {
    # Varnish has added whoever asks, which is the load balancer: back to the one address that this vouches for.
    set req.http.X-Forwarded-For = regsub(req.http.X-Forwarded-For, ",[^,]*$", "");

    # Of the cache itself: while the backend is away there is much that it can still serve.
    if (req.url == "/healthz") {
        return (synth(200));
    }
    if (local.socket == ${literal(purgeSocket)}) {
        call forget;
    }
    if (req.method !~ "^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$") {
        return (synth(405));
    }
${pass === undefined ? vcl`` : vcl`    if (req.url ~ ${literal(`(?i)${pass}`)}) {\n        return (pass);\n    }\n`}    # While the backend is well, what is past its time serves only those who come before it is fetched anew.
    if (std.healthy(req.backend_hint)) {
        set req.grace = 5s;
    }
}

# PURGE drops one address, BAN all in which a regular expression is found: of the request's host, of both schemes.
sub forget {
    if (req.method == "PURGE") {
        if (std.ban("obj.http.X-Kept-Host == " + req.http.Host + " && obj.http.X-Kept-Url == " + req.url)) {
            return (synth(200));
        }
        return (synth(400));
    }
    if (req.method == "BAN") {
        if (std.ban("obj.http.X-Kept-Host == " + req.http.Host + " && obj.http.X-Kept-Url ~ " + req.url)) {
            return (synth(200));
        }
        return (synth(400));
    }
    return (synth(405));
}

sub vcl_req_cookie {
    if (req.url ~ ${file}) {
        return (hash);
    }
}

sub vcl_hash {
    # Applications write the scheme into addresses and redirects.
    hash_data(req.http.X-Forwarded-Proto);
}

sub vcl_backend_response {
    # What is kept serves better than an error.
    if (beresp.status >= 500 && bereq.is_bgfetch) {
        return (abandon);
    }
    set beresp.grace = ${graceSeconds}s;
    set beresp.http.X-Kept-Host = bereq.http.Host;
    set beresp.http.X-Kept-Url = bereq.url;
    if (bereq.uncacheable) {
        return (deliver);
    }
    if (std.integer(beresp.http.Content-Length, 0) > ${maxFile}) {
        call vcl_beresp_hitmiss;
    }
    # A file as the web server has it: what a program made has no date of change.
    if (bereq.url ~ ${file} && beresp.status == 200 && beresp.http.Last-Modified) {
        if (beresp.ttl > ${ttlSeconds}s || (beresp.http.Cache-Control !~ "(?i)max-?age" && !beresp.http.Expires)) {
            set beresp.ttl = ${ttlSeconds}s;
        }
    }
    # Anything else is kept only if it says for how long.
    else if (beresp.http.Cache-Control !~ "(?i)max-?age" && !beresp.http.Expires) {
        call vcl_beresp_hitmiss;
    }
}

# A balancer that keeps a connection would send requests into the end of the pod.
sub close_when_stopping {
    if (std.file_exists(${literal(stopping)})) {
        set resp.http.Connection = "close";
    }
}

sub vcl_deliver {
    call close_when_stopping;
    if (obj.hits > 0) {
        set resp.http.X-Cache = "hit";
    } else {
        set resp.http.X-Cache = "miss";
    }
    unset resp.http.X-Kept-Host;
    unset resp.http.X-Kept-Url;
    unset resp.http.Server;
    unset resp.http.Via;
    unset resp.http.X-Varnish;
}

# Neither of these tells what is behind it.
sub vcl_synth {
    call close_when_stopping;
    set resp.http.Content-Type = "text/plain; charset=utf-8";
    set resp.body = "" + resp.status + " " + resp.reason + {"
"};
    unset resp.http.Server;
    unset resp.http.X-Varnish;
    return (deliver);
}

sub vcl_backend_error {
    if (bereq.is_bgfetch) {
        return (abandon);
    }
    set beresp.status = 503;
    set beresp.reason = "Service Unavailable";
    set beresp.http.Content-Type = "text/plain; charset=utf-8";
    set beresp.http.Retry-After = "5";
    set beresp.body = {"503 Service Unavailable
"};
    return (deliver);
}
`;
}
