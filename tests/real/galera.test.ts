import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type Noticed, under, whole } from "../support/faults";
import { Galera, type GaleraMember, galeraObjects } from "../support/galera";
import { scratch } from "../support/tools";

// Every fault of a Galera cluster, under load, with what clients notice: the figures of docs/reliability.md. Takes half
// an hour:
//
//   GALERA_FAULTS=all npx mocha --no-parallel tests/real/galera.test.ts
//
// or only those whose names match another regular expression.

const wanted = process.env["GALERA_FAULTS"];

describe("faults of a Galera cluster", function () {
    this.timeout(1_200_000);
    const folder = scratch();
    const figures: string[] = [];
    let cluster: Galera;
    const trio = () => cluster.members as readonly [GaleraMember, GaleraMember, GaleraMember];
    const writer = () => cluster.writer!;
    const other = () => cluster.members.find((member) => member !== writer())!;
    const missed = (member: GaleraMember) =>
        cluster.until("it is missed", () => !cluster.endpoints.has(member) || member.log.endsWith("joins"), 30);
    const stopped = async (member: GaleraMember, seconds: number) => {
        member.kill("SIGSTOP");
        await sleep(seconds * 1000);
        member.kill("SIGCONT");
    };
    const cut = async (member: GaleraMember) => {
        cluster.cut(member);
        await sleep(20_000);
        cluster.cut(member, false);
    };
    /** A pod that is lost with its node, and comes back after a time. */
    const lost = async (member: GaleraMember, seconds: number) => {
        await member.down("SIGKILL");
        cluster.endpoints.delete(member);
        await sleep(seconds * 1000);
        await cluster.up(member);
    };
    /** Makes a member the one that takes writes, which is the first of those that are left. */
    const moveTo = async (member: GaleraMember) => {
        while (writer() !== member) {
            const before = writer();
            before.kill("SIGTERM");
            await sleep(4000);
            await whole(cluster);
        }
    };

    const faults: Readonly<Record<string, () => Promise<unknown>>> = {
        "the server that takes writes is ended": async () => {
            const member = writer();
            member.kill("SIGTERM");
            await missed(member);
        },
        "it is killed": async () => {
            const member = writer();
            member.kill();
            await missed(member);
        },
        "another one is killed": async () => {
            const member = other();
            member.kill();
            await missed(member);
        },
        "the writer's pod is deleted": async () => {
            const member = writer();
            await member.down("SIGTERM");
            cluster.endpoints.delete(member);
            await cluster.up(member);
        },
        "its node is lost for 20 s": () => lost(writer(), 20),
        "another one's node is lost for 20 s": () => lost(other(), 20),
        "the writer is cut off for 20 s": () => cut(writer()),
        "another one is cut off for 20 s": () => cut(other()),
        "the writer is cut off from the members, not from clients, for 20 s": async () => {
            const member = writer();
            cluster.part(member);
            await sleep(20_000);
            cluster.part(member, false);
        },
        "all are cut off from each other for 20 s": async () => {
            const [a, b, c] = trio();
            cluster.part(a);
            cluster.partBoth(b, c);
            await sleep(20_000);
            cluster.part(a, false);
            cluster.partBoth(b, c, false);
        },
        "the writer hangs for 20 s": () => stopped(writer(), 20),
        "another one hangs for 20 s": () => stopped(other(), 20),
        "another one has a tenth of its time for 20 s": async () => {
            const member = other();
            for (let second = 0; second < 20; second++) {
                await stopped(member, 0.9);
                await sleep(100);
            }
        },
        "all are killed at once": async () => {
            for (const member of cluster.members) member.kill();
            await Promise.all(cluster.members.map(missed));
        },
        "all are killed at once, while two have applied nothing for a moment": async () => {
            const member = writer();
            const others = cluster.members.filter((one) => one !== member);
            const released = await Promise.all(others.map((one) => one.hold("kept")));
            await sleep(500);
            for (const one of cluster.members) one.kill();
            for (const release of released) release();
            await cluster.until("it begins", () =>
                /begins: /.test(member.log.slice(member.log.lastIndexOf("recovered"))),
            );
        },
        "all nodes are lost at once": () => Promise.all(cluster.members.map((member) => lost(member, 5))),
        "two nodes are lost at once, for 20 s": async () => {
            const [a, b] = cluster.members.filter((member) => member !== other());
            await Promise.all([lost(a!, 20), lost(b!, 20)]);
        },
        "another one's volume is lost": async () => {
            const member = trio()[2];
            await member.down("SIGKILL");
            cluster.endpoints.delete(member);
            member.lose();
            await cluster.up(member);
        },
        "another one's volume is full for 20 s": async () => {
            if (writer() === trio()[1]) await moveTo(trio()[0]);
            const release = trio()[1].fill();
            await sleep(20_000);
            release();
        },
        "the writer's volume is full for 20 s": async () => {
            await moveTo(trio()[1]);
            const release = trio()[1].fill();
            await sleep(20_000);
            release();
        },
        "a rollout, one member at a time": async () => {
            for (const member of [...cluster.members].reverse()) {
                await member.down("SIGTERM");
                cluster.endpoints.delete(member);
                await cluster.up(member);
                await whole(cluster);
            }
        },
        "ten faults at random": async () => {
            const pick = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)]!;
            const kinds = [
                async (member: GaleraMember) => member.kill(),
                async (member: GaleraMember) => member.kill("SIGTERM"),
                (member: GaleraMember) => stopped(member, 8),
                async (member: GaleraMember) => {
                    cluster.cut(member);
                    await sleep(8000);
                    cluster.cut(member, false);
                },
            ];
            for (let round = 0; round < 10; round++) {
                // One whose server is starting has none to be killed.
                await pick(kinds)(pick(cluster.members)).catch(() => undefined);
                await sleep(Math.random() * 12_000);
            }
        },
    };

    before(async function () {
        if (wanted === undefined) return this.skip();
        cluster = new Galera(folder.path, await galeraObjects());
        trio()[1].limit(700);
        await cluster.start();
        await whole(cluster);
    });
    after(async () => {
        if (figures.length > 0) console.log(figures.join("\n"));
        await cluster?.stop();
        folder.clean();
    });

    for (const [name, fault] of Object.entries(faults))
        if (wanted === "all" || new RegExp(wanted ?? "").test(name))
            it(name, async () => {
                const { acknowledged, refused, whole: again }: Noticed = await under(cluster, fault);
                figures.push(`| ${name} | 0 of ${acknowledged} | ${refused.toFixed(1)} s | ${again.toFixed(0)} s |`);
                console.log(figures.at(-1));
            });

    it("waits for a member that cannot be asked, and begins without it by consent, once", async function () {
        if (wanted !== "all" && !new RegExp(wanted!).test("consent")) return this.skip();
        await whole(cluster);
        const [a, b, c] = trio();
        a.ask("CREATE OR REPLACE TABLE kept (id INT PRIMARY KEY); INSERT INTO kept VALUES (1)");
        await cluster.until("all have it", () => c.ask("SELECT COUNT(*) FROM kept") === "1");
        await Promise.all([b.down("SIGKILL"), c.down("SIGKILL")]);
        await a.down("SIGKILL");
        cluster.endpoints.clear();
        await Promise.all([b, c].map((member) => cluster.up(member)));
        const says = /waits for member 0, .*database\.begin: \{member: 1, position: "([^"]+)"\}/;
        const since = ({ log }: GaleraMember) => log.slice(log.lastIndexOf("has recovered"));
        await cluster.until("it says what it waits for", () => says.test(since(b)));
        await sleep(10_000);
        expect([b, c].map((member) => /begins|joins/.test(since(member)))).to.deep.equal([false, false]);
        const [, position] = says.exec(since(b))!;
        for (const member of [b, c]) member.consent(`1 ${position}\n`);
        await cluster.until("it takes writes", () => b.isOpen, 90);
        b.ask("INSERT INTO kept VALUES (2)");
        await cluster.up(a);
        await whole(cluster);
        for (const member of [a, b, c]) expect(member.ask("SELECT id FROM kept ORDER BY id")).to.equal("1\n2");
        // A new history, so that nobody takes what the missing one had for a part of it.
        const uuid = position!.split(":")[0];
        expect(new Set(trio().map((member) => member.status("wsrep_cluster_state_uuid"))).has(uuid!)).to.equal(false);
    });
});
