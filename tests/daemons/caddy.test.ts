import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import * as http from "node:http";
import { connect } from "node:http2";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type Answer, CaddyEdge, caddyTitle } from "../support/caddy";

describe(caddyTitle, function () {
    this.timeout(60_000);
    const edge = new CaddyEdge();
    const { plain, secure, seen } = edge;

    before(async function () {
        await edge.start(this);
    });
    after(() => edge.stop());

    describe("the file", () => {
        const variants: Record<string, () => string> = {
            "every site": () => edge.render(edge.sites()),
            "HTTP only, nothing trusted": () => edge.render([edge.site("a.example.org", {})], { trustedProxies: [] }),
            "HTTP/3, node port": () =>
                edge.render([edge.site("a.example.org", { tls: { mode: "internal" } })], {
                    http3: true,
                    publicPorts: { http: 30080, https: 30443 },
                }),
            ACME: () =>
                edge.render([
                    edge.site("a.example.org", {
                        tls: { mode: "acme", email: "ops@example.org", directory: "https://127.0.0.1:1/directory" },
                    }),
                ]),
            "no site": () => edge.render([]),
        };
        for (const [name, text] of Object.entries(variants)) {
            it(`is valid and formatted: ${name}`, () => {
                const path = join(edge.path, "Caddyfile.variant");
                writeFileSync(path, text());
                execFileSync("caddy", ["validate", "--adapter", "caddyfile", "--config", path], {
                    env: edge.environment,
                    stdio: "pipe",
                });
                expect(execFileSync("caddy", ["fmt", path], { env: edge.environment }).toString()).to.equal(text());
            });
        }
    });

    describe("routes", () => {
        it("match by host and by path, the longest path first", async () => {
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
        it("ask for another path where the site says so, with the query", async () => {
            const urlOf = async (host: string, path: string) => (await seen(plain({ host, path }))).url;
            expect(await urlOf("rewritten.example.org", "/favicon.ico?v=2")).to.equal("/theming/asset/favicon.ico?v=2");
            expect(await urlOf("rewritten.example.org", "/favicon.ico/x")).to.equal("/favicon.ico/x");
            expect(await urlOf("plain.example.org", "/favicon.ico")).to.equal("/favicon.ico");
        });
        it("deny clients that are not allowed, in any spelling of the path", async () => {
            for (const path of ["/admin", "/admin/", "/admin/x?y", "//admin/", "/%61dmin/", "/ADMIN/"]) {
                const { status, body } = await plain({ host: "plain.example.org", path });
                expect([status, body], path).to.deep.equal([403, ""]);
            }
            expect((await plain({ host: "closed.example.org" })).status).to.equal(403);
            expect((await plain({ host: "closed.example.org", from: "127.0.0.3" })).status).to.equal(200);
        });
        it("refuse ambiguous paths on sites with path rules, and only there", async () => {
            for (const path of [
                "/x/../admin/",
                "/admin/../x",
                "/./admin",
                "/x/%2e%2e/admin/",
                "/admin/..%2fx",
                "/a%5cb",
            ]) {
                const status = async (host: string) => (await plain({ host, path, from: "127.0.0.3" })).status;
                expect(await status("plain.example.org"), path).to.equal(400);
                expect(await status("closed.example.org"), path).to.equal(200);
            }
            const { url } = await seen(plain({ host: "plain.example.org", path: "/a%20b//?c=/../%2f" }));
            expect(url).to.equal("/a%20b//?c=/../%2f");
        });
        it("are closed by the closed paths of their site", async () => {
            for (const path of ["/secret", "/SECRET/x", "//secret", "/%73ecret", "/index.php/de/secret/"])
                expect((await plain({ host: "plain.example.org", path })).status, path).to.equal(404);
            expect((await plain({ host: "plain.example.org", path: "/secrets" })).status).to.equal(200);
        });
        it("apply the same rules over HTTP/2, where a path is a header", async () => {
            const session = connect(`https://127.0.0.1:${edge.ports.https}`, {
                servername: "custom.example.org",
                rejectUnauthorized: false,
            });
            const status = (path: string) =>
                new Promise<number | string>((resolve) => {
                    const request = session.request({ ":path": path, ":authority": "custom.example.org" });
                    request.on("response", ({ ":status": code }) => resolve(code!)).on("error", () => resolve("reset"));
                    request.resume();
                });
            for (const path of ["/secret", "//secret/x", "/%73ecret", "/SECRET?x"])
                expect(await status(path), path).to.equal(404);
            for (const path of [
                "/secret/../x",
                "/secret/%2e%2e/x",
                "/secret/..%2fx",
                "/secret\\..\\x",
                "/x#/../secret",
            ])
                expect(await status(path), path).to.equal(400);
            expect(await status("/a%20b?c=/../%2f")).to.equal(200);
            session.close();
        });
        it("deny by the client behind a trusted proxy, and trust no other headers", async () => {
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
            // The entry appended by the proxy counts, not the client's own before it.
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
        it("never answer for another host", async () => {
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
        it("are repeated where the application ends before it answers, unless they change something", async () => {
            expect(await seen(plain({ host: "plain.example.org", path: "/ends" }))).to.include({ url: "/ends" });
            expect((await plain({ host: "plain.example.org", path: "/ends", method: "POST" })).status).to.equal(502);
        });
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
                SCRIPT_NAME: "/admin",
                PATH_INFO: "/admin",
                X_FORWARDED_FOR: "6.6.6.6",
                X_Original_URL: "/admin",
                "X-Original-URI": "/admin",
                "X-Forwarded-Prefix": "/admin",
                "X-Forwarded-Uri": "/admin",
                "X-Script-Name": "/admin",
                "X-Host": "evil.example.org",
                "X-Forwarded-Ssl": "evil",
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
        it("carry the values of a trusted proxy", async () => {
            const said = { "X-Forwarded-For": "6.6.6.6, 192.0.2.7", "X-Forwarded-Proto": "https" };
            const { headers } = await seen(plain({ host: "front.example.org", from: "127.0.0.2", headers: said }));
            expect(headers).to.include({
                "x-forwarded-for": "192.0.2.7",
                "x-real-ip": "192.0.2.7",
                "x-forwarded-proto": "https",
                "x-forwarded-port": "443",
            });
        });
        it("carry the scheme https if Caddy terminates TLS", async () => {
            const { headers } = await seen(secure({ host: "custom.example.org" }));
            expect(headers).to.include({ "x-forwarded-proto": "https", "x-forwarded-port": "443" });
        });
        it("are refused above the limit of their path", async () => {
            const post = (path: string, size: number) =>
                plain({ host: "plain.example.org", path, method: "POST", body: Buffer.alloc(size) });
            expect((await post("/", 1_000_001)).status).to.equal(413);
            expect(await seen(post("/", 1_000_000))).to.include({ received: 1_000_000 });
            expect(await seen(post("/upload", 2_000_000))).to.include({ received: 2_000_000 });
            expect((await post("/upload", 3_000_001)).status).to.equal(413);
        });
    });

    describe("answers", () => {
        it("redirect to HTTPS if Caddy terminates TLS", async () => {
            const { status, headers } = await plain({ host: "custom.example.org", path: "/a?b=c" });
            expect([status, headers.location]).to.deep.equal([308, "https://custom.example.org/a?b=c"]);
        });
        it("redirect if a trusted proxy reports plain HTTP, and only then", async () => {
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
            const { headers: framed } = await plain({ host: "framed.example.org" });
            expect(framed).to.include(usual).and.not.have.property("x-frame-options");
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
        it("do not name the server, even in errors", async () => {
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
        expect(await status(edge.ports.health, "/healthz")).to.equal(200);
        expect(await status(edge.ports.health, "/")).to.equal(404);
        expect(await (await fetch(`http://127.0.0.1:${edge.ports.metrics}/metrics`)).text()).to.match(
            /caddy_http_requests_total/,
        );
    });

    it("logs one line of JSON per request, without credentials", async () => {
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
        const lines = edge.daemon.output.split("\n").filter((line) => line.includes("/logged"));
        const access = lines
            .map((line) => JSON.parse(line))
            .filter(({ logger }) => logger.startsWith("http.log.access"));
        expect(access.map(({ request }) => request.host)).to.deep.equal(["plain.example.org", "broken.example.org"]);
        expect(access[0]).to.include({ status: 200, user_agent: "test-agent/7" });
        expect(access[0].request).to.include({ client_ip: "127.0.0.1", uri: "/logged?page=3&user_token=REDACTED" });
        expect(edge.daemon.output).not.to.include("hidden-");
    });

    it("offers its admin API on the socket only", async () => {
        const config = await new Promise<string>((resolve, reject) => {
            const request = http.get(
                { socketPath: edge.socket, path: "/config/admin", headers: { host: "" } },
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
        expect(JSON.parse(config).listen).to.equal(`unix/${edge.socket}`);
    });

    describe("the process", () => {
        it("exits by itself within the grace period of running requests", async () => {
            const slow = plain({ host: "plain.example.org", path: "/slow" }).catch((error: Error) => error);
            await sleep(300);
            const start = Date.now();
            expect(await edge.daemon.stop()).to.equal(0);
            expect(Date.now() - start).to.be.within(900, 3000);
            await slow;
        });
    });
});
