import { readFileSync } from "node:fs";
import { createServer as createProxy } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, connect, type Server } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { Authority } from "../support/tlsServers";
import { program, scratch } from "../support/tools";

const scripts = join(__dirname, "..", "..", "components", "backup", "scripts");

describe("Objects of a backup, to a server with a certificate of one's own authority", function () {
    this.timeout(60_000);
    const folder = scratch();
    const servers: Server[] = [];
    const asked: string[] = [];
    let authority: Authority;
    let port: number;
    let proxy: number;

    const listening = async (server: Server): Promise<number> => {
        servers.push(server);
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        return (server.address() as AddressInfo).port;
    };
    /** Lists the bucket; returns what went wrong. */
    const list = async (env: Record<string, string>): Promise<string> => {
        const code = `from bucket import Bucket, Server
print(list(Bucket(Server("https://localhost:${port}", "us-east-1", lambda: ("key", "secret", None), True), "photos").objects()))`;
        const { stdout, stderr, exitCode } = await execa("python3", ["-c", code], {
            reject: false,
            env: { PYTHONPATH: scripts, PYTHONDONTWRITEBYTECODE: "1", ...env },
        });
        return exitCode === 0 ? stdout : stderr;
    };

    before(async function () {
        for (const name of ["openssl", "python3"]) program(this, name);
        authority = new Authority(folder.path, "authority");
        const { cert, key } = authority.sign("localhost");
        const options = { cert: readFileSync(cert), key: readFileSync(key) };
        port = await listening(
            createServer(options, (_, response) => response.end("<ListBucketResult></ListBucketResult>")),
        );
        const through = createProxy();
        through.on("connect", ({ url }, client) => {
            asked.push(url!);
            const server = connect(port, "127.0.0.1", () => {
                client.write("HTTP/1.1 200 Connection established\r\n\r\n");
                server.pipe(client).pipe(server);
            });
        });
        proxy = await listening(through);
    });
    after(() => {
        for (const server of servers) server.close();
        folder.clean();
    });

    it("are sent only where its certificate is known", async () => {
        expect(await list({ SSL_CERT_FILE: authority.certificate })).to.equal("[]");
        expect(await list({ SSL_CERT_FILE: new Authority(folder.path, "stranger").certificate })).to.contain(
            "CERTIFICATE_VERIFY_FAILED",
        );
        expect(asked).to.deep.equal([]);
    });

    it("go through the proxy, unless the host is among those without", async () => {
        const env = { SSL_CERT_FILE: authority.certificate, https_proxy: `http://127.0.0.1:${proxy}` };
        expect(await list({ ...env, no_proxy: "" })).to.equal("[]");
        expect(asked).to.deep.equal([`localhost:${port}`]);
        expect(await list({ ...env, no_proxy: ".svc,localhost" })).to.equal("[]");
        expect(asked).to.have.length(1);
    });
});
