import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { fingerprint, run } from "../support/datadir";
import { MariaDb, passwords, Pods, Postgres, type Server } from "../support/backups";
import { program, scratch } from "../support/tools";

/** Data of each engine, how to damage them, and how to verify that they are restored. */
const contents: Record<Server["engine"], { make: string; damage: string; digest: string }> = {
    mariadb: {
        make: `
CREATE TABLE item (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(200), data BLOB, price DECIMAL(10,2)) ENGINE=InnoDB;
CREATE TABLE log (id INT PRIMARY KEY AUTO_INCREMENT, item INT, FOREIGN KEY (item) REFERENCES item (id)) ENGINE=InnoDB;
CREATE VIEW cheap AS SELECT id, name FROM item WHERE price < 500;
DELIMITER //
CREATE TRIGGER logged AFTER INSERT ON item FOR EACH ROW INSERT INTO log (item) VALUES (NEW.id)//
CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2//
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM log WHERE id < 0//
DELIMITER ;
CREATE TABLE plinth_state (name VARCHAR(64) PRIMARY KEY, value TEXT);
INSERT INTO plinth_state VALUES ('admin', 'a'), ('cache', 'of the backup');
INSERT INTO item (name, data, price) SELECT CONCAT('ä€😀''"\\\\ ', seq), UNHEX(SHA2(seq, 512)), seq / 7 FROM seq_1_to_5000;`,
        damage: "DROP TABLE log; DELETE FROM item WHERE id % 2; DROP VIEW cheap; DROP FUNCTION twice; CREATE TABLE later (id INT);",
        digest: `
SELECT 'item', COUNT(*), BIT_XOR(CRC32(CONCAT_WS('#', id, name, HEX(data), price))) FROM item;
SELECT 'log', COUNT(*), BIT_XOR(CRC32(CONCAT_WS('#', id, item))) FROM log;
SELECT 'cheap', COUNT(*) FROM cheap; SELECT twice(21);
SHOW TABLES; SELECT TRIGGER_NAME FROM information_schema.TRIGGERS; SELECT EVENT_NAME FROM information_schema.EVENTS;`,
    },
    postgres: {
        make: `
CREATE SCHEMA more;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE item (id serial PRIMARY KEY, name text, data bytea, price numeric(10,2), mood mood);
CREATE TABLE more.log (id serial PRIMARY KEY, item int REFERENCES item (id));
CREATE VIEW cheap AS SELECT id, name FROM item WHERE price < 500;
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE FUNCTION logged() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO more.log (item) VALUES (NEW.id); RETURN NEW; END$$;
CREATE TRIGGER logged AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION logged();
CREATE EXTENSION pg_trgm;
CREATE INDEX ON item USING gin (name gin_trgm_ops);
COMMENT ON TABLE item IS 'what is sold';
SELECT lo_from_bytea(4711, 'a large object');
INSERT INTO item (name, data, price, mood) SELECT 'ä€😀''"\\ ' || n, sha512(n::text::bytea), n / 7.0, 'good' FROM generate_series(1, 5000) n;`,
        damage: "DROP SCHEMA more CASCADE; DELETE FROM item WHERE id % 2 = 1; DROP VIEW cheap; DROP FUNCTION twice; SELECT lo_unlink(4711); CREATE TABLE later (id int);",
        digest: `
SELECT 'item', count(*), md5(string_agg(md5(item::text), '' ORDER BY id)) FROM item;
SELECT 'log', count(*), md5(string_agg(md5(log::text), '' ORDER BY id)) FROM more.log;
SELECT 'cheap', count(*) FROM cheap; SELECT twice(21); SELECT lo_get(4711); SELECT obj_description('item'::regclass);
SELECT relname, relkind FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname IN ('public', 'more') ORDER BY 1, 2;
SELECT extname FROM pg_extension ORDER BY 1; SELECT nspname, nspowner::regrole, nspacl FROM pg_namespace WHERE nspname = 'public';`,
    },
};

describe("Scripts of backup and restore", () => {
    it("pass shellcheck", function () {
        const scripts = join(__dirname, "..", "..", "components", "backup", "scripts");
        // Each reads others, which shellcheck does not find.
        const args = ["--shell=sh", "--exclude=SC1090,SC1091,SC2034,SC2154"];
        const { status, stdout } = run([
            program(this, "shellcheck"),
            ...args,
            ...readdirSync(scripts)
                .filter((name) => name.endsWith(".sh"))
                .map((name) => join(scripts, name)),
        ]);
        expect(status, stdout).to.equal(0);
    });
});

for (const server of [new MariaDb(), new Postgres()] as const)
    describe(`Backup of ${server.title}, as rendered`, function () {
        this.timeout(180_000);
        const folder = scratch();
        const { make, damage, digest } = contents[server.engine];
        const database = server.engine === "mariadb" ? "database.sql.gz" : "database.dump";
        let pods: Pods;
        let good: string;
        const state = () => ({ rows: server.sql(digest), files: fingerprint(pods.files) });
        /** A file's content in the newest backup, or what became of it. */
        const path = (name: string, file: string) => join(pods.backups, name, file);

        before(async function () {
            await server.init(this, folder.path);
            await server.start();
            pods = new Pods(folder.path, server, { type: "volume" });
            server.sql(make);
            pods.write("image/ä b.jpg", "picture");
            pods.write("storage/download/.hidden", "sold");
            pods.write(".seeded", "");
        });
        after(async () => {
            await server.stop();
            folder.clean();
        });

        it("shows no password in the process list", async () => {
            const seen = join(folder.path, "arguments");
            for (const tool of ["mariadb", "mariadb-dump", "psql", "pg_dump", "pg_restore"])
                pods.shim(tool, `printf '%s\\n' "$0 $*" >>${seen}; exec /usr/bin/${tool} "$@"`);
            writeFileSync(seen, "", { mode: 0o666 });
            run(["chmod", "666", seen]);
            const { code, output } = await pods.backUp();
            expect(code, output).to.equal(0);
            good = pods.result();
            expect(pods.complete()).to.deep.equal([good]);
            const listed = readFileSync(seen, "utf8");
            expect(listed).to.contain(server.engine === "mariadb" ? "mariadb-dump" : "pg_dump");
            for (const text of [listed, output])
                for (const secret of Object.values(passwords)) expect(text).not.to.contain(secret.slice(0, 8));
            pods.unshim();
        });

        it("restores every row, object and file, and removes later ones", async () => {
            const before = state();
            server.sql(damage);
            rmSync(join(pods.files, "image"), { recursive: true });
            pods.write("later", "new");
            pods.write("storage/download/.hidden", "changed");
            const { code, output } = await pods.restore(good);
            expect(code, output).to.equal(0);
            expect(state().rows).to.equal(before.rows);
            // The value by which shops' pods know whether their cache belongs to this database.
            if (server.engine === "mariadb") expect(server.sql("SELECT name FROM plinth_state")).to.equal("admin");
            const names = Object.keys(state().files);
            expect(names).to.deep.equal(Object.keys(before.files));
            expect(readFileSync(join(pods.files, "image/ä b.jpg"), "utf8")).to.equal("picture");
            expect(readFileSync(join(pods.files, "storage/download/.hidden"), "utf8")).to.equal("sold");
            // Again: a restore must also work after a restore.
            expect((await pods.restore(good)).output).to.contain(`are those of ${good}`);
            expect(state().rows).to.equal(before.rows);
        });

        it("lists the backups", async () => {
            const { output } = await pods.list();
            const [line, ...more] = output
                .trim()
                .split("\n")
                .map((text) => text.split("\t"));
            expect(more).to.have.length(0);
            expect(line!.slice(0, 3)).to.deep.equal(["backup", good, "complete"]);
            const [, series] = server.title.split(" ");
            expect(line![3]).to.match(new RegExp(`^${server.engine} ${series}\\.\\d+`));
            expect(line![4]).to.match(new RegExp(`^${database.replaceAll(".", "\\.")}=\\d+,files\\.tar\\.gz=\\d+,$`));
        });

        it("is consistent despite concurrent writes", async () => {
            server.sql("CREATE TABLE left_side (n INT PRIMARY KEY); CREATE TABLE right_side (n INT PRIMARY KEY);");
            // Both tables grow in one transaction each time; an inconsistent dump would have different counts.
            let going = true;
            let written = 0;
            const writer = (async () => {
                while (going) {
                    const values = Array.from({ length: 50 }, (_, index) => written * 50 + index);
                    const inserts = values.map(
                        (n) =>
                            `BEGIN; INSERT INTO left_side VALUES (${n}); INSERT INTO right_side VALUES (${n}); COMMIT;`,
                    );
                    server.sql(inserts.join("\n"));
                    written++;
                    await new Promise((resolve) => setTimeout(resolve, 1));
                }
            })();
            const { code, output } = await pods.backUp();
            going = false;
            await writer;
            expect(code, output).to.equal(0);
            const total = Number(server.sql("SELECT COUNT(*) FROM right_side"));
            const name = pods.result();
            expect((await pods.restore(name)).code).to.equal(0);
            const [left, right] = ["left_side", "right_side"].map((table) =>
                Number(server.sql(`SELECT COUNT(*) FROM ${table}`)),
            );
            expect(left)
                .to.equal(right)
                .and.to.be.within(1, total - 1);
            server.sql("DROP TABLE left_side; DROP TABLE right_side;");
            rmSync(join(pods.backups, name), { recursive: true });
        });

        if (server.engine === "mariadb")
            it("warns of tables that may differ in time from the rest, not of those that each restart empties", async () => {
                server.sql("CREATE TABLE nonce (id INT) ENGINE=MyISAM; CREATE TABLE visitors (id INT) ENGINE=MEMORY");
                const { output } = await pods.backUp();
                rmSync(join(pods.backups, pods.result()), { recursive: true });
                server.sql("DROP TABLE nonce; DROP TABLE visitors");
                expect(output).to.match(/these tables know no transactions.*: nonce *$/m);
            });

        describe("that fails", () => {
            afterEach("leaves nothing that counts, and what there was", async () => {
                expect(pods.complete()).to.deep.equal([good]);
                expect(pods.remains()).to.deep.equal([]);
                const { output } = await pods.restore(good, { ACTION: "check" });
                expect(output).to.contain(`${good} is whole`);
            });

            it("because of a wrong password", async () => {
                const { code, output, failed } = await pods.backUp({ DB_PASSWORD: "wrong", DB_TRIES: "1" });
                expect(code).to.equal(1);
                expect(failed).to.equal("dump");
                expect(output)
                    .to.contain("FAILED: the database at 127.0.0.1")
                    .and.to.contain("does not let opencart in");
            });
            it("for lack of space for the dump", async () => {
                const { code, output, failed } = await pods.backUp({}, "ulimit -f 64");
                expect(code, output).not.to.equal(0);
                expect(failed).to.equal("dump");
            });
            it("for lack of space for the files", async () => {
                pods.write("large", randomBytes(200_000).toString("hex"));
                pods.shim(
                    "gzip",
                    'case $(readlink /proc/$$/fd/1) in *files.tar.gz) ulimit -f 1 ;; esac; exec /usr/bin/gzip "$@"',
                );
                const { code, output, failed } = await pods.backUp();
                pods.unshim();
                rmSync(join(pods.files, "large"));
                expect(failed, output).to.equal("archive");
                expect(code).not.to.equal(0);
            });
            it("because the server is killed during the dump", async () => {
                // A slow reader delays the dump until the server is killed.
                const [ready, killed] = [join(folder.path, "dumping"), join(folder.path, "killed")];
                const tool = server.engine === "mariadb" ? "gzip" : "pg_dump";
                const slow =
                    server.engine === "mariadb"
                        ? `[ $# -gt 0 ] || { touch ${ready}; until [ -e ${killed} ]; do sleep 0.1; done; }; exec /usr/bin/gzip "$@"`
                        : `touch ${ready}; exec env PGOPTIONS='-c post_auth_delay=3' /usr/bin/pg_dump "$@"`;
                pods.shim(tool, slow);
                run(["chmod", "777", folder.path]);
                if (server.engine === "mariadb")
                    server.sql("CREATE TABLE bulk AS SELECT seq, REPEAT(SHA2(seq, 512), 20) AS t FROM seq_1_to_15000;");
                const running = pods.backUp();
                for (;;) {
                    await new Promise((resolve) => setTimeout(resolve, 100));
                    if (readdirSync(folder.path).includes("dumping")) break;
                }
                await new Promise((resolve) => setTimeout(resolve, 1000));
                await server.kill();
                writeFileSync(killed, "");
                const { code, output, failed } = await running;
                pods.unshim();
                await server.start();
                if (server.engine === "mariadb") server.sql("DROP TABLE bulk");
                expect(output).to.contain("FAILED: the dump broke off");
                expect([code, failed]).to.deep.equal([1, "dump"]);
            });
        });

        it("deletes old ones only after a success, and never the last good one", async () => {
            const before = state().rows;
            const now = Date.now();
            const daysAgo = (days: number) =>
                `${new Date(now - days * 86_400_000).toISOString().replace(/[-:]|\.\d+/g, "")}-abcd`;
            renameSync(join(pods.backups, good), join(pods.backups, daysAgo(40)));
            for (const days of [41, 42])
                run(["cp", "-a", join(pods.backups, daysAgo(40)), join(pods.backups, daysAgo(days))]);
            const old = pods.complete();
            expect(old).to.have.length(3);
            const strict = { KEEP_DAYS: "1", KEEP_COUNT: "1" };
            for (let night = 0; night < 5; night++)
                expect((await pods.backUp({ DB_PASSWORD: "wrong", DB_TRIES: "1", ...strict })).code).to.equal(1);
            expect(pods.complete()).to.deep.equal(old);
            // Remains of a killed run are deleted by the next one; files that may still be written stay.
            const [dead, alive] = [daysAgo(3), daysAgo(0)];
            for (const name of [dead, alive]) run(["mkdir", join(pods.backups, `.partial-${name}`)]);
            expect((await pods.backUp({ ...strict, KEEP_COUNT: "2" })).code).to.equal(0);
            good = pods.result();
            expect(pods.complete()).to.deep.equal([old[2], good]);
            expect(pods.remains()).to.deep.equal([`.partial-${alive}`]);
            rmSync(join(pods.backups, `.partial-${alive}`), { recursive: true });
            expect((await pods.backUp(strict)).code).to.equal(0);
            // One of today is younger than a day. Two of one second have no order.
            expect(pods.complete()).to.have.members([good, pods.result()]);
            rmSync(join(pods.backups, pods.result()), { recursive: true });
            expect((await pods.restore(good)).code).to.equal(0);
            expect(state().rows).to.equal(before);
        });

        describe("with files that cannot be restored after the database", () => {
            const leftovers = () => readdirSync(pods.files).filter((name) => name.startsWith(".plinth-"));
            /** Every call of the tool fails in the last step, the only one that unpacks or moves the archive. */
            const failing = async (tool: string, when: string) => {
                pods.shim(tool, `case "$*" in ${when}) exit 1 ;; esac; exec /usr/bin/env -- /bin/${tool} "$@"`);
                const { code, output, failed } = await pods.restore(good);
                pods.unshim();
                expect([code, failed], output).to.deep.equal([10, "unpack"]);
            };
            afterEach("goes in at the next try", async () => {
                expect((await pods.restore(good)).code).to.equal(0);
                expect(leftovers()).to.deep.equal([]);
            });
            it("keeps the former files, and no part of an archive", async () => {
                const before = state().files;
                await failing("tar", "*-xpf*");
                expect(leftovers()).to.deep.equal([]);
                expect(state().files).to.deep.equal(before);
            });
            it("reports an incomplete rollback if a file cannot be moved", async () => {
                await failing("mv", "*.plinth-new/image*");
                expect(leftovers()).to.deep.equal([`.plinth-old-${good}`]);
            });
        });

        describe("is not restored", () => {
            let before: ReturnType<typeof state>;
            let copy: string;
            beforeEach(() => {
                before = state();
                copy = good.replace(/....$/, "bad0");
                run(["cp", "-a", join(pods.backups, good), join(pods.backups, copy)]);
            });
            afterEach("and nothing has changed", () => {
                expect(state()).to.deep.equal(before);
                rmSync(join(pods.backups, copy), { recursive: true, force: true });
            });
            const refused = async (reason: RegExp, env: Record<string, string> = {}) => {
                const { code, output } = await pods.restore(copy, env);
                expect(output).to.match(reason);
                expect(code).to.equal(1);
            };
            const edit = (file: string, change: (text: string) => string) =>
                writeFileSync(path(copy, file), change(readFileSync(path(copy, file), "latin1")), "latin1");
            /** Signs the changed file. */
            const sign = () => {
                const digestOf = run(["sha256sum", path(copy, database)]).stdout.slice(0, 64);
                const size = readFileSync(path(copy, database)).length;
                edit("manifest", (text) => text.replace(/^file database.*$/m, `file ${database} ${size} ${digestOf}`));
            };

            it("if it does not exist", () => {
                rmSync(join(pods.backups, copy), { recursive: true });
                return refused(/FAILED: there is no backup/);
            });
            it("if a file is damaged or truncated", async () => {
                edit(database, (text) => `${text.slice(0, 900)}X${text.slice(901)}`);
                await refused(/FAILED: .* is damaged: its checksum is another/);
                edit(database, (text) => text.slice(0, -100));
                await refused(/FAILED: .* bytes instead of/);
            });
            it("if its dump is truncated despite a matching checksum", async () => {
                edit(database, (text) => text.slice(0, -2000));
                sign();
                await refused(/FAILED: database\.\S+ (cannot be unpacked|has no end)/);
            });
            it("if it is incomplete", () => {
                edit("manifest", (text) => text.replace(/^complete.*\n/m, ""));
                return refused(/FAILED: .* is not complete/);
            });
            it("into another engine, or an older server", async () => {
                const other = server.engine === "mariadb" ? "mysql 8.4.11" : "mariadb 11.8.8-MariaDB";
                edit("manifest", (text) => text.replace(/^engine .*$/m, `engine ${other}`));
                await refused(/FAILED: .* which cannot load it/);
                edit("manifest", (text) => text.replace(/^engine .*$/m, `engine ${server.engine} 99.1`));
                await refused(/FAILED: .* the server is older/);
            });
            it("if it is from another database or instance, unless that is allowed", async () => {
                edit("manifest", (text) => text.replace("database open_cart", "database surveys"));
                await refused(/FAILED: .* is of the database surveys of \S+; this is open_cart of/);
                edit("manifest", (text) => text.replace("database surveys", "database open_cart"));
                edit("manifest", (text) => text.replace(/^instance .*$/m, "instance plinth/production/shop"));
                await refused(/FAILED: .* set backup\.acceptFrom: \[plinth\/production\/shop\] and launch/);
                const meant = { ACTION: "check", ACCEPT_FROM: "plinth/staging/shop plinth/production/shop" };
                expect((await pods.restore(copy, meant)).code).to.equal(0);
                // Backups from before instances were recorded.
                edit("manifest", (text) => text.replace(/^instance .*\n/m, ""));
                expect((await pods.restore(copy, { ACTION: "check" })).code).to.equal(0);
            });
            it("while the database has other clients", async () => {
                await server.hold(() => refused(/FAILED: open_cart is in use by others/, { IDLE_TRIES: "1" }));
            });
            it("if it does not load: the database is unchanged", async () => {
                if (server.engine === "mariadb") {
                    const script = `gzip -dc "$1" | sed 's/^-- Dump completed/INSERT INTO nowhere VALUES (1);\\n&/' | gzip >"$2"`;
                    run(["sh", "-c", script, "sh", path(good, database), path(copy, database)]);
                    sign();
                } else {
                    server.sql("ALTER TABLE item RENAME TO kept; CREATE TABLE item (id int);");
                    server.sql("\\connect open_cart\nALTER TABLE item OWNER TO postgres;", "root");
                }
                // MariaDB finds out beforehand, PostgreSQL by its transaction.
                const action = { ACTION: server.engine === "mariadb" ? "check" : "restore" };
                await refused(/FAILED: the dump does not load; open_cart is as it was/, action);
                if (server.engine === "postgres") {
                    server.sql("\\connect open_cart\nDROP TABLE item;", "root");
                    server.sql("ALTER TABLE kept RENAME TO item;");
                }
            });
        });
    });
