import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as tls from "node:tls";
import { expect } from "chai";
import { type CaddyfileArgs, caddyfile, type FileRoute, type FileSite } from "../../components/loadBalancer/caddyfile";
import { reloadScript, snippetOf } from "../../components/loadBalancer/reload";
import { Daemon, freePort, goProgram, program, scratch } from "../support/tools";

const caddyPackage = "github.com/caddyserver/caddy/v2/cmd/caddy";

interface Answer {
    readonly status: number;
    readonly headers: http.IncomingHttpHeaders;
    readonly body: string;
}

interface Ask {
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

/** One server that stands for an application: it tells what it was sent. */
async function application(name: string): Promise<{ port: number; close: () => void }> {
    const server = http.createServer((request, response) => {
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

describe(`Caddy (module v2.11.4, image caddy:2.11.4-alpine)`, function () {
    this.timeout(60_000);
    let caddy: string;
    let folder: ReturnType<typeof scratch>;
    let ports: { http: number; https: number; health: number; metrics: number };
    let shop: Awaited<ReturnType<typeof application>>;
    let admin: Awaited<ReturnType<typeof application>>;
    let daemon: Daemon;
    let environment: NodeJS.ProcessEnv;
    let file: string;
    let socket: string;

    const route = (to: { port: number }, rest: Partial<FileRoute> = {}): FileRoute => ({
        upstream: `127.0.0.1:${to.port}`,
        allow: [],
        maxBody: 1_000_000,
        ...rest,
    });
    const site = (host: string, rest: Partial<FileSite>): FileSite => ({
        host,
        tls: { mode: "off", inFront: false },
        hstsSeconds: 300,
        compression: true,
        securityHeaders: true,
        accessLog: true,
        allow: [],
        stopped: false,
        routes: [route(shop)],
        ...rest,
    });
    // 127.0.0.2 plays the trusted proxy, every other address of loopback a client.
    const file_ = (sites: readonly FileSite[], rest: Partial<CaddyfileArgs> = {}): string =>
        caddyfile({
            ports,
            adminSocket: socket,
            trustedProxies: ["127.0.0.2/32"],
            http3: false,
            graceSeconds: 1,
            sites,
            ...rest,
        });
    const sites = (): FileSite[] => [
        site("plain.example.org", {
            routes: [
                route(shop),
                route(admin, { path: "/admin", allow: ["127.0.0.3/32"] }),
                route(admin, { path: "/upload", maxBody: 3_000_000 }),
            ],
        }),
        site("internal.example.org", { tls: { mode: "internal" } }),
        site("custom.example.org", {
            tls: { mode: "custom", snippet: snippet("shop") },
        }),
        site("front.example.org", { tls: { mode: "off", inFront: true } }),
        site("closed.example.org", { allow: ["127.0.0.3/32"] }),
        site("stopped.example.org", { stopped: true }),
        site("broken.example.org", { routes: [route({ port: 1 })] }),
        site("partial.example.org", { routes: [route(admin, { path: "/only" })] }),
        site("quiet.example.org", { accessLog: false, securityHeaders: false, compression: false, hstsSeconds: 0 }),
    ];

    const ask = (
        secure: boolean,
        { host, path = "/", method = "GET", headers = {}, body, from, sni, agent, retry }: Ask,
    ): Promise<Answer> =>
        new Promise((resolve, reject) => {
            const options: https.RequestOptions = {
                host: "127.0.0.1",
                port: secure ? ports.https : ports.http,
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
                    resolve(ask(secure, { host, path, agent: agent! }));
                else reject(error);
            });
            request.end(body);
        });
    const tunnel = () =>
        tls.connect({
            host: "127.0.0.1",
            port: ports.https,
            servername: "internal.example.org",
            ALPNProtocols: ["h2"],
            rejectUnauthorized: false,
        });
    /** The status of a request, or nothing where the server refused it unprocessed, which is safe to send again. */
    const stream = (session: http2.ClientHttp2Session): Promise<number | undefined> =>
        new Promise((resolve, reject) => {
            const request = session.request({ ":path": "/" });
            let status = 0;
            request.on("response", (headers) => {
                status = headers[":status"]!;
            });
            request.on("error", (error) => {
                if (request.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM) resolve(undefined);
                else reject(error);
            });
            request.on("end", () => {
                if (status !== 0) resolve(status);
            });
            request.resume();
            request.end();
        });
    const peer = (host: string, port = ports.https): Promise<tls.PeerCertificate> =>
        new Promise((resolve, reject) => {
            const connection = tls.connect(
                { host: "127.0.0.1", port, servername: host, rejectUnauthorized: false },
                () => {
                    resolve(connection.getPeerCertificate());
                    connection.destroy();
                },
            );
            connection.on("error", reject);
        });
    const plain = (options: Ask) => ask(false, options);
    const secure = (options: Ask) => ask(true, options);
    const seen = async (
        answer: Promise<Answer>,
    ): Promise<{ name: string; headers: Record<string, string>; received: number }> => JSON.parse((await answer).body);

    const snippet = (name: string) => snippetOf(join(folder.path, "snippets"), name);
    const certificateOf = (name: string) => join(folder.path, "tls", name, "tls.crt");
    const listed = (...names: string[]): string =>
        names.map((name) => `${name} ${certificateOf(name)} ${certificateOf(name).replace(/crt$/, "key")}\n`).join("");
    const reload = (): string =>
        reloadScript({
            caddyfile: file,
            list: join(folder.path, "certificates"),
            snippets: join(folder.path, "snippets"),
            adminSocket: socket,
            interval: 1,
        });
    /** What the init container does; returns what it says. */
    const prepare = (): string => {
        writeFileSync(join(folder.path, "reload.sh"), reload());
        return execFileSync("sh", [join(folder.path, "reload.sh"), "prepare"], { env: environment }).toString();
    };
    const certify = (host: string, name = "shop"): void => {
        const target = join(folder.path, "tls", name);
        mkdirSync(target, { recursive: true });
        execFileSync(
            "openssl",
            [
                ...[
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:prime256v1",
                    "-nodes",
                    "-days",
                    "2",
                ],
                ...["-subj", `/CN=${host}`, "-addext", `subjectAltName=DNS:${host}`],
                ...["-keyout", join(target, "tls.key"), "-out", join(target, "tls.crt")],
            ],
            { stdio: "ignore" },
        );
    };

    before(async function () {
        caddy = await goProgram(this, "caddy", caddyPackage);
        program(this, "openssl");
        folder = scratch();
        ports = {
            http: await freePort(),
            https: await freePort(),
            health: await freePort(),
            metrics: await freePort(),
        };
        shop = await application("shop");
        admin = await application("admin");
        certify("custom.example.org");
        file = join(folder.path, "Caddyfile");
        socket = join(folder.path, "admin.sock");
        // The daemon test's programs find `caddy` as the script in the pod does.
        mkdirSync(join(folder.path, "bin"));
        execFileSync("ln", ["-s", caddy, join(folder.path, "bin/caddy")]);
        environment = {
            PATH: `${join(folder.path, "bin")}:${process.env["PATH"]}`,
            XDG_DATA_HOME: join(folder.path, "data"),
            XDG_CONFIG_HOME: join(folder.path, "no-such-folder"),
        };
        writeFileSync(file, file_(sites()));
        writeFileSync(join(folder.path, "certificates"), listed("shop"));
        prepare();
        daemon = new Daemon("caddy", ["run", "--adapter", "caddyfile", "--config", file], { env: environment });
        await daemon.ready(() => secure({ host: "internal.example.org" }));
    });
    after(async () => {
        await daemon?.stop();
        shop?.close();
        admin?.close();
        folder?.clean();
    });

    describe("the file", () => {
        const variants: Record<string, () => string> = {
            "every site": () => file_(sites()),
            "HTTP only, nothing trusted": () => file_([site("a.example.org", {})], { trustedProxies: [] }),
            "HTTP/3, node port": () =>
                file_([site("a.example.org", { tls: { mode: "internal" } })], {
                    http3: true,
                    publicPorts: { http: 30080, https: 30443 },
                }),
            ACME: () =>
                file_([
                    site("a.example.org", {
                        tls: { mode: "acme", email: "ops@example.org", directory: "https://127.0.0.1:1/directory" },
                    }),
                ]),
            "no site": () => file_([]),
        };
        for (const [name, text] of Object.entries(variants)) {
            it(`is valid and formatted: ${name}`, () => {
                const path = join(folder.path, "Caddyfile.variant");
                writeFileSync(path, text());
                execFileSync("caddy", ["validate", "--adapter", "caddyfile", "--config", path], {
                    env: environment,
                    stdio: "pipe",
                });
                expect(execFileSync("caddy", ["fmt", path], { env: environment }).toString()).to.equal(text());
            });
        }
    });

    describe("routes", () => {
        it("by host and by path, the longest path first", async () => {
            expect(await seen(plain({ host: "plain.example.org" }))).to.include({ name: "shop" });
            expect(await seen(plain({ host: "plain.example.org", path: "/admin/x", from: "127.0.0.3" }))).to.include({
                name: "admin",
            });
            expect(await seen(plain({ host: "plain.example.org", path: "/admin", from: "127.0.0.3" }))).to.include({
                name: "admin",
            });
            expect(await seen(plain({ host: "plain.example.org", path: "/administrator" }))).to.include({
                name: "shop",
            });
            expect((await plain({ host: "partial.example.org", path: "/other" })).status).to.equal(404);
        });
        it("deny whoever is not allowed, however the path is written", async () => {
            for (const path of [
                "/admin",
                "/admin/",
                "/admin/x?y",
                "//admin/",
                "/%61dmin/",
                "/x/../admin/",
                "/./admin",
                "/ADMIN/",
                "/x/%2e%2e/admin/",
            ]) {
                const { status, body } = await plain({ host: "plain.example.org", path });
                expect([status, body], path).to.deep.equal([403, ""]);
            }
            expect((await plain({ host: "closed.example.org" })).status).to.equal(403);
            expect((await plain({ host: "closed.example.org", from: "127.0.0.3" })).status).to.equal(200);
        });
        it("deny by the client behind a trusted proxy, and believe nobody else", async () => {
            const forwarded = (address: string) => ({ "X-Forwarded-For": address });
            expect(
                (await plain({ host: "closed.example.org", from: "127.0.0.2", headers: forwarded("127.0.0.3") }))
                    .status,
            ).to.equal(200);
            expect(
                (await plain({ host: "closed.example.org", from: "127.0.0.2", headers: forwarded("192.0.2.1") }))
                    .status,
            ).to.equal(403);
            expect((await plain({ host: "closed.example.org", headers: forwarded("127.0.0.3") })).status).to.equal(403);
            // What the proxy appended counts, not what the client had written before it.
            expect(
                (
                    await plain({
                        host: "closed.example.org",
                        from: "127.0.0.2",
                        headers: forwarded("127.0.0.3, 192.0.2.1"),
                    })
                ).status,
            ).to.equal(403);
        });
        it("never answer a host that is not theirs", async () => {
            expect((await plain({ host: "other.example.org" })).status).to.equal(404);
            expect((await secure({ host: "other.example.org", sni: "custom.example.org" })).status).to.equal(421);
            let failure: Error | undefined;
            await secure({ host: "other.example.org" }).catch((error: Error) => {
                failure = error;
            });
            expect(failure?.message).to.match(/alert|SSL/);
        });
        it("answer 503 for a stopped site", async () => {
            const { status, headers } = await plain({ host: "stopped.example.org", path: "/any" });
            expect(status).to.equal(503);
            expect(headers["retry-after"]).to.equal("300");
        });
    });

    describe("requests", () => {
        it("carry the client's true address and scheme to the application", async () => {
            const lies = {
                "X-Forwarded-For": "6.6.6.6",
                "X-Forwarded-Proto": "https",
                "X-Forwarded-Host": "evil.example.org",
                "X-Forwarded-Port": "1",
                "X-Real-IP": "6.6.6.6",
                "CF-Connecting-IP": "6.6.6.6",
                "Client-IP": "6.6.6.6",
                Forwarded: "for=6.6.6.6",
                "X-Original-URL": "/admin",
                "X-Rewrite-URL": "/admin",
                Proxy: "http://6.6.6.6",
            };
            const { headers } = await seen(plain({ host: "plain.example.org", headers: lies }));
            expect(headers).to.include({
                host: "plain.example.org",
                "x-forwarded-for": "127.0.0.1",
                "x-forwarded-proto": "http",
                "x-forwarded-host": "plain.example.org",
                "x-forwarded-port": "80",
                "x-real-ip": "127.0.0.1",
            });
            expect(JSON.stringify(headers)).not.to.match(/6\.6\.6\.6|evil|admin/);
        });
        it("carry what a trusted proxy says", async () => {
            const said = { "X-Forwarded-For": "6.6.6.6, 192.0.2.7", "X-Forwarded-Proto": "https" };
            const { headers } = await seen(plain({ host: "front.example.org", from: "127.0.0.2", headers: said }));
            expect(headers).to.include({
                "x-forwarded-for": "192.0.2.7",
                "x-real-ip": "192.0.2.7",
                "x-forwarded-proto": "https",
                "x-forwarded-port": "443",
            });
        });
        it("say https where Caddy ends TLS", async () => {
            const { headers } = await seen(secure({ host: "custom.example.org" }));
            expect(headers).to.include({ "x-forwarded-proto": "https", "x-forwarded-port": "443" });
        });
        it("are refused over the limit of their path", async () => {
            const post = (path: string, size: number) =>
                plain({ host: "plain.example.org", path, method: "POST", body: Buffer.alloc(size) });
            expect((await post("/", 1_000_001)).status).to.equal(413);
            expect(await seen(post("/", 1_000_000))).to.include({ received: 1_000_000 });
            expect(await seen(post("/upload", 2_000_000))).to.include({ received: 2_000_000 });
            expect((await post("/upload", 3_000_001)).status).to.equal(413);
        });
    });

    describe("answers", () => {
        it("redirect to HTTPS where Caddy ends TLS", async () => {
            const { status, headers } = await plain({ host: "custom.example.org", path: "/a?b=c" });
            expect([status, headers.location]).to.deep.equal([308, "https://custom.example.org/a?b=c"]);
        });
        it("redirect where a trusted proxy says that the request was plain, and only then", async () => {
            const said = { "X-Forwarded-Proto": "http" };
            const { status, headers } = await plain({
                host: "front.example.org",
                path: "/a",
                from: "127.0.0.2",
                headers: said,
            });
            expect([status, headers.location]).to.deep.equal([308, "https://front.example.org/a"]);
            expect((await plain({ host: "front.example.org", headers: said })).status).to.equal(200);
        });
        it("carry HSTS over TLS only", async () => {
            const hsts = async (answer: Promise<Answer>) => (await answer).headers["strict-transport-security"];
            expect(await hsts(secure({ host: "custom.example.org" }))).to.equal("max-age=300");
            expect(await hsts(plain({ host: "plain.example.org" }))).to.equal(undefined);
            expect(await hsts(plain({ host: "custom.example.org" }))).to.equal(undefined);
            const said = { "X-Forwarded-Proto": "https" };
            expect(await hsts(plain({ host: "front.example.org", from: "127.0.0.2", headers: said }))).to.equal(
                "max-age=300",
            );
            expect(await hsts(plain({ host: "front.example.org", headers: said }))).to.equal(undefined);
        });
        it("carry security headers, each unless the application sets it", async () => {
            const usual = { "x-content-type-options": "nosniff", "referrer-policy": "strict-origin-when-cross-origin" };
            expect((await plain({ host: "plain.example.org" })).headers).to.include({
                ...usual,
                "x-frame-options": "SAMEORIGIN",
            });
            expect((await plain({ host: "plain.example.org", path: "/framed" })).headers).to.include({
                ...usual,
                "x-frame-options": "DENY",
            });
            expect((await plain({ host: "quiet.example.org" })).headers).not.to.have.any.keys(
                "x-frame-options",
                "referrer-policy",
            );
        });
        it("are compressed", async () => {
            const compressed = async (host: string, encoding: string) =>
                (await plain({ host, path: "/page", headers: { "Accept-Encoding": encoding } })).headers[
                    "content-encoding"
                ];
            expect(await compressed("plain.example.org", "gzip")).to.equal("gzip");
            expect(await compressed("plain.example.org", "gzip, zstd")).to.equal("zstd");
            expect(await compressed("quiet.example.org", "gzip")).to.equal(undefined);
        });
        it("do not name the server, not even when something fails", async () => {
            const asked = [
                plain({ host: "plain.example.org" }),
                plain({ host: "other.example.org" }),
                plain({ host: "custom.example.org" }),
                plain({ host: "closed.example.org" }),
                plain({ host: "broken.example.org" }),
                secure({ host: "other.example.org", sni: "custom.example.org" }),
            ];
            const answers = await Promise.all(asked);
            expect(answers.map(({ status }) => status)).to.deep.equal([200, 404, 308, 403, 502, 421]);
            for (const { headers } of answers) expect(headers).not.to.have.any.keys("server", "via");
        });
    });

    it("answers probes and scrapes on their own ports", async () => {
        const status = (port: number, path: string) =>
            fetch(`http://127.0.0.1:${port}${path}`).then(({ status: code }) => code);
        expect(await status(ports.health, "/healthz")).to.equal(200);
        expect(await status(ports.health, "/")).to.equal(404);
        expect(await (await fetch(`http://127.0.0.1:${ports.metrics}/metrics`)).text()).to.match(
            /caddy_http_requests_total/,
        );
    });

    it("logs a line of JSON a request, without what gives access", async () => {
        const headers = {
            Cookie: "session=hidden-1",
            Authorization: "Bearer hidden-2",
            "X-Api-Key": "hidden-3",
            Referer: "http://plain.example.org/?user_token=hidden-4",
            "User-Agent": "test-agent/7",
        };
        await plain({ host: "plain.example.org", path: "/logged?user_token=hidden-5&page=3", headers });
        await plain({ host: "broken.example.org", path: "/logged?token=hidden-6", headers });
        await plain({ host: "quiet.example.org", path: "/logged-not" });
        await sleep(200);
        const lines = daemon.output.split("\n").filter((line) => line.includes("/logged"));
        const access = lines
            .map((line) => JSON.parse(line))
            .filter(({ logger }) => logger.startsWith("http.log.access"));
        expect(access.map(({ request }) => request.host)).to.deep.equal(["plain.example.org", "broken.example.org"]);
        expect(access[0]).to.include({ status: 200, user_agent: "test-agent/7" });
        expect(access[0].request).to.include({ client_ip: "127.0.0.1", uri: "/logged?page=3&user_token=REDACTED" });
        expect(daemon.output).not.to.include("hidden-");
    });

    it("offers its admin API on the socket only", async () => {
        const config = await new Promise<string>((resolve, reject) => {
            const request = http.get(
                { socketPath: socket, path: "/config/admin", headers: { host: "" } },
                (response) => {
                    let text = "";
                    response.on("data", (data) => {
                        text += data;
                    });
                    response.on("end", () => resolve(text));
                },
            );
            request.on("error", reject);
        });
        expect(JSON.parse(config).listen).to.equal(`unix/${socket}`);
    });

    describe("the reload script", () => {
        let script: string;
        let reloader: Daemon;
        const reports = (text: string): number => reloader.output.split(text).length - 1;
        const reported = (text: string, times: number) =>
            reloader.ready(async () => {
                if (reports(text) < times) throw new Error(`not yet ${times} × "${text}"`);
            });

        before(async () => {
            script = join(folder.path, "reload.sh");
            writeFileSync(script, reload());
            reloader = new Daemon("sh", [script], { env: environment });
            await reported("configuration reloaded", 1);
        });
        after(() => reloader?.stop());

        it("is clean for shellcheck", function () {
            execFileSync(program(this, "shellcheck"), [script]);
        });

        it("changes one site without dropping a connection of the others", async () => {
            const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
            const slow = secure({ host: "custom.example.org", path: "/slow" });
            const socketToApp = connect(ports.http, "127.0.0.1");
            socketToApp.write(
                "GET / HTTP/1.1\r\nHost: plain.example.org\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            );
            let echoed = "";
            let ended = false;
            socketToApp.on("data", (data) => {
                echoed += data;
            });
            socketToApp.on("close", () => {
                ended = true;
            });
            let looping = true;
            let asked = 0;
            const loop = (async () => {
                while (looping) {
                    const { status } = await secure({ host: "internal.example.org", agent, retry: true });
                    expect(status).to.equal(200);
                    asked += 1;
                }
            })();
            let streams = 0;
            const streaming = (async () => {
                const open = () =>
                    http2
                        .connect("https://internal.example.org", { createConnection: tunnel })
                        .on("error", () => undefined);
                let session = open();
                while (looping) {
                    if (session.closed || session.destroyed) session = open();
                    const status = await stream(session);
                    if (status === undefined) session = open();
                    else expect(status).to.equal(200);
                    streams += 1;
                }
                session.close();
            })();
            await sleep(300);
            const changed = sites().map((one) =>
                one.host === "plain.example.org" ? { ...one, routes: [route(admin)] } : one,
            );
            writeFileSync(file, file_(changed));
            await reported("configuration reloaded", 2);
            expect(await seen(plain({ host: "plain.example.org" }))).to.include({ name: "admin" });
            expect((await slow).body).to.have.length(2_000_000);
            socketToApp.write("still here");
            await sleep(300);
            looping = false;
            await Promise.all([loop, streaming]);
            agent.destroy();
            expect(ended).to.equal(false);
            expect(echoed).to.match(/^HTTP\/1.1 101 [\s\S]*still here$/);
            expect(Math.min(asked, streams)).to.be.greaterThan(100);
            socketToApp.destroy();
        });

        it("leaves the old configuration when the new one is invalid, and says so once", async () => {
            writeFileSync(file, `${file_([])}\nhttp://plain.example.org {\n\tno_such_directive\n}\n`);
            await reported("is invalid", 1);
            await sleep(2500);
            expect(reports("is invalid")).to.equal(1);
            expect(reloader.output).to.include("no_such_directive");
            for (const line of reloader.output.trim().split("\n"))
                expect(JSON.parse(line)).to.include({ logger: "reload" });
            expect(await seen(plain({ host: "plain.example.org" }))).to.include({ name: "admin" });
        });

        it("takes over a renewed certificate under the same name", async () => {
            const before = reports("configuration reloaded");
            writeFileSync(file, file_(sites()));
            await reported("configuration reloaded", before + 1);
            const fingerprint = async () => (await peer("custom.example.org")).fingerprint256;
            const old = await fingerprint();
            certify("custom.example.org");
            await reported("configuration reloaded", before + 2);
            expect(await fingerprint()).not.to.equal(old);
        });

        it("keeps the last certificate that worked, and takes over the next one", async () => {
            const old = await peer("custom.example.org");
            writeFileSync(certificateOf("shop"), "damaged");
            await reported("the certificate of shop does not work", 1);
            await sleep(1500);
            expect((await peer("custom.example.org")).fingerprint256).to.equal(old.fingerprint256);
            const before = reports("configuration reloaded");
            certify("custom.example.org");
            await reported("configuration reloaded", before + 1);
            expect((await peer("custom.example.org")).fingerprint256).not.to.equal(old.fingerprint256);
        });

        it("carries on after Caddy was killed, whose socket file stays", async () => {
            const before = reports("configuration reloaded");
            await daemon.stop("SIGKILL");
            daemon = new Daemon("caddy", ["run", "--adapter", "caddyfile", "--config", file], { env: environment });
            await daemon.ready(() => plain({ host: "plain.example.org" }));
            writeFileSync(file, file_([site("plain.example.org", { routes: [route(admin)] })]));
            await reported("configuration reloaded", before + 1);
            expect(await seen(plain({ host: "plain.example.org" }))).to.include({ name: "admin" });
        });

        it("ends at once when asked to", async () => {
            const start = Date.now();
            expect(await reloader.stop()).to.equal(0);
            expect(Date.now() - start).to.be.lessThan(900);
        });
    });

    it("starts with certificates that are missing or damaged, and serves the others", async () => {
        certify("good.example.org", "good");
        certify("other.example.org", "mismatched");
        certify("damaged.example.org", "damaged");
        writeFileSync(certificateOf("mismatched"), readFileSync(certificateOf("good")));
        writeFileSync(certificateOf("damaged"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        const names = ["missing", "good", "damaged", "mismatched"];
        writeFileSync(join(folder.path, "certificates"), listed(...names));
        const said = prepare();
        for (const name of names)
            expect(said.includes(`the certificate of ${name} does not work`), name).to.equal(name !== "good");

        const others = { http: await freePort(), https: await freePort(), health: await freePort() };
        const fresh = join(folder.path, "Caddyfile.fresh");
        const all = names.map((name) =>
            site(`${name}.example.org`, { tls: { mode: "custom", snippet: snippet(name) } }),
        );
        writeFileSync(fresh, file_(all, { ports: others, adminSocket: join(folder.path, "fresh.sock") }));
        const started = new Daemon("caddy", ["run", "--adapter", "caddyfile", "--config", fresh], {
            env: environment,
        });
        try {
            await started.ready(() => peer("missing.example.org", others.https));
            expect((await peer("good.example.org", others.https)).subject.CN).to.equal("good.example.org");
            for (const name of ["missing", "damaged", "mismatched"])
                expect((await peer(`${name}.example.org`, others.https)).issuer.CN, name).to.match(/Caddy Local/);
        } finally {
            await started.stop();
            writeFileSync(join(folder.path, "certificates"), listed("shop"));
        }
    });

    describe("the process", () => {
        it("ends by itself within the grace that running requests get", async () => {
            const slow = plain({ host: "plain.example.org", path: "/slow" }).catch((error: Error) => error);
            await sleep(300);
            const start = Date.now();
            expect(await daemon.stop()).to.equal(0);
            expect(Date.now() - start).to.be.within(900, 3000);
            await slow;
        });
    });
});
