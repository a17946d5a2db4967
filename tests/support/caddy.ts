import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { caddyfile } from "../../components/loadBalancer/caddyfile";
import type { CaddyfileArgs, FileRoute, FileSite } from "../../components/loadBalancer/fileSite";
import { reloadScript, snippetOf } from "../../components/loadBalancer/reload";
import { Daemon, freePort, goProgram, program, scratch } from "./tools";

export const caddyPackage = "github.com/caddyserver/caddy/v2/cmd/caddy";

/** With the version that `tests/tools/caddy` pins, which is the image's. */
export const caddyTitle = "Caddy (module v2.11.4, image caddy:2.11.4-alpine)";

export interface Answer {
    readonly status: number;
    readonly headers: http.IncomingHttpHeaders;
    readonly body: string;
}

export interface Ask {
    readonly host: string;
    readonly path?: string;
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: Buffer;
    /** @default "127.0.0.1" */
    readonly from?: string;
    /** Server name in the TLS handshake. @default the host */
    readonly sni?: string;
    readonly agent?: http.Agent;
    /**
     * Asks again when a kept connection was closed before any answer, as RFC 9112 §9.3.1 has clients do: every
     * HTTP/1.1 server that is reloaded closes idle connections, and a request may cross with that.
     */
    readonly retry?: boolean;
}

interface Application {
    readonly port: number;
    close(): void;
}

/** A server in place of an application: it returns the request that it received. */
async function application(name: string): Promise<Application> {
    let breaks = 0;
    const server = http.createServer((request, response) => {
        // Every other request ends without an answer, as where its process has ended.
        if (request.url === "/ends" && ++breaks % 2 === 1) {
            request.socket.destroy();
            return;
        }
        if (request.url === "/slow") {
            // Two megabytes over four seconds, in bytes that compress to nothing.
            response.writeHead(200, { "content-type": "application/octet-stream" });
            let sent = 0;
            const timer = setInterval(() => {
                response.write(Buffer.alloc(100_000, 7));
                if (++sent === 20) {
                    clearInterval(timer);
                    response.end();
                }
            }, 200);
            return;
        }
        if (request.url === "/framed") response.setHeader("X-Frame-Options", "DENY");
        if (request.url === "/page") {
            response.setHeader("content-type", "text/html");
            response.end("<p>hello</p>".repeat(200));
            return;
        }
        let received = 0;
        request.on("data", (data: Buffer) => {
            received += data.length;
        });
        request.on("end", () => {
            response.setHeader("Server", "app/1.0");
            response.setHeader("content-type", "application/json");
            response.end(JSON.stringify({ name, url: request.url, headers: request.headers, received }));
        });
    });
    server.on("upgrade", (_request, socket) => {
        socket.on("error", () => undefined);
        socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        socket.on("data", (data) => socket.write(data));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
        port: (server.address() as AddressInfo).port,
        close: () => {
            server.closeAllConnections();
            server.close();
        },
    };
}

/** Caddy with the rendered file and reload script, on loopback, in front of two applications. */
export class CaddyEdge {
    private readonly folder = scratch();
    readonly path = this.folder.path;
    /** Of all processes: they find `caddy` as the script in the pod does. */
    readonly environment = {
        PATH: `${join(this.path, "bin")}:${process.env["PATH"]}`,
        XDG_DATA_HOME: join(this.path, "data"),
        XDG_CONFIG_HOME: join(this.path, "no-such-folder"),
    };
    readonly file = join(this.path, "Caddyfile");
    readonly socket = join(this.path, "admin.sock");
    readonly script = join(this.path, "reload.sh");
    ports = { http: 0, https: 0, health: 0, metrics: 0 };
    shop!: Application;
    admin!: Application;
    daemon!: Daemon;

    route = (to: { port: number }, rest: Partial<FileRoute> = {}): FileRoute => ({
        upstream: `127.0.0.1:${to.port}`,
        allow: [],
        maxBody: 1_000_000,
        ...rest,
    });

    site = (host: string, rest: Partial<FileSite>): FileSite => ({
        host,
        tls: { mode: "off", inFront: false },
        hstsSeconds: 300,
        compression: true,
        securityHeaders: true,
        accessLog: true,
        allow: [],
        stopped: false,
        closed: [],
        rewrites: {},
        embeddable: false,
        routes: [this.route(this.shop)],
        ...rest,
    });

    /** 127.0.0.2 is the trusted proxy, every other loopback address a client. */
    render = (sites: readonly FileSite[], rest: Partial<CaddyfileArgs> = {}): string =>
        caddyfile({
            ports: this.ports,
            adminSocket: this.socket,
            trustedProxies: ["127.0.0.2/32"],
            proxyProtocol: [],
            http3: false,
            graceSeconds: 1,
            sites,
            ...rest,
        });

    /** The initial sites: one for each kind of site. */
    sites = (): FileSite[] => [
        this.site("plain.example.org", {
            closed: [{ paths: ["/secret"], entry: "index.php", code: true }],
            routes: [
                this.route(this.shop),
                this.route(this.admin, { path: { paths: ["/admin"] }, allow: ["127.0.0.3/32"] }),
                this.route(this.admin, { path: { paths: ["/upload"] }, maxBody: 3_000_000 }),
            ],
        }),
        this.site("internal.example.org", { tls: { mode: "internal" } }),
        this.site("custom.example.org", {
            tls: { mode: "custom", snippet: this.snippet("shop") },
            closed: [{ paths: ["/secret"] }],
        }),
        this.site("front.example.org", { tls: { mode: "off", inFront: true } }),
        this.site("closed.example.org", { allow: ["127.0.0.3/32"] }),
        this.site("stopped.example.org", { stopped: true }),
        this.site("broken.example.org", { routes: [this.route({ port: 1 })] }),
        this.site("partial.example.org", { routes: [this.route(this.admin, { path: { paths: ["/only"] } })] }),
        this.site("framed.example.org", { embeddable: true }),
        this.site("rewritten.example.org", { rewrites: { "/favicon.ico": "/theming/asset/favicon.ico" } }),
        this.site("quiet.example.org", {
            accessLog: false,
            securityHeaders: false,
            compression: false,
            hstsSeconds: 0,
        }),
    ];

    private ask = (
        secure: boolean,
        { host, path = "/", method = "GET", headers = {}, body, from, sni, agent, retry }: Ask,
    ): Promise<Answer> =>
        new Promise((resolve, reject) => {
            const options: https.RequestOptions = {
                host: "127.0.0.1",
                port: secure ? this.ports.https : this.ports.http,
                path,
                method,
                headers: { host, ...headers },
                ...(from ? { localAddress: from } : {}),
                ...(agent ? { agent } : { agent: false }),
                ...(secure ? { servername: sni ?? host, rejectUnauthorized: false } : {}),
            };
            const request = (secure ? https : http).request(options, (response) => {
                const parts: Buffer[] = [];
                response.on("data", (part: Buffer) => parts.push(part));
                response.on("error", reject);
                response.on("end", () =>
                    resolve({
                        status: response.statusCode!,
                        headers: response.headers,
                        body: Buffer.concat(parts).toString("latin1"),
                    }),
                );
            });
            request.on("error", (error: NodeJS.ErrnoException) => {
                if (retry && request.reusedSocket && error.code === "ECONNRESET")
                    resolve(this.ask(secure, { host, path, agent: agent! }));
                else reject(error);
            });
            request.end(body);
        });

    plain = (options: Ask) => this.ask(false, options);
    secure = (options: Ask) => this.ask(true, options);

    /** The request that the application received. */
    seen = async (
        answer: Promise<Answer>,
    ): Promise<{ name: string; url: string; headers: Record<string, string>; received: number }> =>
        JSON.parse((await answer).body);

    snippet = (name: string) => snippetOf(join(this.path, "snippets"), name);
    certificateOf = (name: string) => join(this.path, "tls", name, "tls.crt");

    /** Lists the certificates of these names, as the ConfigMap does. */
    list(...names: string[]): void {
        const line = (name: string) =>
            `${name} ${this.certificateOf(name)} ${this.certificateOf(name).replace(/crt$/, "key")}\n`;
        writeFileSync(join(this.path, "certificates"), names.map(line).join(""));
    }

    /** Runs the init container's command; returns its output. */
    prepare = (): string => execFileSync("sh", [this.script, "prepare"], { env: this.environment }).toString();

    /** Puts a new self-signed certificate and its key where Caddy looks for those of this name. */
    certify = (host: string, name = "shop"): void => {
        const target = join(this.path, "tls", name);
        mkdirSync(target, { recursive: true });
        const request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(" ");
        const names = ["-subj", `/CN=${host}`, "-addext", `subjectAltName=DNS:${host}`];
        const files = ["-keyout", join(target, "tls.key"), "-out", join(target, "tls.crt")];
        execFileSync("openssl", [...request, ...names, ...files], { stdio: "ignore" });
    };

    /** Starts it with these sites, and settings that differ. */
    async start(
        test: Mocha.Context,
        sites: () => readonly FileSite[] = this.sites,
        rest: Partial<CaddyfileArgs> = {},
    ): Promise<void> {
        const caddy = await goProgram(test, "caddy", caddyPackage);
        program(test, "openssl");
        this.ports = {
            http: await freePort(),
            https: await freePort(),
            health: await freePort(),
            metrics: await freePort(),
        };
        this.shop = await application("shop");
        this.admin = await application("admin");
        this.certify("custom.example.org");
        mkdirSync(join(this.path, "bin"));
        symlinkSync(caddy, join(this.path, "bin/caddy"));
        writeFileSync(this.file, this.render(sites(), rest));
        this.list("shop");
        const script = { list: join(this.path, "certificates"), snippets: join(this.path, "snippets"), interval: 1 };
        writeFileSync(this.script, reloadScript({ caddyfile: this.file, adminSocket: this.socket, ...script }));
        this.prepare();
        this.daemon = this.run(this.file);
        await this.daemon.ready(() => fetch(`http://127.0.0.1:${this.ports.health}/healthz`));
        // Caddy issues certificates of its own authority while it already listens, and refuses handshakes until then.
        for (const { host, tls } of sites())
            if (tls.mode === "internal") await this.daemon.ready(() => this.secure({ host }));
    }

    /** A process of Caddy with a file, as the pod starts it. */
    run = (file: string): Daemon =>
        new Daemon("caddy", ["run", "--adapter", "caddyfile", "--config", file], { env: this.environment });

    async stop(): Promise<void> {
        await this.daemon?.stop();
        this.shop?.close();
        this.admin?.close();
        this.folder.clean();
    }
}
