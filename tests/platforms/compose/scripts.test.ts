import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { NameServer } from "../../support/nameServer";
import { write } from "../../support/files";
import { optionalProgram, program, scratch } from "../../support/tools";
import { convert, web } from "./support";

interface Container {
    readonly command: readonly string[];
}

const server = "127.0.0.53";
const here = "192.0.2.10";

/** The file system of a container with nothing but a static busybox. */
class Root {
    private readonly folder = scratch();

    constructor(busybox: string) {
        mkdirSync(join(this.path, "bin"));
        copyFileSync(busybox, join(this.path, "bin", "busybox"));
        write(this.path, {
            "etc/resolv.conf": `nameserver ${server}\n`,
            "etc/hosts": `127.0.0.1 localhost\n${here} pod-0\n`,
            "etc/hostname": "pod-0\n",
        });
        for (const folder of ["plinth/tools", "plinth/hosts", "plinth/volumes", "tmp", "dev", "proc"])
            mkdirSync(join(this.path, folder), { recursive: true });
    }

    get path(): string {
        return this.folder.path;
    }

    at = (...path: string[]): string => join(this.path, ...path);

    read = (path: string): string => readFileSync(this.at(path), "utf8");

    mode = (path: string): string => {
        const { uid, gid, mode } = statSync(this.at(path));
        return `${uid}:${gid} ${(mode & 0o7777).toString(8)}`;
    };

    /** Runs a container's command as it is rendered. */
    async run({ command }: Container): Promise<string> {
        const words = command[0] === "sh" ? ["/bin/busybox", ...command] : command;
        const { all, exitCode } = await execa("/usr/sbin/chroot", [this.path, ...words], {
            all: true,
            reject: false,
            env: { PATH: "/bin" },
            extendEnv: false,
            timeout: 30_000,
        });
        expect(exitCode, all).to.equal(0);
        return all;
    }

    async install(): Promise<void> {
        await execa("/usr/sbin/chroot", [this.path, "/bin/busybox", "--install", "-s", "/bin"]);
    }

    clean(): void {
        this.folder.clean();
    }
}

/**
 * A word of a command as the kubelet hands it on: `$$` is a `$`.
 * https://github.com/kubernetes/kubernetes/blob/v1.36.0/third_party/forked/golang/expansion/expand.go
 */
const expanded = (word: string): string => word.replace(/\$\$/g, "$");

/** Containers before a service's own, by their names. */
function stepsOf(compose: object, name = "web", kind = "Deployment"): Record<string, Container> {
    const { initContainers } = convert(compose).pod(kind, name) as { initContainers: (Container & { name: string })[] };
    return Object.fromEntries(
        initContainers.map(({ name: step, command }) => [step, { command: command.map(expanded) }]),
    );
}

describe("scripts of Compose projects, in busybox and with real files and names", function () {
    this.timeout(120_000);
    let root: Root;
    let names: NameServer | undefined;
    before(function () {
        if (process.getuid?.() === 0) return;
        console.log("      skipped: only root may change the root directory");
        this.skip();
    });
    beforeEach(async function () {
        root = new Root(optionalProgram(this, "busybox", "what containers do before a service's own is seen"));
        await root.install();
    });
    afterEach(() => {
        names?.stop();
        names = undefined;
        root?.clean();
    });

    describe("that fill volumes", () => {
        const volumes = (more: object = {}) => ({
            services: { web: { ...web, volumes: ["one:/srv/one", "two:/srv/two"], ...more } },
            volumes: { one: {}, two: {} },
        });
        const run = async (compose: object) => {
            const all = stepsOf(compose, "web", "StatefulSet");
            await root.run(all["web-prepare"]!);
            expect(existsSync(root.at("plinth/tools/busybox"))).to.equal(true);
            // The image itself may have neither shell nor tools.
            rmSync(root.at("bin"), { recursive: true });
            return root.run(all["web-fill"]!);
        };
        const image = () => {
            write(root.path, { "srv/one/a b/c.txt": "text", "srv/one/.hidden": "x", "srv/two/own": "x" });
            chmodSync(root.at("srv/one/.hidden"), 0o640);
            chownSync(root.at("srv/one/.hidden"), 1000, 33);
            chownSync(root.at("srv/one"), 1000, 1000);
            chmodSync(root.at("srv/one"), 0o2775);
            for (const index of [0, 1]) mkdirSync(root.at(`plinth/volumes/${index}`));
        };

        it("copy what the image has, with owners and modes, also what is hidden", async () => {
            image();
            mkdirSync(root.at("plinth/volumes/0/lost+found"));
            await run(volumes());
            expect(root.read("plinth/volumes/0/a b/c.txt")).to.equal("text");
            expect(root.mode("plinth/volumes/0/.hidden")).to.equal("1000:33 640");
            expect(root.mode("plinth/volumes/0")).to.equal("1000:1000 2775");
            expect(existsSync(root.at("plinth/volumes/0/lost+found"))).to.equal(false);
        });
        it("leave a volume that has something, even if it is only one hidden file", async () => {
            image();
            write(root.path, { "plinth/volumes/0/.kept": "mine" });
            await run(volumes());
            expect(existsSync(root.at("plinth/volumes/0/a b"))).to.equal(false);
            expect(root.mode("plinth/volumes/0")).to.match(/^0:0 /);
            expect(root.read("plinth/volumes/1/own")).to.equal("x");
        });
        it("give a volume the owner and mode alone where the project says nocopy, and nothing if the image has no such folder", async () => {
            image();
            rmSync(root.at("srv/two"), { recursive: true });
            const nocopy = { type: "volume", source: "one", target: "/srv/one", volume: { nocopy: true } };
            await run(volumes({ volumes: [nocopy, "two:/srv/two"] }));
            expect(root.mode("plinth/volumes/0")).to.equal("1000:1000 2775");
            expect(existsSync(root.at("plinth/volumes/0/.hidden"))).to.equal(false);
            expect(root.mode("plinth/volumes/1")).to.match(/^0:0 /);
        });
        it("can run twice", async () => {
            image();
            const all = stepsOf(volumes(), "web", "StatefulSet");
            await root.run(all["web-prepare"]!);
            for (let times = 0; times < 2; times++) await root.run(all["web-fill"]!);
            write(root.path, { "plinth/volumes/0/.hidden": "changed since" });
            await root.run(all["web-fill"]!);
            expect(root.read("plinth/volumes/0/.hidden")).to.equal("changed since");
        });
    });

    describe("that wait, and write names", () => {
        const project = {
            services: {
                web: {
                    ...web,
                    environment: { PEER: "grpc://peer0.example.com:7051" },
                    links: ["db:old_db"],
                    depends_on: { db: { condition: "service_healthy" } },
                },
                peer: { image: "peer:1", hostname: "peer0.example.com", expose: [7051] },
                db: { image: "own/db:1", expose: [5432], healthcheck: { test: "ready" } },
            },
        };
        const host = (name: string) => `${name}.compose-shop.svc.cluster.local`;

        it("wait until DNS knows what is ready, and write the addresses of names that it cannot know", async () => {
            names = await NameServer.start(server, { [host("peer")]: ["192.0.2.21"], [host("db")]: ["192.0.2.22"] });
            const running = root.run(stepsOf(project)["web-prepare"]!);
            for (let tries = 0; !names!.questions.includes(host("db-ready")) && tries < 100; tries++)
                await new Promise((resolve) => setTimeout(resolve, 50));
            names!.addresses.set(host("db-ready"), ["192.0.2.31", "192.0.2.32"]);
            expect(await running).to.include(`waiting for ${host("db-ready")}`);
            expect(root.read("plinth/hosts/hosts").trim().split("\n")).to.have.members([
                "127.0.0.1 localhost",
                `${here} pod-0`,
                "192.0.2.21 peer0.example.com",
                "192.0.2.22 old_db",
            ]);
        });
        it("know the pod itself by the names of services in it", async () => {
            names = await NameServer.start(server, { "pod-0": [here] });
            const all = stepsOf({
                services: {
                    web: { ...web, environment: { URL: "http://side.example.com:9000" } },
                    side: { image: "side:1", network_mode: "service:web", container_name: "side.example.com" },
                },
            });
            await execa("unshare", [
                "--uts",
                "sh",
                "-c",
                `hostname pod-0 && chroot ${root.path} "$@"`,
                "sh",
                "/bin/busybox",
                ...all["web-prepare"]!.command,
            ]);
            expect(root.read("plinth/hosts/hosts")).to.include(`${here} side.example.com`);
        });
        it("are read by dash, too", async function () {
            const dash = program(this, "dash");
            for (const { command } of Object.values(stepsOf(project))) {
                const { exitCode, stderr } = await execa(dash, ["-n"], { input: command[2]!, reject: false });
                expect(exitCode, stderr).to.equal(0);
            }
        });
    });
});
