import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { isBuilt, removeSandbox, startSandbox } from "../../../sandbox";
import { program, scratch } from "../../support/tools";

const command = join(__dirname, "..", "..", "..", "cli", "plinth.cjs");

describe("the sandbox, for a user without the Pulumi CLI", function () {
    this.timeout(300_000);
    const home = scratch();
    const folder = join(home.path, "own", "sandbox");
    before(function () {
        this.timeout(1_200_000);
        if (!isBuilt()) program(this, "go");
    });
    after(async () => {
        await plinth("sandbox", "down");
        home.clean();
    });

    const plinth = async (...args: string[]) => {
        const { exitCode, stdout, stderr } = await execa(process.execPath, [command, ...args], {
            env: {
                PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
                HOME: process.env["HOME"],
                XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"],
                PLINTH_HOME: join(home.path, "own"),
                PULUMI_HOME: join(home.path, "pulumi"),
                NO_COLOR: "1",
            },
            extendEnv: false,
            reject: false,
            stdin: "ignore",
        });
        return { code: exitCode, out: stdout, error: stderr };
    };
    const kubectl = async (...args: string[]) => {
        const bin = join(folder, "bin", "kubectl");
        return (await execa(bin, ["--kubeconfig", join(folder, "kubeconfig"), ...args])).stdout;
    };
    /** A fingerprint of every password, so that none is ever printed. */
    const passwords = async () =>
        createHash("sha256")
            .update(await kubectl("get", "secrets", "-n", "opencart", "-o", "jsonpath={.items[*].data}"))
            .digest("hex");
    /** Processes that run from the sandbox's folder. */
    const processes = () =>
        readdirSync("/proc").filter((pid) => {
            try {
                return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith(folder);
            } catch {
                return false;
            }
        });

    it("starts with the platform on it, says that no container runs, and shows status and addresses", async () => {
        const { code, out, error } = await plinth("launch", "--sandbox");
        expect(code, error).to.equal(0);
        expect(error).to.include("the stack's objects are applied with kubectl instead");
        expect(out)
            .to.include("http://shop.localhost:30080/")
            .and.to.match(/opencart\/frontend +1\/1/)
            .and.to.include("Everything that should be ready is ready.")
            .and.to.include("run no containers");
    });

    it("receives the commands for dev from then on, and only those", async () => {
        const status = await plinth("status", "--json");
        expect(status.code, status.error).to.equal(0);
        const { nodes } = JSON.parse(status.out) as { nodes: { name: string }[] };
        expect(nodes.map(({ name }) => name)).to.deep.equal(["simulated-a", "simulated-b", "simulated-c"]);
        const logs = await plinth("logs", "frontend");
        expect(logs.out).to.include("This node is simulated: no container runs here.");
        const other = await plinth("status", "staging");
        expect(other.code).to.equal(1);
        expect(other.error).to.include('the kubeconfig context "staging"').and.not.to.include("sandbox");
        const refused = await plinth("launch", "staging", "--sandbox");
        expect(refused.code).to.equal(1);
        expect(refused.error).to.include('The sandbox is for the stack "dev", not for "staging"');
        expect(refused.error).to.include("Copy Pulumi.staging.yaml to Pulumi.dev.yaml");
    });

    it("does not reveal passwords, and keeps them at the next launch", async () => {
        const before = await passwords();
        for (const file of ["kubeconfig", "tokens.csv", "generated.json", "service-account.key"])
            expect(statSync(join(folder, file)).mode & 0o077, file).to.equal(0);
        expect(statSync(folder).mode & 0o077).to.equal(0);
        expect((await plinth("launch", "--sandbox")).code).to.equal(0);
        expect(await passwords()).to.equal(before);
    });

    it("restarts after all of it was killed, with its deployments", async () => {
        const before = await passwords();
        for (const pid of processes()) process.kill(Number(pid), "SIGKILL");
        await startSandbox({ folder });
        expect(await passwords()).to.equal(before);
        expect(processes()).to.have.length(6);
    });

    it("is started by one command at a time", async () => {
        const [first, second] = await Promise.all([plinth("launch", "--sandbox"), plinth("sandbox", "down")]);
        // The second one is told so, or finds the sandbox complete or deleted: never a partial one, no stack trace.
        expect(first.error + second.error).not.to.match(/\n\s+at /);
        const again = await plinth("launch", "--sandbox");
        expect(again.code, again.error).to.equal(0);
        expect(processes()).to.have.length(6);
    });

    it("is reported as incomplete if a part of it has ended, and never mistaken for another cluster", async () => {
        process.kill(Number(readFileSync(join(folder, "kwok.pid"), "utf8")), "SIGKILL");
        const { code, error } = await plinth("status");
        expect(code).to.equal(1);
        expect(error).to.include('"dev" is deployed to the sandbox, which is not running');
    });

    it("deletes nothing but a sandbox", async () => {
        const theirs = join(home.path, "theirs");
        mkdirSync(join(theirs, "sandbox"), { recursive: true });
        writeFileSync(join(theirs, "sandbox", "precious.txt"), "mine");
        for (const work of [removeSandbox, (at: string) => startSandbox({ folder: at })]) {
            let refusal = "";
            await work(join(theirs, "sandbox")).catch((error: Error) => (refusal = error.message));
            expect(refusal).to.include("does not contain a sandbox");
        }
        expect(readFileSync(join(theirs, "sandbox", "precious.txt"), "utf8")).to.equal("mine");
    });

    it("is deleted without a trace", async () => {
        const { code } = await plinth("sandbox", "down");
        expect(code).to.equal(0);
        expect(processes()).to.deep.equal([]);
        expect(existsSync(folder)).to.equal(false);
        const again = await plinth("sandbox", "down");
        expect(again.code).to.equal(0);
        expect(again.out).to.equal("The sandbox does not exist.");
    });
});
