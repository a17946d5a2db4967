import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { nginxConf } from "../../platforms/qed/nginx";
import { ownDirectory } from "../support/datadir";
import { nobody, write } from "../support/files";
import { relocate } from "../support/site";
import { seriesOf } from "../support/needs";
import { Daemon, freePort, program, scratch } from "../support/tools";

/** The variables of a request in uwsgi's protocol: https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html */
function variablesIn(packet: Buffer): Record<string, string> | undefined {
    if (packet.length < 4 || packet.length < 4 + packet.readUInt16LE(1)) return undefined;
    const found: Record<string, string> = {};
    const end = 4 + packet.readUInt16LE(1);
    let at = 4;
    const next = (): string => {
        const length = packet.readUInt16LE(at);
        at += 2 + length;
        return packet.toString("utf8", at - length, at);
    };
    while (at < end) {
        const name = next();
        found[name] = next();
    }
    return found;
}

/** Answers requests in uwsgi's protocol with their variables; knows no HTTP. */
async function uwsgi(name: string): Promise<{ server: Server; address: string }> {
    const server = createServer((socket) => {
        let packet = Buffer.alloc(0);
        socket.on("error", () => {});
        socket.on("data", (data) => {
            packet = Buffer.concat([packet, data]);
            const variables = variablesIn(packet);
            if (variables)
                socket.end(
                    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n${JSON.stringify({ name, variables })}`,
                );
        });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe(`nginx ${seriesOf("nginx")} in front of QED`, function () {
    this.timeout(60_000);
    const folder = scratch();
    const closing: Server[] = [];
    let nginx: string;
    let ports: { http: number; flask: number };
    let daemon: Daemon | undefined;
    let upgrades: string[];

    before(async function () {
        nginx = program(this, "nginx");
        ports = { http: await freePort(), flask: await freePort() };
    });
    afterEach(async () => {
        await daemon?.stop();
        daemon = undefined;
    });
    after(() => {
        for (const server of closing) server.close();
        folder.clean();
    });

    const listening = async (name: string): Promise<string> => {
        const { server, address } = await uwsgi(name);
        closing.push(server);
        return address;
    };
    async function start(changes: Partial<Parameters<typeof nginxConf>[0]> = {}): Promise<void> {
        upgrades = [];
        const sockets = createHttpServer((request, response) => {
            response.end(JSON.stringify({ name: "nodejs", path: request.url }));
        });
        sockets.on("upgrade", (request, socket) => {
            upgrades.push(request.url!);
            socket.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
        });
        sockets.listen(0, "127.0.0.1");
        await once(sockets, "listening");
        closing.push(sockets);
        const address = `127.0.0.1:${(sockets.address() as AddressInfo).port}`;
        const text = nginxConf({
            maxBody: "200Mi",
            bodies: 4,
            timeoutSeconds: 60,
            anyOrigin: false,
            files: true,
            django: await listening("django"),
            flask: await listening("flask"),
            sockets: { address, path: "/socket.io" },
            jchem: address,
            ctsws: address,
            cyan: undefined,
            ...changes,
        });
        write(folder.path, {
            "nginx.conf": relocate(text, [
                ["listen 8080;", `listen 127.0.0.1:${ports.http};`],
                ["listen 7777;", `listen 127.0.0.1:${ports.flask};`],
                ["/dev/stdout", `${folder.path}/access.log`],
                ["/dev/stderr", `${folder.path}/error.log`],
                ["/src/collected_static", `${folder.path}/static`],
                ["/tmp", `${folder.path}/tmp`],
            ]),
            "static/app.js": "1",
            "static/hms/webapp/assets/map.png": "png",
            "static-secret": "secret",
            "tmp/.keep": "",
        });
        // Written by nginx, which runs as nobody.
        for (const name of ["tmp", "."]) ownDirectory(join(folder.path, name), nobody);
        daemon = new Daemon(
            nginx,
            ["-e", "stderr", "-c", join(folder.path, "nginx.conf"), "-g", "daemon off;"],
            nobody,
        );
        await daemon.ready(() => fetch(`http://127.0.0.1:${ports.http}/healthz`));
    }
    const get = (path: string, port = ports.http, headers: Record<string, string> = {}) =>
        fetch(`http://127.0.0.1:${port}${path}`, { headers, redirect: "manual" });
    const asked = async (path: string, port?: number, headers?: Record<string, string>) =>
        (await (await get(path, port, headers)).json()) as { name: string; variables: Record<string, string> };

    it("speaks uwsgi's protocol with Django, which learns scheme and client from the balancer", async () => {
        await start();
        const { name, variables } = await asked("/hms/?a=1", ports.http, {
            "x-forwarded-proto": "https",
            "x-forwarded-for": "192.0.2.7",
        });
        expect(name).to.equal("django");
        expect(variables).to.include({
            PATH_INFO: "/hms/",
            QUERY_STRING: "a=1",
            HTTPS: "on",
            REMOTE_ADDR: "192.0.2.7",
            HTTP_HOST: `127.0.0.1:${ports.http}`,
        });
    });
    it("gives Flask to HTTP clients on its own port, and only there", async () => {
        await start();
        expect((await asked("/hms/data", ports.flask)).name).to.equal("flask");
        expect((await asked("/hms/data")).name).to.equal("django");
        expect((await asked("/", ports.flask)).variables["REMOTE_ADDR"]).to.equal("127.0.0.1");
    });
    it("serves collected files, and none beside them", async () => {
        await start();
        expect(await (await get("/static_qed/app.js")).text()).to.equal("1");
        expect(await (await get("/assets/map.png")).text()).to.equal("png");
        expect(await (await get("/hms/assets/map.png")).text()).to.equal("png");
        for (const path of ["/static_qed/../static-secret", "/static_qed..%2fstatic-secret", "/static_qed-secret"])
            expect(await (await get(path)).text(), path).not.to.equal("secret");
    });
    it("passes WebSockets and the chemistry services on, at the same paths", async () => {
        await start();
        const path = "/webservices/rest-v0/util/calculate";
        expect(await (await get(path)).json()).to.deep.equal({ name: "nodejs", path });
        const { request } = await import("node:http");
        const upgraded = request({
            port: ports.http,
            path: "/socket.io/?EIO=4",
            headers: { Connection: "Upgrade", Upgrade: "websocket" },
        });
        upgraded.end();
        const [{ statusCode }] = (await once(upgraded, "upgrade")) as [{ statusCode: number }];
        expect(statusCode).to.equal(101);
        expect(upgrades).to.deep.equal(["/socket.io/?EIO=4"]);
    });
    it("lets pages of other sites in only if asked to", async () => {
        await start();
        expect((await get("/")).headers.get("access-control-allow-origin")).to.equal(null);
        await daemon!.stop();
        await start({ anyOrigin: true });
        expect((await get("/")).headers.get("access-control-allow-origin")).to.equal("*");
        const preflight = await fetch(`http://127.0.0.1:${ports.http}/rest/pram`, { method: "OPTIONS" });
        expect(preflight.status).to.equal(204);
    });
    it("starts without any of the others, and has no routes to them", async () => {
        await start({ django: undefined, flask: undefined, sockets: undefined, jchem: undefined, ctsws: undefined });
        expect((await get("/")).status).to.equal(404);
        expect((await get("/socket.io")).status).to.equal(404);
        expect((await get("/healthz")).status).to.equal(200);
    });
    it("ends at its start if a host name does not exist, as the link aliases of the suite's own file", async () => {
        await start({ django: "uwsgi_django.invalid:8080" }).then(
            () => expect.fail("it started"),
            (error: Error) => expect(error.message).to.include("host not found in upstream"),
        );
    });
});
