import { join } from "node:path";
import { expect } from "chai";
import { Pods } from "../support/backups";
import { ownDirectory, run } from "../support/datadir";
import { under, whole } from "../support/faults";
import { Galera, galeraObjects, passwords } from "../support/galera";
import { load } from "../support/load";
import { LocalPod } from "../support/localPod";
import { seriesOf } from "../support/needs";
import { program, scratch } from "../support/tools";

describe(`three members of a Galera cluster, of MariaDB ${seriesOf("mariadbd")}, in the rendered pods`, function () {
    this.timeout(300_000);
    const folder = scratch();
    let cluster: Galera;

    before(async function () {
        LocalPod.check(this);
        for (const name of ["mariadbd", "mariadb-install-db", "mariadb-backup", "socat", "haproxy"])
            program(this, name);
        cluster = new Galera(folder.path, await galeraObjects());
    });
    after(async () => {
        await cluster?.stop();
        folder.clean();
    });

    it("begins with the first of three empty ones, which fills the others and takes the writes", async () => {
        await cluster.start();
        await whole(cluster);
        expect(cluster.members.map(({ isOpen }) => isOpen)).to.deep.equal([true, false, false]);
    });

    it("replicates tables without a primary key, as OpenMage has them", async () => {
        const [first, second] = cluster.members;
        first!.ask(`CREATE TABLE keyless (a INT, b INT); INSERT INTO keyless VALUES (1, 1), (2, 2), (2, 2), (3, 3);
            UPDATE keyless SET b = 5 WHERE a = 1; DELETE FROM keyless WHERE a = 3`);
        await cluster.until("the other has it", () => {
            const rows = second!.ask("SELECT a, b FROM keyless ORDER BY a, b");
            return rows === "1\t5\n2\t2\n2\t2";
        });
    });

    it("loses no acknowledged write when the server that takes them is killed", async () => {
        const { acknowledged, refused } = await under(cluster, async () => {
            const { writer } = cluster;
            writer!.kill();
            await cluster.until("it is missed", () => !cluster.endpoints.has(writer!));
        });
        console.log(`        ${acknowledged} acknowledged, refused for ${refused.toFixed(1)} s`);
    });

    it("is backed up while it is written to, and restored with the same rows on all members", async function () {
        program(this, "mariadb-dump");
        await whole(cluster);
        const pods = new Pods(ownDirectory(join(folder.path, "backup"), {}), { engine: "mariadb" }, { type: "volume" });
        // By the Service, as the pods of the platform.
        const env = () => ({
            ...{ DB_HOST: cluster.endpoint!, DB_PORT: "3306", IDLE_TRIES: "60" },
            ...{ DB_PASSWORD: passwords.databasePassword, DB_ROOT_PASSWORD: passwords.databaseRootPassword },
        });
        const own = (statements: string) => {
            const place = [`--host=${cluster.endpoint}`, "--port=3306", "--user=opencart", "open_cart"];
            const { status, stderr } = run(["mariadb", "--no-defaults", "--skip-ssl", ...place], {
                env: { MYSQL_PWD: passwords.databasePassword },
                input: statements,
            });
            expect(status, stderr).to.equal(0);
        };
        own(`CREATE TABLE item (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(200), data LONGBLOB);
            CREATE TABLE log (item INT, FOREIGN KEY (item) REFERENCES item (id));
            CREATE VIEW cheap AS SELECT id FROM item WHERE id < 100;
            CREATE TRIGGER logged AFTER INSERT ON item FOR EACH ROW INSERT INTO log VALUES (NEW.id);
            CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2;
            CREATE TABLE nonce (id INT) ENGINE = MyISAM; INSERT INTO nonce VALUES (1);
            INSERT INTO item (name, data) SELECT CONCAT('ä€', seq), REPEAT(SHA2(seq, 512), 128) FROM seq_1_to_3000;`);
        const digest = `SELECT COUNT(*), BIT_XOR(CRC32(CONCAT_WS('#', id, name, data))) FROM item; SELECT COUNT(*) FROM log;
            SELECT COUNT(*), twice(21) FROM cheap; SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_NAME = 'logged'`;
        const before = cluster.writer!.ask(digest);
        const stop = load({ address: () => cluster.endpoint, password: passwords.databasePassword });
        const { code, output } = await pods.backUp(env());
        expect(code, output).to.equal(0);
        expect(output).to.match(/these tables know no transactions.*: nonce *$/m);
        expect((await stop()).acknowledged).not.to.have.length(0);
        own(
            "DROP VIEW cheap; DROP FUNCTION twice; DELETE FROM log; DELETE FROM item WHERE id % 2; CREATE TABLE later (id INT)",
        );
        const restored = await pods.restore(pods.result(), env());
        expect(restored.code, restored.output).to.equal(0);
        for (const member of cluster.members)
            await cluster.until("it has what the backup has", () => member.ask(digest) === before);
        const count = (table: string) => cluster.members.map((one) => one.ask(`SELECT COUNT(*) FROM ${table}`));
        expect(cluster.members.map((one) => one.ask("SHOW TABLES LIKE 'later'"))).to.deep.equal(["", "", ""]);
        // Galera replicates the definition, not the rows.
        expect(count("nonce").sort()).to.deep.equal(["0", "0", "1"]);
        expect(new Set(count("kept")).size).to.equal(1);
        await whole(cluster);
    });
});
