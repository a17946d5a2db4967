import { once } from "node:events";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { replicationFiles } from "../../components/database/replication";
import { judgeMember } from "../../operations/launch/declaredSource";
import { ownDirectory, ownFile, serverUser } from "../support/datadir";
import { commandsOf } from "../support/shellLines";
import { Member, writing } from "../support/members";
import { seriesOf } from "../support/needs";
import { databaseObjects, replicatedObjects, type Wanted } from "../support/replicated";
import { freePort, program, scratch } from "../support/tools";
import { until as untilHolds } from "../support/until";

describe(`a source with two replicas, of MariaDB ${seriesOf("mariadbd")}, with the rendered files`, function () {
    this.timeout(400_000);
    const folder = scratch();
    let members: Member[] = [];
    let user: ReturnType<typeof serverUser>;
    const isOpen = (member: Member) => member.ask("SELECT @@global.read_only", "root", "mysql") === "0";
    const trio = () => members as [Member, Member, Member];
    const declared = async (wanted: Wanted) => {
        const objects = await replicatedObjects(wanted);
        for (const member of members) member.take(objects);
    };
    const until = (what: string, holds: () => boolean, seconds = 150) => untilHolds(what, holds, seconds, members);
    /** Waits until commits wait for a replica, with both attached, and all have recorded it, which they do every two seconds. */
    const commitsWait = (source: Member) => {
        const began = Date.now();
        const hasCaughtUp = ({ run }: Member) => statSync(join(run, "plinth-attached")).mtimeMs > began;
        return until("commits wait for a replica", () => {
            if (!members.every((member) => member === source || hasCaughtUp(member))) return false;
            const told = source.ask("SHOW STATUS LIKE 'Rpl_semi_sync_master_%s'", "root");
            return /_clients\s2$/m.test(told) && /_status\sON$/m.test(told) && /^alone no$/m.test(source.notes);
        });
    };
    /** What a member logs from now on. */
    const logged = (member: Member): (() => string) => {
        const before = member.log.length;
        return () => member.log.slice(before);
    };
    const rows = (member: Member, table = "kept") => member.ask(`SELECT COUNT(*) FROM ${table}`);
    const same = (...some: Member[]) => new Set(some.map((one) => one.ask("CHECKSUM TABLE kept", "root"))).size === 1;
    /** Writes by several clients at once while something happens; returns the acknowledged rows. */
    async function under(source: Member, from: number, event: () => Promise<void>): Promise<number[]> {
        const writers = [0, 1, 2].map((number) => source.writer("kept", from + number * 30_000));
        await new Promise((resolve) => setTimeout(resolve, 700));
        await event();
        return (await Promise.all(writers.map(({ done }) => done))).flat();
    }
    const missing = (member: Member, acknowledged: readonly number[]): number[] => {
        const there = new Set(member.ask("SELECT id FROM kept", "root").split("\n").map(Number));
        return acknowledged.filter((id) => !there.has(id));
    };

    before(async function () {
        user = serverUser("mysql");
        for (const name of ["mariadbd", "mariadb-install-db", "mariadb-dump"]) program(this, name, { by: user });
        const ports = [await freePort(), await freePort(), await freePort()];
        members = [0, 1, 2].map((ordinal) => new Member(folder.path, ordinal, ports, user));
        await declared({});
    });
    after(async () => {
        await Promise.all(members.map((member) => member.down("SIGKILL")));
        folder.clean();
    });

    it("starts with the first member, and opens it once no other member is known to be the source", async () => {
        const [a, b] = trio();
        // A replica that starts first waits for the source; an aborted copy does not count as data.
        ownDirectory(join(b.data, "mysql"), user);
        for (const name of ["ibdata1", "plinth-seeding"]) ownFile(join(b.data, name), user);
        const early = once(b.seed(), "exit");
        await until("the replica waits", () => /waits for member 0, the source/.test(b.log));
        await a.up();
        // It has never been copied: no other can be the source.
        a.take(await replicatedObjects({ source: 1, term: "t" }));
        await until("it says so", () => /has data that were never replicated/.test(a.said));
        a.take(await replicatedObjects({}));
        await until("the source opens", () => a.ready && isOpen(a));
        expect(await early).to.deep.equal([0, null]);
        a.ask("CREATE TABLE kept (id INT PRIMARY KEY) ENGINE = InnoDB; INSERT INTO kept VALUES (0)");
    });

    it("fills empty members, which replicate, answer reads and refuse writes", async () => {
        const [a, b, c] = trio();
        a.ask("CREATE TABLE swift (id INT) ENGINE = MEMORY; INSERT INTO swift VALUES (1)");
        // It is copied as a table in memory, and converted on the source afterwards. A second copy would wait for the
        // lock's end, once the first has flushed the tables.
        const release = await a.hold("swift");
        await b.up();
        release();
        await c.up();
        await until("replicas are ready", () => b.ready && c.ready);
        expect(existsSync(join(b.data, "ibdata1")) && !existsSync(join(b.data, "plinth-seeding"))).to.equal(true);
        a.ask("INSERT INTO kept VALUES (-1)");
        await until("both rows are there", () => rows(b) === "2" && rows(c) === "2");
        // As a reader of OpenMage does.
        expect(b.ask("CREATE TEMPORARY TABLE t AS SELECT id FROM kept; SELECT COUNT(*) FROM t")).to.equal("2");
        expect(b.sql("INSERT INTO kept VALUES (3)").stderr).to.contain("1290");
        // A replica's history has no own transactions, which would conflict with the source's.
        expect(b.ask("SELECT @@gtid_current_pos", "root")).to.equal(a.ask("SELECT @@gtid_binlog_pos", "root"));
        const engine = "SELECT ENGINE FROM information_schema.TABLES WHERE TABLE_NAME = 'swift'";
        await until("no table in memory is left", () => [a, b, c].every((one) => one.ask(engine) === "InnoDB"));
        await commitsWait(a);
    });

    it("loses nothing when the source's server crashes and restarts as the source", async () => {
        const [a, b] = trio();
        const acknowledged = await under(a, 100_000, () => a.crash());
        await until("the source opens again", () => isOpen(a) && a.ready);
        expect(missing(a, acknowledged)).to.deep.equal([]);
        await until("the replica has the same", () => same(a, b));
    });

    it("promotes a replica that is declared the source after the old one died: no acknowledged write is lost", async () => {
        const [a, b, c] = trio();
        await until("replicas are ready", () => b.ready && c.ready);
        // A source that has just come back is alone for a moment.
        await commitsWait(a);
        const acknowledged = await under(a, 200_000, () => a.down("SIGKILL"));
        expect(acknowledged.length).to.be.greaterThan(50);
        const began = Date.now();
        await declared({ source: 1, term: "t1" });
        await until("the new source opens", () => isOpen(b) && b.ready);
        expect(b.said).to.match(/waits up to 12 s for member 0, the former source/);
        const took = Date.now() - began;
        console.log(`        ${acknowledged.length} acknowledged; the new source opens after ${took} ms`);
        expect(missing(b, acknowledged)).to.deep.equal([]);
        b.ask("INSERT INTO kept VALUES (-2)");
        await until("the other follows the new source", () => same(b, c) && c.ready);
        expect(isOpen(c)).to.equal(false);
    });

    it("accepts the old source as a replica, without its unacknowledged writes", async () => {
        const [a, b, c] = trio();
        const { notes } = a;
        a.take(await replicatedObjects({ source: 1, term: "t1" }));
        await a.up();
        await until("the old source is a replica", () => a.ready && same(a, b, c));
        expect(isOpen(a)).to.equal(false);
        await a.down();
        b.ask("INSERT INTO kept VALUES (-10)");
        await until("the other has it", () => same(b, c));
        // Another one cannot know whether it has what the absent one had.
        await declared({ source: 2, term: "t1a" });
        await until("it says so", () => /waits for member 0, which may have commits that this one lacks/.test(c.said));
        // While nobody takes writes, it comes back with a file that is not up to date.
        writeFileSync(join(a.data, "plinth-member"), notes);
        a.take(await replicatedObjects({}));
        await a.up();
        await until("it sees what others have", () => /fenced or replaced by another member/.test(a.said));
        expect(isOpen(a)).to.equal(false);
        await a.down();
        // And again, while somebody does.
        await declared({ source: 1, term: "t1b", lost: [0] });
        await until("the new source opens again", () => isOpen(b));
        writeFileSync(join(a.data, "plinth-member"), notes);
        a.take(await replicatedObjects({}));
        await a.up();
        await until("it remembers that", () => /^role former$/m.test(a.notes));
        expect(isOpen(a)).to.equal(false);
        a.take(await replicatedObjects({ source: 1, term: "t1b", lost: [0] }));
        await until("it is a replica again", () => isOpen(b) && a.ready && same(a, b, c));
        expect(isOpen(a)).to.equal(false);
        expect(a.notes).to.match(/^role replica$/m);
    });

    it("switches the source under load: the old one is fenced first, and its last commit is kept", async () => {
        const [a, b, c] = trio();
        // New connections go to the new source from the moment that it is declared.
        let source = b;
        const stop = writing("kept", 390_000, () => source);
        const acknowledged = await under(b, 300_000, async () => {
            source = a;
            await declared({ source: 0, term: "t2" });
        });
        await until("the first is the source again", () => isOpen(a) && a.ready && !isOpen(b));
        const written = await stop();
        console.log(
            `        ${acknowledged.length + written.acknowledged.length} acknowledged, refused for ${written.refused} ms`,
        );
        expect(missing(a, [...acknowledged, ...written.acknowledged])).to.deep.equal([]);
        // A launch reads this in the logs.
        const declaration = { source: "0", term: "t2", lost: "" };
        await until("the source says so", () => judgeMember("0", declaration, a.said).is === "source");
        await until("the other has read it", () => judgeMember("1", declaration, b.said).is === "informed");
        a.ask("INSERT INTO kept VALUES (-3)");
        await until("all have the same", () => same(a, b, c) && b.ready && c.ready);
    });

    it("waits for what a new source has received but not applied, even if several others have it", async () => {
        const [a, b, c] = trio();
        await commitsWait(a);
        const release = await c.hold("kept");
        a.ask("INSERT INTO kept VALUES (-7)");
        await until("the other has it", () => b.ask("SELECT COUNT(*) FROM kept WHERE id = -7") === "1");
        await declared({ source: 1, term: "t2a" });
        await until("it says whom it waits for", () =>
            /waits for member 2, which applies what it has received/.test(b.said),
        );
        await declared({ source: 2, term: "t2b" });
        await until("it says what it waits for", () => /applies what it has received/.test(c.log));
        expect([isOpen(a), isOpen(c)]).to.deep.equal([false, false]);
        expect(c.log).not.to.match(/not in this one's history/);
        release();
        await until("it opens", () => isOpen(c) && c.ready);
        expect(c.ask("SELECT COUNT(*) FROM kept WHERE id = -7")).to.equal("1");
        await until("all follow", () => a.ready && b.ready && same(a, b, c));
        await declared({ source: 0, term: "t2c" });
        await until("the first is the source again", () => isOpen(a) && b.ready && c.ready);
    });

    it("never replaces a source that does not answer but still replicates", async () => {
        const [a, , c] = trio();
        // As if its connections were exhausted, or only name resolution failed.
        const other = ["'%'", "'127.0.0.1'"].map((host) => `ALTER USER IF EXISTS root@${host} IDENTIFIED BY 'other'`);
        a.ask(["SET SESSION sql_log_bin = 0", ...other].join("; "), "root");
        c.take(await replicatedObjects({ source: 2, term: "t3" }));
        await until("it sees that", () =>
            /waits for member 0, which does not answer here, but still sends/.test(c.log),
        );
        // Longer than the wait for a lost source.
        await new Promise((resolve) => setTimeout(resolve, 7000));
        expect(isOpen(c)).to.equal(false);
        a.ask("INSERT INTO kept VALUES (-6)");
        // Its next start sets the password back.
        c.take(await replicatedObjects({ source: 0, term: "t2c" }));
        await a.crash();
        await until("the source opens again", () => isOpen(a) && a.ready);
    });

    it("gets the last commit of a dead source from another replica", async () => {
        const [a, b, c] = trio();
        await commitsWait(a);
        const resume = [b, c].map((member) => member.pause());
        b.ask("STOP REPLICA IO_THREAD", "root");
        a.ask("INSERT INTO kept VALUES (-8)");
        await a.down("SIGKILL");
        // The other one was about to open, as if it had been declared meanwhile.
        c.ask("SET GLOBAL rpl_semi_sync_master_enabled = ON", "root");
        await declared({ source: 1, term: "t2d" });
        resume[0]!();
        await until("the new source opens", () => isOpen(b));
        expect(c.ask("SELECT @@global.rpl_semi_sync_master_enabled", "root")).to.equal("0");
        resume[1]!();
        expect(b.ask("SELECT COUNT(*) FROM kept WHERE id = -8")).to.equal("1");
        await a.up();
        await until("all follow", () => a.ready && b.ready && c.ready && same(a, b, c));
        // An administrator holds a table for longer than fencing waits.
        const release = await b.hold("kept", "root");
        const told = logged(b);
        await declared({ source: 0, term: "t2e" });
        await until("it cannot be closed", () => /^replication: .*Lock wait timeout/m.test(told()));
        expect([isOpen(a), isOpen(b)]).to.deep.equal([false, true]);
        release();
        await until("the first is the source again", () => isOpen(a) && b.ready && c.ready);
    });

    it("goes on after what nobody declared: commits that wait for no replica, a closed source, a row that was there", async () => {
        const [a, b, c] = trio();
        a.ask("SET GLOBAL rpl_semi_sync_master_enabled = OFF", "root");
        await commitsWait(a);
        const told = logged(a);
        a.ask("SET GLOBAL read_only = ON", "root");
        await until("it waits to be told why", () => /was fenced or replaced by another member/.test(told()));
        await until("it opens again, since nobody else has", () => isOpen(a) && b.ready && c.ready);
        c.ask("SET SESSION sql_log_bin = 0; INSERT INTO kept VALUES (-9)", "root");
        a.ask("INSERT INTO kept VALUES (-9)");
        await until("it says so", () => /cannot apply: .*Duplicate entry/.test(c.said));
        c.ask("SET SESSION sql_log_bin = 0; DELETE FROM kept WHERE id = -9", "root");
        await until("it is applied", () => c.ready && same(a, b, c));
    });

    it("fences a source that has not been informed yet, and keeps it closed", async () => {
        const [a, b, c] = trio();
        const objects = await replicatedObjects({ source: 2, term: "t3" });
        const told = logged(a);
        for (const member of [b, c]) member.take(objects);
        await until("the new source opens", () => isOpen(c));
        await new Promise((resolve) => setTimeout(resolve, 1500));
        expect(isOpen(a)).to.equal(false);
        await until(
            "it sees that",
            () => /was fenced .* and waits to be told why/.test(told()) && /^role former$/m.test(a.notes),
        );
        // Nor does its server, restarted with the old declaration, after the new source is gone.
        await c.down("SIGKILL");
        await a.crash();
        await until("it runs again", () => a.sql("SELECT 1", "root", "mysql").status === 0);
        await new Promise((resolve) => setTimeout(resolve, 3000));
        expect(isOpen(a)).to.equal(false);
        await c.up();
        await until("the new source opens again", () => isOpen(c));
        a.take(objects);
        await until("all follow", () => a.ready && b.ready && same(a, b, c));
    });

    it("applies changed passwords, with which the replicas reconnect to their source", async () => {
        const [a, b, c] = trio();
        await declared({ source: 2, term: "t3", password: "zweites" });
        for (const member of [a, b, c]) {
            await member.down();
            await member.up();
        }
        await until("all are ready", () => a.ready && b.ready && c.ready && isOpen(c));
    });

    it("refuses to continue without commits that only an absent member may have, unless it is declared lost", async () => {
        const [a, b, c] = trio();
        await Promise.all([a.down(), b.down()]);
        await until("the source knows that it is alone", () => /^alone yes$/m.test(c.notes));
        c.ask("INSERT INTO kept VALUES (-4)");
        // Its own restart needs none of them.
        await c.crash();
        await until("the source opens again", () => isOpen(c));
        await c.down("SIGKILL");
        await declared({ source: 0, term: "t4", password: "zweites" });
        const told = logged(a);
        await Promise.all([a.up(), b.up()]);
        const misses = /waits for member 2, which may have .*database\.lost: \[2\]/;
        await until("it says what it misses", () => misses.test(told()));
        expect(isOpen(a)).to.equal(false);
        // No other has to wait for one that waits itself.
        a.ask("SET GLOBAL rpl_semi_sync_master_enabled = ON", "root");
        await until("it claims nothing", () => a.ask("SELECT @@global.rpl_semi_sync_master_enabled", "root") === "0");
        await declared({ source: 0, term: "t4", lost: [2], password: "zweites" });
        await until("it opens", () => isOpen(a) && a.ready);
        a.ask("INSERT INTO kept VALUES (-5)");
        await until("the other follows", () => same(a, b));
    });

    it("leaves a member with commits unknown to the source unchanged until it may be copied again", async () => {
        const [a, , c] = trio();
        await c.up();
        await until("it is refused", () =>
            /does not fit member 0, the source, and is left as it is.*plinth-reseed/.test(c.log),
        );
        expect(c.ready).to.equal(false);
        // A single server would not start on it either.
        expect(c.notes).to.match(/^role former$/m);
        expect(c.ask("SELECT id FROM kept WHERE id = -4", "root")).to.equal("-4");
        // As the source, it would drop commits made without it. It fences no member that it cannot follow,
        const told = logged(c);
        c.take(await replicatedObjects({ source: 2, term: "t5", password: "zweites" }));
        await until("it fences nobody", () => /cannot take the place of member 0/.test(told()));
        expect(isOpen(a)).to.equal(true);
        // and does not compare numbers, which mean nothing after two histories diverged.
        await declared({ source: 2, term: "t5", password: "zweites" });
        await until("it does not open", () =>
            /gets from member 0 what it lacks: .*not in the master's binlog.*database\.lost: \[0\]/.test(c.log),
        );
        expect([isOpen(a), isOpen(c)]).to.deep.equal([false, false]);
        await declared({ source: 0, term: "t6", lost: [2], password: "zweites" });
        await until("the source opens without what it lacks", () => isOpen(a) && a.ready);
        expect(a.ask("SELECT id FROM kept WHERE id = -5")).to.equal("-5");
        await a.crash();
        await until("the source opens again", () => isOpen(a) && a.ready);
        await c.down();
        ownFile(join(c.data, "plinth-reseed"), user);
        await c.up();
        await until("it is a replica", () => c.ready && same(a, c));
        expect(c.ask("SELECT COUNT(*) FROM kept WHERE id = -4")).to.equal("0");
    });

    it("continues as a single server, with commits that a crash left only in the source's log", async () => {
        const [a, b, c] = trio();
        const acknowledged = await under(a, 400_000, () => a.down("SIGKILL"));
        await Promise.all([b.down("SIGKILL"), c.down("SIGKILL")]);
        a.alone(await databaseObjects({ topology: "single", engine: "mariadb" }, "zweites"));
        await until("it takes writes", () => isOpen(a));
        expect(missing(a, acknowledged)).to.deep.equal([]);
        // Its writes are not logged: later members must not mistake the log for a complete one.
        expect(readdirSync(a.data).filter((name) => /^binlog|^plinth-member/.test(name))).to.deep.equal([]);
    });

    it("does not begin a history while another member takes writes", async () => {
        const [a, b] = trio();
        await a.down();
        b.alone(await databaseObjects({ topology: "single", engine: "mariadb" }, "zweites"));
        await until("the other takes writes", () => isOpen(b));
        await declared({ source: 0, term: "t7", password: "zweites" });
        const told = logged(a);
        await a.up();
        const sees = /is declared the source, but member 1 is it, or is about to be/;
        await until("it sees that", () => sees.test(told()));
        expect(isOpen(a)).to.equal(false);
        await b.down();
        await until("it takes writes", () => isOpen(a));
    });

    it("has run each command of the supervisor", () => {
        const run = new Set(members.flatMap((member) => member.commandsOf("supervise.sh")));
        const missed = commandsOf(replicationFiles()["supervise.sh"]!).filter(
            ({ shown }) => !shown.some((one) => run.has(one)),
        );
        expect(missed.map(({ text }) => text)).to.deep.equal([]);
    });
});
