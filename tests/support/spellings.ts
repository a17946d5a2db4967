/** One way to request a path: the bytes sent, in Latin-1. */
export interface Spelling {
    readonly name: string;
    /** @param path begins with a slash, in lower case */
    readonly request: (path: string, host: string) => string;
}

interface Line {
    readonly method?: string;
    readonly version?: string;
    readonly headers?: readonly string[];
}

const lines = (target: string, host: string, { method = "GET", version = "1.1", headers = [] }: Line = {}): string =>
    [`${method} ${target} HTTP/${version}`, `Host: ${host}`, ...headers, "Connection: close", "", ""].join("\r\n");

const hex = (text: string) => `%${text.charCodeAt(0).toString(16)}`;
const encoded = (path: string) => path.replace(/[a-z]/, hex);
/** The last part with something after its second letter. */
const within = (path: string, what: string) => path.replace(/([^/]{2})([^/]*)$/, `$1${what}$2`);
/** Below the path and out of it again: it is `/x` if the segments are resolved. */
const out = (path: string, up: string) => `${path}/index/login/${up.repeat(path.split("/").length + 1)}x`;

/** Where only the target of the request differs. */
const targets: Readonly<Record<string, (path: string) => string>> = {
    "as it is": (path) => path,
    "with a slash at its end": (path) => `${path}/`,
    "with a page below": (path) => `${path}/index/login/`,
    "with a query": (path) => `${path}?x=/../../y`,
    "in the query of another": (path) => `/?${path}`,
    "with doubled slashes in front": (path) => `//${path}`,
    "with doubled slashes everywhere": (path) => path.replaceAll("/", "//"),
    "with tripled slashes": (path) => path.replaceAll("/", "///"),
    "after a dot": (path) => `/.${path}`,
    "with dots between": (path) => path.replaceAll("/", "/./"),
    "after another, by two dots": (path) => `/x/..${path}`,
    "after another, by two encoded dots": (path) => `/x/%2e%2e${path}`,
    "after another, by dots with a parameter": (path) => `/x/..;a=b${path}`,
    "beyond the root": (path) => `/../..${path}`,
    "with a dot at its end": (path) => `${path}/.`,
    "with dots in its name": (path) => within(path, ".."),
    "with encoded dots in its name": (path) => within(path, "%2e%2e"),
    "with a dot and a slash in its name": (path) => within(path, "./"),
    "left by ../": (path) => out(path, "../"),
    "left by %2e%2e/": (path) => out(path, "%2e%2e/"),
    "left by %2E./": (path) => out(path, "%2E./"),
    "left by ..%2f": (path) => out(path, "..%2f"),
    "left by %2e%2e%2F": (path) => out(path, "%2e%2e%2F"),
    "left by ..%252f": (path) => out(path, "..%252f"),
    "left by %252e%252e/": (path) => out(path, "%252e%252e/"),
    "left by %25252e%25252e%25252f": (path) => out(path, "%25252e%25252e%25252f"),
    "left by %u002e%u002e/": (path) => out(path, "%u002e%u002e/"),
    "left by ..\\": (path) => out(path, "..\\"),
    "left by ..%5c": (path) => out(path, "..%5c"),
    "left by ..%255c": (path) => out(path, "..%255c"),
    "left by ..;/": (path) => out(path, "..;/"),
    "left by ..%3b/": (path) => out(path, "..%3b/"),
    "left by ..//": (path) => out(path, "..//"),
    "left by ../ with a blank": (path) => out(path, "..%20/"),
    "left by overlong dots": (path) => out(path, "%c0%ae%c0%ae/"),
    "left by overlong slashes": (path) => out(path, "..%c0%af"),
    "left by ../ before a query": (path) => `${out(path, "../")}?a=b`,
    "left by ../ into a file": (path) => `${out(path, "../")}/robots.txt`,
    "left by .. at the end": (path) => `${path}/..`,
    "with an encoded letter": encoded,
    "encoded wholly": (path) => path.replace(/[^/]/g, hex),
    "with a letter encoded twice": (path) => encoded(path).replace("%", "%25"),
    "with its slashes encoded": (path) => `/${path.slice(1).replaceAll("/", "%2f")}%2f`,
    "with an encoded slash in front": (path) => `/%2f${path.slice(1)}`,
    "in upper case": (path) => path.toUpperCase(),
    capitalised: (path) => path.replace(/\/([a-z])/g, (letter) => letter.toUpperCase()),
    "with a parameter": (path) => `${path};a=b/`,
    "after a parameter": (path) => `/;a=b${path}`,
    "with an encoded semicolon": (path) => `${path}%3b`,
    "with %00": (path) => `${path}%00`,
    "with %00 and a file": (path) => `${path}%00.css`,
    "with %0a": (path) => `${path}%0a`,
    "with %0d%0a": (path) => `${path}%0d%0aX: y`.replace(" ", "%20"),
    "with %09": (path) => `${path}%09/`,
    "with %20": (path) => `${path}%20/`,
    "with a plus": (path) => `${path}+/`,
    "with a raw NUL": (path) => `${path}\0`,
    "with a raw tab": (path) => `${path}\t/`,
    "with a raw blank": (path) => `${path} /x`,
    "with a raw byte over 127": (path) => `${path}\xff/`,
    "with a raw byte over 127 before": (path) => `/\xe9/..${path}`,
    "with a backslash in front": (path) => `/\\${path.slice(1)}`,
    "with a backslash for each slash": (path) => `/${path.slice(1).replaceAll("/", "\\")}\\x`,
    "with a question mark encoded": (path) => `${path}%3fx`,
    "with a broken escape": (path) => `${path}%zz`,
    "with half an escape": (path) => `${path}%2`,
    "with a fragment": (path) => `${path}#x`,
    "in the fragment of another": (path) => `/x#/..${path}`,
    "with a fragment behind dots": (path) => `${path}/../x#${path}`,
    "behind index.php": (path) => `/index.php${path}/`,
    "behind index.php and doubled slashes": (path) => `/index.php/${path}/`,
    "behind index.php, encoded": (path) => `/index%2ephp${path}/`,
    "behind INDEX.PHP": (path) => `/INDEX.PHP${path}/`,
    "behind index.php and dots": (path) => `/index.php/x/..${path}`,
    "behind index.php, and out": (path) => `/index.php${out(path, "../")}`,
    "behind index.php as a folder of its own": (path) => `/x/index.php${path}/`,
    "behind index.php twice": (path) => `/index.php/index.php${path}/`,
    "behind index.php and a name": (path) => `/index.phpx${path}/`,
    "behind another script": (path) => `/get.php${path}/`,
    "behind a store's code": (path) => `/german${path}/`,
    "behind a store's code and doubled slashes": (path) => `/index.php//german//${path}/`,
    "behind the administration's store": (path) => `/admin${path}/`,
    "behind a store's code, and out": (path) => `/german${out(path, "..%2f")}`,
    "behind a file that is there": (path) => `/robots.txt${path}`,
    "without a slash": (path) => path.slice(1),
};

/** Names of headers in which frameworks and servers look for the address. */
const headers = [
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-Original-URI",
    "X_ORIGINAL_URL",
    "X-Forwarded-Uri",
    "X-Forwarded-Path",
    "X-Forwarded-Prefix",
    "X-Script-Name",
    "SCRIPT_NAME",
    "PATH_INFO",
    "ORIG_PATH_INFO",
    "REQUEST_URI",
    "Request-Uri",
    "X-Request-Uri",
    "Redirect-Url",
    "X-HTTP-DestinationURL",
];

const other = "other.example.org";

const whole: Readonly<Record<string, Spelling["request"]>> = {
    absolute: (path, host) => lines(`http://${host}${path}`, host),
    "absolute, in upper case": (path, host) => lines(`HTTP://${host.toUpperCase()}${path}`, host),
    "absolute, with another Host": (path, host) => lines(`http://${host}${path}`, other),
    "absolute of another host": (path, host) => lines(`http://${other}${path}`, host),
    "absolute, with a port": (path, host) => lines(`http://${host}:80${path}`, host),
    "absolute, with a user": (path, host) => lines(`http://x@${host}${path}`, host),
    "absolute, left by ../": (path, host) => lines(`http://${host}${out(path, "../")}`, host),
    "absolute, without a path": (path, host) => lines(`http://${host}?${path}`, host),
    "absolute, with a fragment": (path, host) => lines(`http://${host}#/..${path}`, host),
    "absolute, without a host": (path, host) => lines(`http:${path}`, host),
    "absolute, opaque": (path, host) => lines(`http:${path.slice(1)}`, host),
    "absolute, as https": (path, host) => lines(`https://${host}${path}`, host),
    "as HTTP/1.0": (path, host) => lines(path, host, { version: "1.0" }),
    "as HTTP/1.0 without a Host": (path) => `GET ${path} HTTP/1.0\r\n\r\n`,
    "as HTTP/0.9": (path) => `GET ${path}\r\n`,
    "with an empty Host": (path) => lines(path, ""),
    "without a Host": (path) => `GET ${path} HTTP/1.1\r\nConnection: close\r\n\r\n`,
    "with a Host and its port": (path, host) => lines(path, `${host}:8080`),
    "with a Host in upper case": (path, host) => lines(path, host.toUpperCase()),
    "with a Host and a dot": (path, host) => lines(path, `${host}.`),
    "with two Hosts": (path, host) => lines(path, host, { headers: [`Host: ${other}`] }),
    "with a Host that has a path": (path, host) => lines("/x", `${host}${path}`),
    posted: (path, host) => lines(path, host, { method: "POST", headers: ["Content-Length: 0"] }),
    "by an unknown method": (path, host) => lines(path, host, { method: "BREW" }),
    "by CONNECT": (path, host) => lines(path, host, { method: "CONNECT" }),
    "by another method in a header": (path, host) => lines(path, host, { headers: ["X-HTTP-Method-Override: PUT"] }),
    "after an empty line": (path, host) => `\r\n${lines(path, host)}`,
    "with bare line feeds": (path, host) => lines(path, host).replaceAll("\r", ""),
    "as the second request": (path, host) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n${lines(path, host)}`,
    "by IIS' words": (path, host) =>
        lines("/", host, { headers: ["IIS-WasUrlRewritten: 1", `UNENCODED-URL: ${path}`] }),
    "with the true client's address": (path, host) =>
        lines(path, host, {
            headers: ["X-Forwarded-For: 127.0.0.3", "X-Real-IP: 127.0.0.3", "Forwarded: for=127.0.0.3"],
        }),
};

/** Ways to request a path, or to make some server believe that it was requested. */
export const spellings: readonly Spelling[] = [
    ...Object.entries(targets).map(([name, target]): Spelling => ({
        name,
        request: (path, host) => lines(target(path), host),
    })),
    ...headers.map((name): Spelling => ({
        name: `in ${name}`,
        request: (path, host) => lines("/", host, { headers: [`${name}: ${path}`] }),
    })),
    ...Object.entries(whole).map(([name, request]): Spelling => ({ name, request })),
];
