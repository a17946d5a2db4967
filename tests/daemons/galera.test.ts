import { expect } from "chai";
import { under, whole } from "../support/faults";
import { Galera, galeraObjects } from "../support/galera";
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
});
