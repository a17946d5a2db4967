import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import * as http2 from "node:http2";
import * as https from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as tls from "node:tls";
import { expect } from "chai";
import { CaddyEdge, caddyTitle } from "../support/caddy";
import { Daemon, freePort, program } from "../support/tools";

describe(caddyTitle, function () {
    this.timeout(60_000);
    const edge = new CaddyEdge();
    const { plain, secure, seen } = edge;
    const tunnel = () =>
        tls.connect({
            host: "127.0.0.1",
            port: edge.ports.https,
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
    const peer = (host: string, port = edge.ports.https): Promise<tls.PeerCertificate> =>
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

    before(async function () {
        await edge.start(this);
    });
    after(() => edge.stop());

    describe("the reload script", () => {
        let reloader: Daemon;
        const reports = (text: string): number => reloader.output.split(text).length - 1;
        const reported = (text: string, times: number) =>
            reloader.ready(async () => {
                if (reports(text) < times) throw new Error(`not yet ${times} × "${text}"`);
            });

        before(async () => {
            reloader = new Daemon("sh", [edge.script], { env: edge.environment });
            await reported("configuration reloaded", 1);
        });
        after(() => reloader?.stop());

        it("passes shellcheck", function () {
            execFileSync(program(this, "shellcheck"), [edge.script]);
        });

        it("changes one site without dropping a connection of the others", async () => {
            const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
            const slow = secure({ host: "custom.example.org", path: "/slow" });
            const socketToApp = connect(edge.ports.http, "127.0.0.1");
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
            const changed = edge
                .sites()
                .map((one) => (one.host === "plain.example.org" ? { ...one, routes: [edge.route(edge.admin)] } : one));
            writeFileSync(edge.file, edge.render(changed));
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

        it("keeps the old configuration if the new one is invalid, and reports that once", async () => {
            writeFileSync(edge.file, `${edge.render([])}\nhttp://plain.example.org {\n\tno_such_directive\n}\n`);
            await reported("is invalid", 1);
            await sleep(2500);
            expect(reports("is invalid")).to.equal(1);
            expect(reloader.output).to.include("no_such_directive");
            for (const line of reloader.output.trim().split("\n"))
                expect(JSON.parse(line)).to.include({ logger: "reload" });
            expect(await seen(plain({ host: "plain.example.org" }))).to.include({ name: "admin" });
        });

        it("loads a renewed certificate of the same name", async () => {
            const before = reports("configuration reloaded");
            writeFileSync(edge.file, edge.render(edge.sites()));
            await reported("configuration reloaded", before + 1);
            const fingerprint = async () => (await peer("custom.example.org")).fingerprint256;
            const old = await fingerprint();
            edge.certify("custom.example.org");
            await reported("configuration reloaded", before + 2);
            expect(await fingerprint()).not.to.equal(old);
        });

        it("keeps the last valid certificate, and loads the next one", async () => {
            const old = await peer("custom.example.org");
            writeFileSync(edge.certificateOf("shop"), "damaged");
            await reported("the certificate of shop does not work", 1);
            await sleep(1500);
            expect((await peer("custom.example.org")).fingerprint256).to.equal(old.fingerprint256);
            const before = reports("configuration reloaded");
            edge.certify("custom.example.org");
            await reported("configuration reloaded", before + 1);
            expect((await peer("custom.example.org")).fingerprint256).not.to.equal(old.fingerprint256);
        });

        it("continues after Caddy was killed and left its socket file", async () => {
            const before = reports("configuration reloaded");
            await edge.daemon.stop("SIGKILL");
            edge.daemon = edge.run(edge.file);
            await edge.daemon.ready(() => plain({ host: "plain.example.org" }));
            writeFileSync(
                edge.file,
                edge.render([edge.site("plain.example.org", { routes: [edge.route(edge.admin)] })]),
            );
            await reported("configuration reloaded", before + 1);
            expect(await seen(plain({ host: "plain.example.org" }))).to.include({ name: "admin" });
        });

        it("exits at once when stopped", async () => {
            const start = Date.now();
            expect(await reloader.stop()).to.equal(0);
            expect(Date.now() - start).to.be.lessThan(900);
        });
    });

    it("starts despite missing or damaged certificates, and serves the others", async () => {
        edge.certify("good.example.org", "good");
        edge.certify("other.example.org", "mismatched");
        edge.certify("damaged.example.org", "damaged");
        writeFileSync(edge.certificateOf("mismatched"), readFileSync(edge.certificateOf("good")));
        writeFileSync(edge.certificateOf("damaged"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        const names = ["missing", "good", "damaged", "mismatched"];
        edge.list(...names);
        const said = edge.prepare();
        for (const name of names)
            expect(said.includes(`the certificate of ${name} does not work`), name).to.equal(name !== "good");

        const others = { http: await freePort(), https: await freePort(), health: await freePort() };
        const fresh = join(edge.path, "Caddyfile.fresh");
        const all = names.map((name) =>
            edge.site(`${name}.example.org`, { tls: { mode: "custom", snippet: edge.snippet(name) } }),
        );
        writeFileSync(fresh, edge.render(all, { ports: others, adminSocket: join(edge.path, "fresh.sock") }));
        const started = edge.run(fresh);
        try {
            await started.ready(() => peer("missing.example.org", others.https));
            expect((await peer("good.example.org", others.https)).subject.CN).to.equal("good.example.org");
            for (const name of ["missing", "damaged", "mismatched"])
                expect((await peer(`${name}.example.org`, others.https)).issuer.CN, name).to.match(/Caddy Local/);
        } finally {
            await started.stop();
            edge.list("shop");
        }
    });
});
