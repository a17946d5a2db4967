import { expect } from "chai";
import { campaign, type Figures } from "../../fuzz/campaign";
import { report } from "../../fuzz/report";
import { Server } from "../../fuzz/server";
import { controlPlane } from "../../support/controlPlane";
import { scratch } from "../../support/tools";

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

    it("are refused with a message, or rendered into objects that a real API server accepts", async () => {
        // A fixed seed, so that a failure is caused by the change under test. `npm run fuzz` tries others.
        const count = 100;
        const figures: Figures = await campaign({ seed: 1, count, server, workers: 1 });
        // Neither a stack trace nor a hang, a path in every message, and nothing rendered that the server refuses.
        expect(figures.findings, report(figures, true)).to.deep.equal([]);
        // If hardly anything is rendered, hardly anything is tested.
        expect(figures.outcomes.rendered, report(figures, true)).to.be.greaterThan(count / 5);
    });
});
