import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type Galera, passwords } from "./galera";
import { load } from "./load";

/** What clients have noticed of a fault. */
export interface Noticed {
    readonly acknowledged: number;
    /** The longest time in seconds in which no write was acknowledged. */
    readonly refused: number;
    /** Seconds from the fault until all members had everything again. */
    readonly whole: number;
}

/** Waits until all members are ready, and have all commits. */
export const whole = (cluster: Galera): Promise<void> =>
    cluster.until(
        "all members are ready",
        () =>
            cluster.endpoints.size === cluster.members.length &&
            cluster.members.every(
                (member) => member.status("wsrep_local_state") === "4" && member.status("wsrep_cluster_size") === "3",
            ),
        240,
    );

/**
 * Makes a fault under load, and compares what was acknowledged with what all members have afterwards.
 *
 * @throws if an acknowledged row is lost, if members differ, or if writes were taken by a member that was not the writer
 */
export async function under(cluster: Galera, fault: () => Promise<unknown>): Promise<Noticed> {
    await whole(cluster);
    const [first] = cluster.members;
    const term = () => Number(first!.ask("SELECT term FROM plinth.writer"));
    first!.ask("CREATE OR REPLACE TABLE kept (id BIGINT PRIMARY KEY, member VARCHAR(10), at DATETIME(6))");
    const before = term();
    const stop = load({ address: () => cluster.endpoint, password: passwords.databasePassword });
    await sleep(2000);
    const began = Date.now();
    await fault();
    await whole(cluster);
    const took = (Date.now() - began) / 1000;
    await sleep(1000);
    const { acknowledged, gap } = await stop();
    await cluster.until("all have the same", () => {
        const sums = cluster.members.map((member) => member.ask("CHECKSUM TABLE kept"));
        return new Set(sums).size === 1;
    });
    const rows = first!.ask("SELECT id, member FROM kept ORDER BY at").split("\n");
    const there = new Set(rows.map((row) => Number(row.split("\t")[0])));
    expect(acknowledged.filter((id) => !there.has(id))).to.deep.equal([]);
    // Two that write at the same time would take turns more often than the writer has changed.
    const writers = rows.map((row) => row.split("\t")[1]);
    const moves = writers.filter((writer, row) => row > 0 && writer !== writers[row - 1]).length;
    expect(moves).to.be.at.most(term() - before);
    return { acknowledged: acknowledged.length, refused: gap, whole: took };
}
