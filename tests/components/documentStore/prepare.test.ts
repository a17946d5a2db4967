import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { StandIns } from "../../support/standIns";
import { scratch } from "../../support/tools";

const scripts = join(__dirname, "..", "..", "..", "components", "documentStore", "scripts");

/** A server that runs until it is stopped, and says its version. */
const mongod = `if [ "$1" = --version ]; then echo "db version v\${STANDIN_VERSION:-7.0.39}"; exit 0; fi
[ -z "\${STANDIN_BROKEN:-}" ] || exit 62
trap ': >"$2/mongod.lock"; rm -f "$2/listening"; exit 0' TERM
: >"$2/WiredTiger"
echo 1 >"$2/mongod.lock"
: >"$2/listening"
while :; do sleep 0.05; done`;
const mongosh = `case "$*" in
    *prepare.js*) exit "\${STANDIN_CODE:-0}" ;;
    *--eval*) [ -e "$DATA/listening" ] ;;
esac`;

describe("The document store's scripts around its server, with stand-ins for mongod and mongosh", () => {
    const made: { clean: () => void }[] = [];
    after(() => made.forEach(({ clean }) => clean()));

    function pod(path = "data") {
        const folder = scratch();
        made.push(folder);
        const programs = new StandIns(folder.path, ["MAINTENANCE"]);
        programs.add("mongod", mongod);
        programs.add("mongosh", mongosh);
        const at = (...names: string[]) => join(folder.path, ...names);
        const data = at("volume", path);
        for (const name of [data, at("run")]) mkdirSync(name, { recursive: true });
        writeFileSync(at("source.key"), "the-key-of-the-set");
        const run = (script: "prepare.sh" | "start.sh", env: Record<string, string> = {}) =>
            spawnSync("sh", [join(scripts, script)], {
                encoding: "utf8",
                timeout: 60_000,
                env: {
                    PATH: programs.path,
                    SERIES: "mongo 7.0",
                    DATA: data,
                    VOLUME: at("volume"),
                    RUN: at("run"),
                    KEY_FILE: at("source.key"),
                    KEY: "plinth:instances.campus.volumes.documents",
                    PORT: "27017",
                    ...env,
                },
            });
        const write = (name: string, text = "") => {
            mkdirSync(dirname(at("volume", name)), { recursive: true });
            writeFileSync(at("volume", name), text);
        };
        return { run, write, programs, at, data, holds: (name: string) => existsSync(join(data, name)) };
    }
    const used = (calls: readonly string[], what: string) => calls.filter((call) => call.includes(what));

    it("prepare an empty volume once, and copy the key so that only the server reads it", () => {
        const { run, programs, at, data, holds } = pod();
        const first = run("prepare.sh");
        expect(first.status, first.stderr).to.equal(0);
        expect(statSync(at("run", "key")).mode & 0o777).to.equal(0o400);
        expect(readFileSync(at("run", "key"), "utf8")).to.equal("the-key-of-the-set");
        expect(readFileSync(join(data, "plinth-series"), "utf8")).to.equal("mongo 7.0\n");
        expect(holds("plinth-new")).to.equal(false);
        const password = readFileSync(join(data, "plinth-accounts"), "utf8").trim();
        expect(password).to.match(/^[\w+/]{32}$/);
        expect(statSync(join(data, "plinth-accounts")).mode & 0o077).to.equal(0);
        const calls = programs.calls();
        const [server] = used(calls, "mongod --dbpath");
        expect(server)
            .to.contain("--bind_ip 127.0.0.1")
            .and.not.to.match(/--replSet|--bind_ip_all/);
        expect(used(calls, "prepare.js")[0]).to.contain(`MAINTENANCE=${password} mongosh`);
        // Only in the environment, never among the arguments.
        expect(used(calls, "prepare.js")[0]!.split(" mongosh ")[1]).not.to.contain(password);

        // What has been a replica set's never runs without it.
        expect(run("prepare.sh").status).to.equal(0);
        expect(used(programs.calls(), "--dbpath")).to.deep.equal([]);
        expect(run("start.sh").status).to.equal(0);
        expect(used(programs.calls(), "start.js")[0]).to.contain(`MAINTENANCE=${password}`);
    });

    it("begin again after a first start that was broken off, with the password that it has kept", () => {
        const { run, data, holds } = pod();
        expect(run("prepare.sh", { STANDIN_CODE: "78" }).status).to.equal(78);
        expect(holds("plinth-series")).to.equal(false);
        const password = readFileSync(join(data, "plinth-accounts"), "utf8");
        writeFileSync(join(data, "mongod.lock"), "1");
        const again = run("prepare.sh");
        expect(again.status, again.stderr).to.equal(0);
        expect(readFileSync(join(data, "plinth-accounts"), "utf8")).to.equal(password);
    });

    it("adopt data that were shut down cleanly, and no others", () => {
        const clean = pod(".");
        for (const name of ["WiredTiger", "mongod.lock"]) clean.write(name);
        expect(clean.run("prepare.sh", { ADOPTED: "yes" }).status).to.equal(0);
        const killed = pod(".");
        killed.write("WiredTiger");
        killed.write("mongod.lock", "17\n");
        const { status, stderr } = killed.run("prepare.sh", { ADOPTED: "yes" });
        expect(status).to.equal(78);
        expect(stderr).to.contain("were not shut down cleanly");
        expect(used(killed.programs.calls(), "--dbpath")).to.deep.equal([]);
    });

    it("begin no new data beside others, nor where some are said to be", () => {
        const beside = pod();
        beside.write("old/db/WiredTiger");
        expect(beside.run("prepare.sh").stderr).to.contain(
            'set plinth:instances.campus.volumes.documents.path to "old/db"',
        );
        const root = pod();
        root.write("WiredTiger");
        expect(root.run("prepare.sh").stderr).to.contain('volumes.documents.path to "."');
        const none = pod();
        expect(none.run("prepare.sh", { ADOPTED: "yes" }).stderr).to.contain("no data are in the directory");
        for (const { holds } of [beside, root, none]) expect(holds("plinth-new")).to.equal(false);
    });

    it("refuse an image that is not what its tag says, another version's data without consent, and data that no server opens", () => {
        const { run, data } = pod();
        expect(run("prepare.sh", { STANDIN_VERSION: "8.0.4" }).stderr).to.contain("holds mongo 8.0");
        const broken = run("prepare.sh", { STANDIN_BROKEN: "yes" });
        expect(broken.status).to.equal(78);
        expect(broken.stderr).to.contain("no server of this version starts");
        expect(run("prepare.sh").status).to.equal(0);
        const next = { SERIES: "mongo 8.0", STANDIN_VERSION: "8.0.4" };
        expect(run("prepare.sh", next).stderr).to.contain("the volume holds data of mongo 7.0");
        expect(run("prepare.sh", { ...next, UPGRADE_FROM: "mongo 7.0" }).status).to.equal(0);
        expect(run("start.sh", next).status).to.equal(0);
        expect(readFileSync(join(data, "plinth-series"), "utf8")).to.equal("mongo 8.0\n");
    });
});
