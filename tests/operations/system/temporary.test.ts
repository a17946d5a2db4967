import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { execa } from "execa";
import { stringify } from "yaml";
import { program, scratch } from "../../support/tools";

const root = join(__dirname, "..", "..", "..");
const script = join(root, "tests", "support", "holdsKubeconfig.ts");
const signals = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

describe("a kubeconfig that is given as contents", function () {
    this.timeout(120_000);
    const folder = scratch();
    const sockets = new Set<Socket>();
    let server: Server;
    let contents = "";
    before(async function () {
        program(this, "kubectl");
        server = createServer((socket) => sockets.add(socket));
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        const { port } = server.address() as AddressInfo;
        contents = stringify({
            apiVersion: "v1",
            kind: "Config",
            "current-context": "silent",
            contexts: [{ name: "silent", context: { cluster: "silent", user: "silent" } }],
            clusters: [{ name: "silent", cluster: { server: `http://127.0.0.1:${port}` } }],
            users: [{ name: "silent", user: { token: "placeholder" } }],
        });
    });
    after(() => {
        for (const socket of sockets) socket.destroy();
        server?.close();
        folder.clean();
    });

    /** A process with this work, once it runs: with kubectl, once that has sent a request. */
    async function at(work: string) {
        const before = sockets.size;
        const child = execa(process.execPath, ["--require", join(root, "cli", "loader.cjs"), script, work], {
            env: { TMPDIR: folder.path, PLINTH_TEST_KUBECONFIG: contents },
            stdin: "ignore",
            detached: true,
            reject: false,
        });
        const [line] = (await new Promise<string>((resolve) =>
            child.stdout.once("data", (data: Buffer) => resolve(data.toString())),
        ).then((text) => text.split("\n"))) as [string];
        while (work !== "nothing" && sockets.size === before) await sleep(20);
        return { child, path: line };
    }
    const left = () => readdirSync(folder.path).filter((name) => name.startsWith("plinth-run-"));

    it("is in a file and folder that only the user can access", async () => {
        const { child, path } = await at("nothing");
        expect(readFileSync(path, "utf8")).to.equal(contents);
        expect([path, dirname(path)].map((one) => statSync(one).mode & 0o777)).to.deep.equal([0o600, 0o700]);
        child.kill("SIGTERM");
        await child;
    });

    for (const work of ["nothing", "read", "attempt", "attach"]) {
        for (const signal of signals) {
            it(`is deleted after ${signal} while it is used by: ${work}`, async () => {
                const { child, path } = await at(work);
                expect(existsSync(path)).to.equal(true);
                // Ctrl-C also reaches the other programs on the terminal, and they are waited for.
                process.kill(signal === "SIGINT" ? -child.pid! : child.pid!, signal);
                await child;
                expect(left()).to.deep.equal([]);
            });
        }
    }

    for (const signal of signals) {
        it(`stays after ${signal} exactly as long as an orderly shutdown needs it`, async () => {
            const { child, path } = await at("interruptible");
            process.kill(child.pid!, signal);
            const { stdout, exitCode } = await child;
            expect({ stdout: stdout.split("\n").slice(1), exitCode }).to.deep.equal({
                stdout: ["then silent"],
                exitCode: 0,
            });
            expect(existsSync(path)).to.equal(false);
            expect(left()).to.deep.equal([]);
        });
    }

    it("is deleted by the next run after SIGKILL, except that of an active run", async () => {
        const killed = await at("read");
        const working = await at("nothing");
        process.kill(-killed.child.pid!, "SIGKILL");
        await killed.child;
        expect(existsSync(killed.path)).to.equal(true);
        const next = await at("nothing");
        expect([killed, working, next].map(({ path }) => existsSync(path))).to.deep.equal([false, true, true]);
        for (const { child } of [working, next]) {
            child.kill("SIGHUP");
            await child;
        }
        expect(left()).to.deep.equal([]);
    });

    it("deletes nothing that only looks like one", async () => {
        const { child, path } = await at("nothing");
        const prefix = dirname(path).replace(/\d+-[A-Za-z0-9]{6}$/, "");
        const theirs = join(folder.path, "theirs");
        mkdirSync(theirs);
        writeFileSync(join(theirs, "precious"), "");
        // No process has this number.
        symlinkSync(theirs, `${prefix}4194999-aaaaaa`);
        mkdirSync(`${prefix}4194999-b`);
        child.kill("SIGTERM");
        await child;
        const next = await at("nothing");
        next.child.kill("SIGTERM");
        await next.child;
        expect(existsSync(join(theirs, "precious"))).to.equal(true);
        expect(left()).to.have.length(2);
    });
});
