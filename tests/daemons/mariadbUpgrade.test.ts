import { join } from "node:path";
import { expect } from "chai";
import { Database } from "../../components/database";
import type { DatabaseConfig } from "../../config/database";
import { ownDirectory, serverUser } from "../support/datadir";
import { declare, type Sent } from "../support/declare";
import { Member, writing } from "../support/members";
import { seriesOf } from "../support/needs";
import { olderMariadb } from "../support/olderMariadb";
import { freePort, program, scratch } from "../support/tools";
import { until as untilHolds } from "../support/until";

const rendered = async (config: DatabaseConfig): Promise<Sent[]> => {
    const values = { secrets: { bench: { databasePassword: "eigenes", databaseRootPassword: "wurzel" } } };
    const { objects } = await declare(
        (instance) =>
            new Database(instance, "database", {
                ...{ config, database: "open_cart", user: "opencart", size: "10Gi" },
                resources: { cpu: "100m", memory: "512Mi" },
            }),
        { values, instance: {} },
    );
    return objects;
};

describe(`data of an older MariaDB in place, with MariaDB ${seriesOf("mariadbd")}`, function () {
    this.timeout(600_000);
    const folder = scratch();
    const members: Member[] = [];
    let older: ReturnType<typeof olderMariadb>;
    const until = (what: string, holds: () => boolean) => untilHolds(what, holds, 150, members);
    const isOpen = (member: Member) => member.sql("SELECT @@global.read_only", "root", "mysql").stdout.trim() === "0";
    const content = "SELECT COUNT(*), BIT_XOR(CRC32(CONCAT_WS('#', id, name))) FROM kept";
    const newer = "/usr/sbin";
    const fill = `CREATE TABLE kept (id INT PRIMARY KEY, name VARCHAR(200)) ENGINE = InnoDB;
        INSERT INTO kept SELECT seq, REPEAT(SHA2(seq, 256), 2) FROM seq_1_to_5000`;
    /** Members in folders and at ports of their own. */
    const make = async (name: string, count: number): Promise<Member[]> => {
        const ports = await Promise.all([...Array(count)].map(() => freePort()));
        const user = serverUser("mysql");
        const own = ownDirectory(join(folder.path, name), user);
        const made = ports.map((_, one) => new Member(own, one, ports, user));
        members.push(...made);
        for (const member of made) member.programs = older.path;
        return made;
    };

    before(function () {
        for (const name of ["mariadbd", "mariadb-install-db", "mariadb-dump"]) program(this, name);
        older = olderMariadb(this, folder.path);
        console.log(`      written by MariaDB ${older.series}`);
    });
    after(async () => {
        await Promise.all(members.map((member) => member.down("SIGKILL")));
        folder.clean();
    });

    for (const signal of ["SIGTERM", "SIGKILL"] as const)
        it(`has every row on a single server that was ended with ${signal}`, async () => {
            const objects = await rendered({ topology: "single", engine: "mariadb" });
            const [server] = (await make(signal, 1)) as [Member];
            server.alone(objects);
            await until("the older one takes writes", () => server.sql("SELECT 1").status === 0);
            expect(server.ask("SELECT VERSION()")).to.contain(older.series);
            server.ask(fill);
            const before = server.ask(content);
            // A change that is not committed.
            const open = server.writer("kept (id)", 10_000, "BEGIN;\n");
            await until(
                "rows are written",
                () => server.ask("SELECT COUNT(*) FROM information_schema.INNODB_TRX", "root") !== "0",
            );
            await server.down(signal);
            open.stop();
            server.programs = newer;
            server.alone(objects);
            await until("the newer one takes writes", () => server.sql("SELECT 1").status === 0);
            expect(server.ask("SELECT VERSION()")).not.to.contain(older.series);
            expect(server.ask(content)).to.equal(before);
            server.ask("INSERT INTO kept VALUES (0, 'new')");
        });

    for (const order of [
        ["a replica", "the source"],
        ["the source", "a replica"],
    ])
        it(`loses no acknowledged row where ${order.join(" is replaced before ")}`, async () => {
            const objects = await rendered({
                ...{ topology: "replicated", engine: "mariadb", replicas: 1, source: 0, lost: [] },
                ...{ synchronous: true, maxLagSeconds: 30, readFrom: "members" },
            });
            const [source, replica] = (await make(order[0]!.replace(" ", "-"), 2)) as [Member, Member];
            for (const member of [source, replica]) member.take(objects);
            await source.up();
            await until("the source takes writes", () => isOpen(source));
            source.ask(fill);
            await replica.up();
            await until("the replica has it", () => replica.ready);
            const stop = writing("kept (id)", 10_000, () => source);
            for (const member of order.map((name) => (name === "the source" ? source : replica))) {
                await member.down();
                member.programs = newer;
                await member.up();
                await until("all are ready", () => isOpen(source) && source.ready && replica.ready);
            }
            const { acknowledged, refused } = await stop();
            console.log(`        ${acknowledged.length} acknowledged, refused for ${refused} ms`);
            const there = new Set(source.ask("SELECT id FROM kept").split("\n").map(Number));
            expect(acknowledged.filter((id) => !there.has(id))).to.deep.equal([]);
            await until("the replica has the same", () => replica.sql(content).stdout.trim() === source.ask(content));
            for (const member of [source, replica]) expect(member.ask("SELECT VERSION()")).not.to.contain(older.series);
        });
});
