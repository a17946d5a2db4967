import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { upgradeScripts } from "../../components/database/postgresUpgrade";
import { guardScript } from "../../components/database/guard";
import { write } from "../support/files";
import { ownDirectory, run, serverUser } from "../support/datadir";
import { missing, newest } from "../support/needs";
import { Daemon, program, scratch } from "../support/tools";

/** The newest version below a root. */
const versionIn = (root: string): number =>
    Math.max(0, ...readdirSync(join(root, "usr/lib/postgresql")).map(Number).filter(Number.isInteger));

describe("PostgreSQL's data, of one major version and then of the next", function () {
    this.timeout(240_000);
    const folder = scratch();
    const volume = join(folder.path, "volume");
    const scripts = join(folder.path, "scripts");
    const sockets = join(folder.path, "sockets");
    let user: { uid?: number; gid?: number };
    let from: number, to: number;

    /** A command with a version's programs, as the server's user; the newer ones are in a system of their own. */
    const words = (version: number, command: readonly string[]): string[] => {
        const path = `PATH=/usr/lib/postgresql/${version}/bin:/usr/bin:/bin`;
        const env = [path, "LANG=C.UTF-8", `VOLUME=${volume}`, `OLD=${from}/docker`, `NEW=${to}/docker`];
        const own = ["env", "-i", ...env, `SERIES_BEFORE=postgres ${from}`, `TMPDIR=${sockets}`];
        const as = ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", ...own, ...command];
        if (version === from) return as;
        // Its list of users may lack this machine's, without which initdb does nothing.
        const enter = `mount --bind /etc/passwd ${newest}/etc/passwd && exec unshare --root=${newest} -- "$@"`;
        return ["unshare", "--mount", "sh", "-c", enter, "enter", ...as];
    };
    const dump = () => words(from, ["sh", join(scripts, "dump.sh")]);
    const load = () => words(to, ["sh", join(scripts, "load.sh")]);
    const done = (command: readonly string[]) => {
        const { status, stdout, stderr } = run(command);
        expect(status, stderr).to.equal(0);
        return stdout;
    };
    /** Runs statements on the data of a version, in a server that nobody else reaches. */
    async function on(version: number, ask: (sql: (database: string, statement: string) => string) => void) {
        const data = ["-D", join(volume, `${version}/docker`), "-k", sockets, "-c", "listen_addresses="];
        const [program_, ...args] = words(version, ["postgres", ...data]);
        const server = new Daemon(program_!, args, {});
        const psql = (database: string, statement: string) =>
            run(words(version, ["psql", "-XtAq", "-h", sockets, "-U", "postgres", "-d", database, "-c", statement]));
        await server.ready(async () => {
            const { status, stderr } = psql("postgres", "SELECT 1");
            if (status !== 0) throw new Error(stderr);
        });
        try {
            ask((database, statement) => {
                const { status, stdout, stderr } = psql(database, statement);
                expect(status, stderr).to.equal(0);
                return stdout.trim();
            });
        } finally {
            // A pod that is killed leaves its lock file, and a log to recover from.
            await server.stop(version === from ? "SIGKILL" : "SIGINT");
            rmSync(join(volume, `${version}/docker/postmaster.pid`), { force: true });
        }
    }
    const facts = (sql: (database: string, statement: string) => string) => [
        sql("shop", "SELECT count(*), md5(string_agg(name, ',' ORDER BY id)) FROM item"),
        sql("shop", "SELECT tableowner FROM pg_tables WHERE tablename = 'item'"),
        sql("shop", "SELECT convert_from(lo_get(oid), 'UTF8') FROM pg_largeobject_metadata"),
        // A crash skips some of its numbers.
        sql("shop", "SELECT last_value BETWEEN 50000 AND 50099 FROM item_id_seq"),
        sql("shop", "SHOW work_mem"),
        sql("it's odd", "SELECT * FROM kept"),
        sql("postgres", "SELECT * FROM kept"),
        sql("postgres", "SELECT rolname, rolpassword FROM pg_authid WHERE rolname IN ('shop', 'postgres') ORDER BY 1"),
        sql("postgres", "SELECT datname, datcollate, datdba::regrole FROM pg_database ORDER BY 1"),
    ];
    let original: string[] = [];

    before(async function () {
        if (process.getuid?.() !== 0) missing(this, "only root can enter another system");
        for (const name of ["setpriv", "unshare", "postgres"]) program(this, name);
        if (newest === "/" || !existsSync(join(newest, "usr/lib/postgresql")))
            missing(this, "there is no second version of PostgreSQL");
        user = serverUser("postgres");
        from = versionIn("/");
        to = versionIn(newest);
        expect(to).to.be.above(from);
        for (const path of [volume, sockets]) ownDirectory(path, user);
        write(scripts, upgradeScripts());
        const data = join(volume, `${from}/docker`);
        done(words(from, ["initdb", "-D", data, "-U", "postgres", "--auth-local=trust", "--data-checksums"]));
        await on(from, (sql) => {
            sql("postgres", "CREATE ROLE shop LOGIN PASSWORD 'with''quote'");
            sql("postgres", "CREATE DATABASE shop OWNER shop");
            sql("postgres", `CREATE DATABASE "it's odd" OWNER shop`);
            sql("postgres", "ALTER DATABASE shop SET work_mem = '9MB'");
            sql("shop", "SET ROLE shop; CREATE TABLE item (id serial PRIMARY KEY, name text)");
            sql("shop", "INSERT INTO item (name) SELECT md5(n::text) FROM generate_series(1, 50000) n");
            sql("shop", "SELECT lo_from_bytea(0, 'a large object')");
            for (const database of ["it's odd", "postgres"]) sql(database, "CREATE TABLE kept AS SELECT 7 AS id");
            original = facts(sql);
        });
    });
    after(() => folder.clean());

    it("does nothing without old data", () => {
        const empty = ownDirectory(join(folder.path, "empty"), user);
        for (const command of [dump(), load()])
            done(command.map((word) => (word === `VOLUME=${volume}` ? `VOLUME=${empty}` : word)));
        expect(readdirSync(empty)).to.deep.equal([]);
    });
    it("refuses an image of another version, and a volume that is too small, and leaves the data alone", () => {
        const wrong = run(dump().map((word) => word.replace(/^SERIES_BEFORE=.*/, "SERIES_BEFORE=postgres 12")));
        expect(wrong.status).to.equal(1);
        expect(wrong.stderr).to.contain(`holds data of postgres ${from}; the data are as they were`);
        const small = join(folder.path, "small");
        mkdirSync(small);
        expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=80m", "plinth", small]).status).to.equal(0);
        try {
            expect(spawnSync("cp", ["-a", join(volume, String(from)), small]).status).to.equal(0);
            ownDirectory(small, user);
            const { status, stderr } = run(
                dump().map((word) => (word === `VOLUME=${volume}` ? `VOLUME=${small}` : word)),
            );
            expect(status).to.equal(1);
            expect(stderr).to.match(
                /need \d+ MiB, and the volume has \d+ MiB left: make it larger; the data are as they were/,
            );
            expect(readdirSync(small)).to.deep.equal([String(from)]);
        } finally {
            spawnSync("umount", [small]);
        }
    });
    it("begins anew where it was killed, in the dump and in the load", async () => {
        const killed = async (command: readonly string[], when: () => boolean) => {
            const [name, ...args] = command;
            const child = spawn(name!, args, { detached: true, stdio: "ignore" });
            const ended = new Promise((resolve) => child.once("exit", resolve));
            while (!when()) await sleep(2);
            // The pod with all that runs in it.
            process.kill(-child.pid!, "SIGKILL");
            await ended;
            spawnSync("pkill", ["-9", "-f", `^[^ ]*postgres .*${volume}`]);
            for (const data of [`${from}/docker`, "upgrade/loading"])
                rmSync(join(volume, data, "postmaster.pid"), { force: true });
        };
        const part = join(volume, "upgrade");
        await killed(dump(), () => existsSync(join(part, "databases")));
        expect(existsSync(join(part, "complete"))).to.equal(false);
        expect(done(dump())).to.contain("dumped 3 databases");
        await killed(load(), () => existsSync(join(part, "loading", "base")));
        expect(existsSync(join(volume, String(to)))).to.equal(false);
        expect(existsSync(join(part, "complete"))).to.equal(true);
    });
    it("has everything in the new version, and the old data still there", async () => {
        expect(done(dump())).to.contain("the dump is complete");
        expect(done(load())).to.contain(`the data are in ${to}/docker`);
        expect(readdirSync(volume).sort()).to.deep.equal([String(from), String(to)].sort());
        let after: string[] = [];
        await on(to, (sql) => {
            after = facts(sql);
            expect(Number(sql("shop", "SELECT reltuples FROM pg_class WHERE relname = 'item'"))).to.equal(50_000);
        });
        expect(after).to.deep.equal(original);
        expect(readFileSync(join(volume, `${to}/docker/pg_hba.conf`), "utf8")).to.match(
            /^host all all all scram-sha-256$/m,
        );
    });
    it("is then a volume that the guard lets the new version start on, and does nothing more", () => {
        const env = { DATA: `${to}/docker`, SERIES: `postgres ${to}`, ADOPTED: "", KEY: "k", DATABASE: "shop" };
        const given = Object.entries(env).map(([key, value]) => `${key}=${value}`);
        done(words(to, ["env", ...given, "sh", "-c", guardScript(volume)]));
        expect(done(dump()) + done(load())).to.equal("");
    });
    it("is not used any more once the old version has written again, and is made anew without the new data", async () => {
        await on(from, (sql) => {
            expect(facts(sql)).to.deep.equal(original);
            sql("postgres", "CREATE TABLE later AS SELECT 8 AS id");
        });
        const { status, stderr } = run(dump());
        expect(status).to.equal(1);
        expect(stderr).to.contain(`${from}/docker was in use again since it was loaded into ${to}/docker`);
        rmSync(join(volume, String(to)), { recursive: true });
        done(dump());
        // Back for a moment, before the load.
        await on(from, (sql) => void sql("postgres", "INSERT INTO later VALUES (9)"));
        expect(done(dump())).to.contain("the data were in use again since the dump");
        done(load());
        await on(to, (sql) => expect(sql("postgres", "SELECT sum(id) FROM later")).to.equal("17"));
    });
});
