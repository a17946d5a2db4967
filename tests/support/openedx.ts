import { generateKeyPairSync } from "node:crypto";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import type { DeclareArgs, Sent } from "./declare";
import { declareOpenCart as declareInstance } from "./opencart";

export const hosts = { lms: "learn.example.org", studio: "studio.learn.example.org", files: "files.learn.example.org" };

/** With every special character of URLs, SQL, YAML and shells. */
const nasty = `it's-a-"\\secret\\'; $HOME \`id\` %s @:/?#é`;
const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
});
export const secrets = {
    openedxSecretKey: `django ${nasty}`,
    cmsOauth2Secret: `oauth ${nasty}`,
    jwtPrivateKey: privateKey,
    databasePassword: `mysql ${nasty}`,
    databaseRootPassword: `root ${nasty}`,
    documentsPassword: `mongo ${nasty}`,
    brokerPassword: `broker ${nasty}`,
    cachePassword: `cache ${nasty}`,
    searchMasterKey: "search-master-key-of-the-tests",
    objectStorageAccessKey: "openedx-files",
    objectStorageSecretKey: "files-secret-of-the-tests",
};

/** Declares an instance `shop` of Open edX with the whole program; returns what would be sent. */
export const declareOpenedx = (instance: DeclareArgs["instance"] = {}): Promise<Sent[]> =>
    declareInstance({
        instance: {
            platform: "openedx",
            host: hosts.lms,
            size: "small",
            tls: { mode: "off" },
            theme: "default",
            ...instance,
        },
        values: { secrets: { shop: secrets } },
    });

/** Of the public image, where it is not in the rendered pods. */
export const imageEnv = {
    PATH: "/openedx/venv/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    VIRTUAL_ENV: "/openedx/venv",
    LMS_CFG: "/openedx/config/lms.env.yml",
    CMS_CFG: "/openedx/config/cms.env.yml",
    STATIC_ROOT_LMS: "/openedx/staticfiles",
    STATIC_ROOT_CMS: "/openedx/staticfiles/studio",
    COMPREHENSIVE_THEME_DIRS: "/openedx/themes",
    LANG: "C.UTF-8",
};

export interface Page {
    readonly status: number;
    readonly headers: IncomingHttpHeaders;
    readonly body: string;
    readonly url: string;
}

export interface Ask {
    /** @default GET, or POST with a body */
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    /** Fields of a form, or anything else. */
    readonly body?: Readonly<Record<string, string>> | string | Buffer;
    /** To be sent as JSON. */
    readonly json?: unknown;
    /** Milliseconds until it gives up. @default 60,000 */
    readonly timeout?: number;
}

/** Asks an address as the balancer does, for a host and over plain HTTP. */
export async function ask(
    address: string,
    url: string,
    { body, json, timeout = 60_000, ...rest }: Ask = {},
): Promise<Page> {
    const { host, pathname, search } = new URL(url);
    const form = typeof body === "object" && !Buffer.isBuffer(body);
    const sent = json !== undefined ? JSON.stringify(json) : form ? new URLSearchParams(body).toString() : body;
    const { method = sent === undefined ? "GET" : "POST", headers = {} } = rest;
    const [hostname, port = "8000"] = address.split(":");
    const all: Record<string, string> = {
        Host: host,
        ...(form ? { "Content-Type": "application/x-www-form-urlencoded" } : {}),
        ...(json !== undefined ? { "Content-Type": "application/json", Accept: "application/json" } : {}),
        ...(sent === undefined ? {} : { "Content-Length": String(Buffer.byteLength(sent)) }),
        "X-Forwarded-Proto": "http",
        "X-Forwarded-For": "192.0.2.7",
        ...headers,
    };
    let timer: NodeJS.Timeout | undefined;
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
        const asked = request({ hostname, port, path: pathname + search, method, headers: all, agent: false }, resolve);
        // A socket's own limit begins with the connection, for which a full queue lets one wait two minutes.
        timer = setTimeout(() => asked.destroy(new Error(`no answer in ${timeout} ms`)), timeout);
        asked.once("error", reject).end(sent);
    });
    try {
        const answer = await answered;
        return { status: answer.statusCode!, headers: answer.headers, body: await text(answer), url };
    } finally {
        clearTimeout(timer);
    }
}

/** A browser: it keeps the cookies of each host, and goes from one host to another. */
export class Browser {
    /** By name and place: each host has some of the same names as the others. */
    private readonly jar = new Map<
        string,
        { readonly name: string; readonly value: string; readonly host: string; readonly below: boolean }
    >();

    /** @param addresses of the servers, by host */
    constructor(private readonly addresses: Readonly<Record<string, string>>) {}

    /** One request, without following a redirection. */
    async once(url: string, options: Ask = {}): Promise<Page> {
        const { hostname, origin } = new URL(url);
        const address = this.addresses[hostname];
        if (address === undefined) throw new Error(`no server answers for ${hostname}`);
        const cookies = [...this.jar.values()].filter(
            ({ host, below }) => hostname === host || (below && hostname.endsWith(`.${host}`)),
        );
        const token = cookies.find(({ name }) => name === "csrftoken")?.value;
        const headers = {
            Cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; "),
            Referer: `${origin}/`,
            ...(token === undefined ? {} : { "X-CSRFToken": token }),
            ...options.headers,
        };
        const page = await ask(address, url, { ...options, headers });
        for (const cookie of page.headers["set-cookie"] ?? []) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
            const domain = /domain=\.?([^;]+)/i.exec(cookie)?.[1];
            const [host, below] = [domain ?? hostname, domain !== undefined];
            this.jar.set(`${name}@${host}@${below}`, { name: name!, value: value!, host, below });
        }
        return page;
    }

    /** Follows redirections for as long as a server of ours answers for their host. */
    async get(url: string, left = 10): Promise<Page> {
        const page = await this.once(url);
        const { location } = page.headers;
        if (location === undefined || left === 0) return page;
        const next = new URL(location, url);
        return next.hostname in this.addresses ? this.get(next.href, left - 1) : { ...page, url: next.href };
    }

    async logIn(name: string, password: string): Promise<Page> {
        await this.once(`http://${hosts.lms}/csrf/api/v1/token`);
        return this.once(`http://${hosts.lms}/api/user/v2/account/login_session/`, {
            body: { email_or_username: name, password },
        });
    }
}

/** A probe as rendered. */
export interface RenderedProbe {
    readonly httpGet?: {
        readonly path: string;
        readonly port: number;
        readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
    };
    readonly tcpSocket?: { readonly port: number };
    readonly periodSeconds: number;
    readonly failureThreshold: number;
    readonly timeoutSeconds: number;
}

/** Asks once, as the kubelet does. */
export async function passes(address: string, probe: RenderedProbe): Promise<boolean> {
    const { httpGet, tcpSocket } = probe;
    const timeout = probe.timeoutSeconds * 1000;
    if (httpGet) {
        const headers = Object.fromEntries((httpGet.httpHeaders ?? []).map(({ name, value }) => [name, value]));
        const url = `http://${address}${httpGet.path}`;
        const asked = await ask(`${address}:${httpGet.port}`, url, { headers, timeout }).catch(() => undefined);
        return asked !== undefined && asked.status >= 200 && asked.status < 400;
    }
    return new Promise((resolve) => {
        const socket = connect({ host: address, port: tcpSocket!.port });
        const end = (passed: boolean) => {
            socket.destroy();
            resolve(passed);
        };
        socket.setTimeout(timeout, () => end(false));
        socket.once("connect", () => end(true)).once("error", () => end(false));
    });
}

/** What a kubelet would do with a probe: asks in its period, and remembers the longest row of failures. */
export class Probing {
    worst = 0;
    private failures = 0;
    private readonly timer: NodeJS.Timeout;

    constructor(address: string, probe: RenderedProbe) {
        const once = async (): Promise<void> => {
            this.failures = (await passes(address, probe)) ? 0 : this.failures + 1;
            this.worst = Math.max(this.worst, this.failures);
        };
        this.timer = setInterval(() => void once(), probe.periodSeconds * 1000);
    }

    stop(): number {
        clearInterval(this.timer);
        return this.worst;
    }
}
