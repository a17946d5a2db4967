import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { CaddyEdge, caddyTitle } from "../support/caddy";
import { certify } from "../support/edges";

/** What a server answers to these bytes on a connection from an address. */
const exchange = (port: number, from: string, sent: string): Promise<string> =>
    new Promise((resolve, reject) => {
        const socket = connect({ port, host: "127.0.0.1", localAddress: from }, () => socket.write(sent));
        let text = "";
        socket.on("data", (data) => (text += data.toString("latin1")));
        socket.on("end", () => resolve(text)).on("error", reject);
    });

describe(`${caddyTitle}, its names and whom it believes`, function () {
    this.timeout(60_000);
    const edge = new CaddyEdge();
    const { plain, secure, seen } = edge;

    before(async function () {
        await edge.start(
            this,
            () => [
                edge.site("shop.example.org", {}),
                edge.site("www.example.org", { redirectTo: "shop.example.org", routes: [] }),
                edge.site("secure.example.org", { tls: { mode: "internal" } }),
                edge.site("old.example.org", {
                    tls: { mode: "internal" },
                    redirectTo: "secure.example.org",
                    routes: [],
                }),
                edge.site("front.example.org", {
                    tls: { mode: "off", inFront: true },
                    redirectTo: "shop.example.org",
                    routes: [],
                }),
            ],
            { proxyProtocol: ["127.0.0.3/32"], trustedProxies: ["127.0.0.2/32", "10.0.0.0/8"] },
        );
    });
    after(() => edge.stop());

    const get = (header: string) => `${header}GET / HTTP/1.1\r\nHost: shop.example.org\r\nConnection: close\r\n\r\n`;
    const client = (answer: string) => /"x-real-ip":"([^"]+)"/.exec(answer)?.[1];
    const line = "PROXY TCP4 198.51.100.7 192.0.2.1 5000 80\r\n";

    it("redirects other names to the site in one step, with path and query", async () => {
        const location = async (answer: ReturnType<typeof plain>) => {
            const { status, headers } = await answer;
            return [status, headers.location];
        };
        expect(await location(plain({ host: "www.example.org", path: "/a%20b?c=d&e" }))).to.deep.equal([
            308,
            "http://shop.example.org/a%20b?c=d&e",
        ]);
        expect(await location(plain({ host: "old.example.org", path: "/a" }))).to.deep.equal([
            308,
            "https://secure.example.org/a",
        ]);
        expect(await location(secure({ host: "old.example.org", path: "/a" }))).to.deep.equal([
            308,
            "https://secure.example.org/a",
        ]);
        expect(await location(plain({ host: "front.example.org", path: "/a" }))).to.deep.equal([
            308,
            "https://shop.example.org/a",
        ]);
    });

    it("answers the health checks of balancers, which name the pod's address or anything", async () => {
        const status = async (host: string, path: string) => (await plain({ host, path })).status;
        for (const host of ["10.1.2.3", "10.1.2.3:8080", "[2001:db8::1]", "[2001:db8::1]:8080"]) {
            expect(await status(host, "/healthz"), host).to.equal(200);
            expect(await status(host, "/"), host).to.equal(200);
            expect(await status(host, "/admin"), host).to.equal(404);
        }
        expect(await status("any.example.org", "/healthz")).to.equal(200);
        expect(await status("any.example.org", "/")).to.equal(404);
        // Of a site it is the application's.
        expect(await seen(plain({ host: "shop.example.org", path: "/healthz" }))).to.include({ url: "/healthz" });
    });

    it("believes the PROXY protocol of the balancer, in both versions, and answers without it, too", async () => {
        expect(client(await exchange(edge.ports.http, "127.0.0.3", get(line)))).to.equal("198.51.100.7");
        // https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt, section 2.2
        const second = Buffer.concat([
            Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1"),
            Buffer.from([0x21, 0x11, 0, 12, 198, 51, 100, 8, 192, 0, 2, 1, 19, 136, 0, 80]),
        ]).toString("latin1");
        const binary = await new Promise<string>((resolve, reject) => {
            const socket = connect({ port: edge.ports.http, host: "127.0.0.1", localAddress: "127.0.0.3" }, () =>
                socket.write(Buffer.from(get(second), "latin1")),
            );
            let text = "";
            socket.on("data", (data) => (text += data.toString("latin1")));
            socket.on("end", () => resolve(text)).on("error", reject);
        });
        expect(client(binary)).to.equal("198.51.100.8");
        expect(client(await exchange(edge.ports.http, "127.0.0.3", get("")))).to.equal("127.0.0.3");
        expect((await fetch(`http://127.0.0.1:${edge.ports.health}/healthz`)).status).to.equal(200);
        expect((await secure({ host: "secure.example.org", from: "127.0.0.3" })).status).to.equal(200);
    });

    it("does not believe it of anybody else", async () => {
        const answer = await exchange(edge.ports.http, "127.0.0.4", get(line));
        expect(client(answer) ?? "no answer").not.to.equal("198.51.100.7");
    });

    it("takes the last address that is no proxy's, and the connection's own if there is no other", async () => {
        const through = async (forwarded: string) =>
            (
                await seen(
                    plain({ host: "shop.example.org", from: "127.0.0.2", headers: { "X-Forwarded-For": forwarded } }),
                )
            ).headers["x-real-ip"];
        expect(await through("6.6.6.6, 198.51.100.7, 10.0.0.9")).to.equal("198.51.100.7");
        expect(await through("10.1.2.3")).to.equal("127.0.0.2");
    });

    it("reads an account and root certificates of an authority from files", () => {
        const roots = join(edge.path, "roots.pem");
        const account = join(edge.path, "account");
        writeFileSync(roots, certify().chain);
        writeFileSync(account, "eab kid-1 aGVsbG8_-w\n");
        const file = join(edge.path, "Caddyfile.acme");
        const directory = "https://127.0.0.1:1/directory";
        const tls = { mode: "acme", email: "ops@example.org", directory, roots, account } as const;
        writeFileSync(file, edge.render([edge.site("shop.example.org", { tls })]));
        const caddy = (command: string) =>
            execFileSync("caddy", [command, "--adapter", "caddyfile", "--config", file], {
                env: edge.environment,
                stdio: ["ignore", "pipe", "pipe"],
            }).toString();
        caddy("validate");
        const { apps } = JSON.parse(caddy("adapt"));
        expect(apps.tls.automation.policies[0].issuers[0]).to.deep.include({
            ca: directory,
            external_account: { key_id: "kid-1", mac_key: "aGVsbG8_-w" },
            trusted_roots_pem_files: [roots],
        });
    });
});
