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

    it("begins with the first where all have the same, and one takes the writes", async () => {
        cluster.seed();
        await cluster.start();
        await whole(cluster);
        expect(cluster.members.map(({ isOpen }) => isOpen)).to.deep.equal([true, false, false]);
    });

    it("loses no acknowledged write when the server that takes them is killed", async () => {
        const { acknowledged, refused } = await under(cluster, async () => {
            const { writer } = cluster;
            writer!.kill("SIGKILL");
            await cluster.until("it is missed", () => !cluster.endpoints.has(writer!));
        });
        console.log(`        ${acknowledged} acknowledged, refused for ${refused.toFixed(1)} s`);
        expect(cluster.writer!.ordinal).not.to.equal(0);
    });

    it("begins again with the one that has the last commit when all are killed", async () => {
        const { acknowledged, refused } = await under(cluster, async () => {
            const writer = cluster.writer!;
            const others = cluster.members.filter((member) => member !== writer);
            const released = await Promise.all(others.map((member) => member.hold("kept")));
            await new Promise((resolve) => setTimeout(resolve, 500));
            for (const member of cluster.members) member.kill("SIGKILL");
            for (const release of released) release();
            await cluster.until("it begins", () => / has recovered [0-9a-f-]+:\d+\n.*begins: /s.test(writer.log));
        });
        console.log(`        ${acknowledged} acknowledged, refused for ${refused.toFixed(1)} s`);
    });
});
