import { expect } from "chai";
import { controlPlane } from "../support/controlPlane";
import { scratch } from "../support/tools";
import { campaign, type Figures } from "./campaign";
import { report } from "./report";
import { Server } from "./server";

/** A few mutants of the fixture stacks; `npm run fuzz` tries ten thousand. */
describe("mutants of the fixture stacks", function () {
    this.timeout(600_000);
    const folder = scratch();
    let server: Server;
    before(async function () {
        server = await Server.through((await controlPlane(this)).command, folder.path);
    });
    after(async () => {
        await server?.close();
        folder.clean();
    });

    /** Neither a stack trace nor a hang, a path in every message, and nothing rendered that the server refuses. */
    async function nothingIsFound(seed: number, count: number): Promise<void> {
        const figures: Figures = await campaign({ seed, count, server, workers: 1 });
        expect(figures.findings, report(figures, true)).to.deep.equal([]);
        // Where next to nothing is rendered, next to nothing is tried.
        expect(figures.outcomes.rendered, report(figures, true)).to.be.greaterThan(count / 5);
    }

    it("are refused in words, or rendered into what a real API server takes", () => nothingIsFound(1, 60));

    it("are so whatever the seed", async () => {
        const seed = Date.now() % 1_000_000;
        console.log(`      seed ${seed}`);
        await nothingIsFound(seed, 60);
    });
});
