import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import * as http2 from "node:http2";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { judgeEdge, type Verdict, wantedBy } from "../../operations/launch/servedRules";
import { CaddyEdge, caddyTitle } from "../support/caddy";
import { edgePod } from "../support/observed";
import { Daemon } from "../support/tools";

describe(`${caddyTitle} reports which rules it serves`, function () {
    this.timeout(60_000);
    const edge = new CaddyEdge();
    let reloader: Daemon;
    before(async function () {
        await edge.start(this);
        reloader = new Daemon("sh", [edge.script], { env: edge.environment });
        await follows();
    });
    after(async () => {
        await reloader?.stop();
        await edge.stop();
    });

    /** What `launch` concludes from the script's output and the files in the cluster. */
    const judge = async (): Promise<Verdict> => {
        const wanted = await wantedBy((path) => {
            const here = path.replace(/^\/etc\/caddy\//, `${edge.path}/`);
            try {
                return Promise.resolve(readFileSync(here));
            } catch {
                return Promise.resolve(undefined);
            }
        });
        return judgeEdge(edgePod("edge-1"), wanted, reloader.output);
    };
    const becomes = async (is: Verdict["is"]): Promise<Verdict> => {
        let verdict!: Verdict;
        await reloader.ready(async () => {
            verdict = await judge();
            if (verdict.is !== is) throw new Error(`not yet ${is}: ${JSON.stringify(verdict)}`);
        });
        return verdict;
    };
    const follows = () => becomes("new");
    const host = "plain.example.org";
    const secureHost = "custom.example.org";
    const write = (...allow: string[]) => {
        const routes = [edge.route(edge.shop), edge.route(edge.admin, { path: { paths: ["/admin"] }, allow })];
        const tls = { mode: "custom" as const, snippet: edge.snippet("shop") };
        const sites = [edge.site(host, { routes }), edge.site(secureHost, { routes, tls })];
        // As long as in the pods, so that remains of the former rules would show.
        writeFileSync(edge.file, edge.render(sites, { graceSeconds: 30 }));
    };
    const stranger = async () => (await edge.plain({ host, path: "/admin" })).status;

    it("reports a closed path once it is closed, even if it was closed before", async () => {
        for (let round = 0; round < 3; round++) {
            write();
            expect((await judge()).is).to.equal("old");
            await follows();
            expect(await stranger()).to.equal(200);
            write("127.0.0.3/32");
            expect((await judge()).is).to.equal("old");
            await follows();
            expect(await stranger()).to.equal(403);
        }
    });

    it("reports a rejected configuration with Caddy's message, and the corrected one", async () => {
        write("127.0.0.9/32");
        writeFileSync(
            edge.file,
            `${readFileSync(edge.file, "utf8")}\nhttp://x.example.org {\n\tno_such_directive\n}\n`,
        );
        const verdict = await becomes("refused");
        expect((verdict as { why: string }).why)
            .to.include("the old one stays")
            .and.to.include("no_such_directive");
        write("127.0.0.3/32");
        await follows();
        expect(await stranger()).to.equal(403);
    });

    it("distinguishes certificates that it serves from those that it cannot", async () => {
        edge.certify("custom.example.org");
        expect((await judge()).is).to.equal("old");
        await follows();
        writeFileSync(edge.certificateOf("shop"), "damaged");
        const verdict = await becomes("refused");
        expect((verdict as { why: string }).why).to.include("the certificate of shop does not work");
        // A missing one is not expected.
        rmSync(edge.certificateOf("shop"));
        await follows();
        edge.certify("custom.example.org");
        await follows();
    });

    it("reports nothing while Caddy hangs, and continues when Caddy does", async () => {
        const before = reloader.output;
        process.kill(edge.daemon.pid, "SIGSTOP");
        try {
            write("127.0.0.8/32");
            await sleep(3500);
            expect(await judge()).to.deep.equal({ is: "old", why: "has not reported that it serves them" });
            expect(reloader.output).to.equal(before);
        } finally {
            process.kill(edge.daemon.pid, "SIGCONT");
        }
        await follows();
    });

    it("closes a path on existing connections, too", async () => {
        write();
        await follows();
        const start = `GET /admin HTTP/1.1\r\nHost: ${host}\r\n`;
        const open = async (text: string) => {
            const socket = connect(edge.ports.http, "127.0.0.1");
            const heard = { text: "" };
            socket.on("data", (data) => (heard.text += data.toString()));
            socket.on("error", () => undefined);
            await once(socket, "connect");
            if (text !== "") socket.write(text);
            return { socket, heard, send: (rest: string) => socket.write(rest) };
        };
        const kept = await open(`${start}\r\n`);
        const session = http2.connect(`https://127.0.0.1:${edge.ports.https}`, {
            servername: secureHost,
            rejectUnauthorized: false,
        });
        session.on("error", () => undefined);
        /** A status; undefined if the connection accepts no more requests. */
        const stream = () =>
            new Promise<number | undefined>((resolve) => {
                if (session.closed || session.destroyed) return resolve(undefined);
                const request = session.request({ ":path": "/admin", ":authority": secureHost });
                request.on("response", (headers) => resolve(headers[":status"]));
                request.on("error", () => resolve(undefined));
                request.on("close", () => resolve(undefined));
                request.end();
            });
        expect(await stream()).to.equal(200);
        // The two connections are independent: the plain one may be slower.
        while (kept.heard.text === "") await sleep(20);
        expect(kept.heard.text).to.match(/^HTTP\/1.1 200/);
        kept.heard.text = "";

        write("127.0.0.3/32");
        // Until the last moment: idle connections, and incomplete requests.
        const waiting: Awaited<ReturnType<typeof open>>[] = [];
        const begun: typeof waiting = [];
        while ((await judge()).is === "old") {
            waiting.push(await open(""));
            begun.push(await open(start));
            await sleep(50);
        }
        for (const { send } of [kept, ...waiting]) send(`${start}\r\n`);
        for (const { send } of begun) send("\r\n");
        expect(await stream()).to.be.oneOf([undefined, 403]);
        await sleep(1000);
        expect(waiting.length).to.be.greaterThan(5);
        for (const { heard, socket } of [kept, ...waiting, ...begun]) {
            expect(heard.text).to.match(/^(HTTP\/1.1 403 |$)/);
            socket.destroy();
        }
        session.destroy();
    });
});
