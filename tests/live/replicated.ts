import { expect } from "chai";
import { waitFor } from "./cluster";
import type { Live } from "./live";
import { visitsText } from "./load";
import type { Subject } from "./subject";
import { liveSuite } from "./suite";
import { writtenText } from "./writer";

/** Changes of an instance to a database of three members. */
export const replicated = { database: { topology: "replicated", replicas: 2, source: 0 } };

/**
 * Launches with another source, while visitors ask and rows are written.
 *
 * @param most seconds in which no row may be accepted
 * @param before what happens to the old source before. @default nothing
 * @returns what was seen
 */
async function moveSource(
    live: Live,
    to: number,
    most: number,
    before: () => Promise<void> = async () => undefined,
): Promise<string[]> {
    const visits = live.load({ visitors: 2 });
    const writer = await live.writer();
    await waitFor("written rows", 30, async () => writer.rows > 20);
    await before();
    const started = Date.now();
    live.configure({ database: { source: to } });
    await live.plinth("launch", live.stack);
    const took = (Date.now() - started) / 1000;
    const rows = writer.rows;
    await waitFor("rows at the new source", 60, async () => writer.rows > rows);
    const written = await writer.stop();
    live.keep(written.acknowledged);
    await visits.settle();
    const seen = visitsText(await visits.stop());
    await live.expectKept();
    expect(written.refused, writtenText(written)).to.be.below(most);
    return [`launch ${took.toFixed(0)} s; ${writtenText(written)}`, seen];
}

/** The life of an instance with a replicated database of three members, whose source moves and is lost. */
export const replicatedSuite = (subject: Subject): void =>
    liveSuite(subject, (step) => {
        step("moves its source, all members alive", (live) => moveSource(live, 1, 10));
        step("moves its source back", (live) => moveSource(live, 0, 10));
        step("loses its source, and gets another one", async (live) => {
            const [node] = await live.place.nodes();
            await live.place.kubectl("cordon", node!.metadata.name);
            try {
                return await moveSource(live, 1, 45, async () => {
                    const [source] = await live.place.pods("database");
                    await live.place.kubectl("delete", "pod", source!.metadata.name, "--grace-period=0", "--force");
                });
            } finally {
                await live.place.kubectl("uncordon", node!.metadata.name);
                await live.place.ready("database", 1);
            }
        });
        // What follows fills the volume of the first member.
        step("makes the member that was lost its source again", (live) => moveSource(live, 0, 10));
    });
