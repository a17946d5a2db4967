import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { labelled, ready } from "../../support/observed";
import { Project } from "../../support/project";
import { StandIns } from "../../support/standIns";
import { scratch } from "../../support/tools";

const secret = "never-S33n anywhere'\"$";

describe("plinth run, with a stand-in for kubectl", function () {
    this.timeout(300_000);
    const folder = scratch();
    const input = join(folder.path, "input");
    let server: Server;
    let project: Project;
    let programs: StandIns;
    before(async () => {
        server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
        await new Promise((resolve) => server.once("listening", resolve));
        const kubeconfig = join(folder.path, "kubeconfig");
        writeFileSync(
            kubeconfig,
            JSON.stringify({
                clusters: [
                    { name: "x", cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } },
                ],
                contexts: [{ name: "x", context: { cluster: "x", user: "x" } }],
                users: [{ name: "x", user: {} }],
            }),
        );
        const pods = join(folder.path, "pods");
        const metadata = labelled("pprd", "web", { name: "web-1", namespace: "qxsms-pprd" });
        writeFileSync(
            pods,
            JSON.stringify({
                items: [{ kind: "Pod", metadata, spec: { containers: [{ name: "web" }] }, status: ready }],
            }),
        );
        programs = new StandIns(folder.path);
        programs.add(
            "kubectl",
            `case "$*" in *"get pods "*) cat '${pods}' ;; *" exec "*) cat > '${input}'; echo done; exit 3 ;; esac`,
        );
        project = new Project({ kubeconfig, bin: folder.path });
        project.write("staging", {
            "plinth:cluster": { context: "x" },
            "plinth:instances": {
                pprd: {
                    platform: "qxsms",
                    host: "pprd.example.org",
                    tls: { mode: "internal" },
                    mail: { host: "smtp.example.org", from: "wpss@example.org" },
                    administrator: { email: "admin@example.org" },
                },
            },
        });
    });
    after(() => {
        server?.close();
        project?.clean();
        folder.clean();
    });
    const run = async (args: readonly string[], given = "") => {
        const { environment } = project;
        const { exitCode, all } = await execa(
            process.execPath,
            [join(project.path, "cli", "plinth.cjs"), "run", ...args],
            { ...environment, env: { ...environment.env, PATH: programs.path }, input: given },
        );
        const record = programs.calls();
        return { code: exitCode, all, record, calls: record.filter((call) => call.includes(" exec ")) };
    };

    it("passes a password from its input to the command's, and nowhere else", async () => {
        const { code, all, record, calls } = await run(
            ["pprd", "--stack", "staging", "createsuperuser", "ada@example.org"],
            `${secret}\n`,
        );
        expect(code, all).to.equal(3);
        expect(all).to.match(/^done$/m);
        expect(readFileSync(input, "utf8")).to.equal(`${secret}\n`);
        expect(calls).to.have.length(1);
        expect(calls[0]).to.contain("exec --namespace qxsms-pprd web-1 --container web --stdin -- python -c");
        expect(record.at(-1)).to.match(/ create email qxsms\.settings ada@example\.org$/);
        for (const text of [all, record.join("\n"), readFileSync(join(project.path, "Pulumi.staging.yaml"), "utf8")])
            expect(text).not.to.contain("never-S33n");
    });
    it("refuses a password without showing it, before anything is run", async () => {
        const short = await run(["pprd", "changepassword", "ada@example.org", "--stack=staging"], "S3cr\n");
        expect(short.code).to.equal(1);
        expect(short.all).to.contain(
            "Nothing was run. The password: a value of 4 characters is not allowed; allowed: at least 8",
        );
        expect(short.all).not.to.contain("S3cr");
        const lines = await run(
            ["pprd", "changepassword", "ada@example.org", "--stack=staging"],
            "a-long-one\nanother\n",
        );
        expect(lines.all).to.contain("standard input has 2 lines; allowed: 1, for password");
        expect([...short.calls, ...lines.calls]).to.deep.equal([]);
    });
    it("passes words after -- through, and takes its own options before them", async () => {
        const { calls } = await run(
            ["pprd", "manage", "--stack", "staging", "--", "loaddata", "--format=json", "-"],
            "{}",
        );
        expect(calls[0]).to.match(/ --stdin -- python manage.py loaddata --format=json -$/);
        expect(readFileSync(input, "utf8")).to.equal("{}");
        const { calls: plain } = await run(["pprd", "manage", "migrate", "--fake", "hq", "--stack", "staging"]);
        expect(plain[0]).to.match(/ -- python manage.py migrate --fake hq$/);
    });
    it("lists the operations, and describes one", async () => {
        const list = await run(["pprd", "--stack", "staging"]);
        expect(list.code).to.equal(0);
        expect(list.all).to.match(/createsuperuser EMAIL +Create an account with all rights/);
        const help = await run(["pprd", "createsuperuser", "--help", "--stack", "staging"]);
        expect(help.all).to.contain("Usage: ./plinth run pprd createsuperuser EMAIL [--generate] [--stack STACK]");
        expect((await run(["--help"])).all).to.contain(
            "Usage: plinth run [options] <instance> [operation] [argument...]",
        );
    });
});
