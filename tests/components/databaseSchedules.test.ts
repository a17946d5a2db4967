import { MemberSchedule } from "../support/memberSchedule";
import { shells } from "../support/datadir";

// Random orders of restarts, kills, cuts and declarations of a source. More of them, or a certain one, by their seeds:
//
//   SCHEDULES=0-999 npx mocha --no-parallel tests/components/databaseSchedules.test.ts

const wanted = process.env["SCHEDULES"] ?? "0-19";

describe("the scripts of a replicated database, in random orders of what happens to its members", function () {
    const [first, last] = wanted.split("-").map(Number) as [number, number];
    const seeds = [...Array(last - first + 1).keys()].map((index) => first + index);
    this.timeout(60_000 + 30_000 * seeds.length);

    it("let the declared source alone take writes, with all that was acknowledged", async () => {
        const ended: Record<string, number> = {};
        let steps = 0;
        const queue = [...seeds];
        const work = async () => {
            for (let seed = queue.shift(); seed !== undefined; seed = queue.shift()) {
                // Every other one cuts connections, too. Bash is too slow.
                const shell = shells.filter(([name]) => name !== "bash")[Math.floor(seed / 2) % (shells.length - 1)]!;
                const end = await new MemberSchedule(seed, seed % 2 === 1, shell).play(400).catch((error: Error) => {
                    queue.length = 0;
                    throw new Error(`SCHEDULES=${seed}-${seed}: ${error.message}`, { cause: error });
                });
                const as = `${end.as}, ${end.left} left out`;
                ended[as] = (ended[as] ?? 0) + 1;
                steps += end.steps;
            }
        };
        await Promise.all([1, 2, 3, 4].map(work));
        const counts = Object.entries(ended).map(([as, count]) => `${count} ${as}`);
        console.log(`        ${seeds.length} schedules of ${steps} steps: ${counts.join("; ")}`);
    });
});
