import { createServer, type Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { freePort } from "../support/tools";
import { Load } from "./load";

describe("visitors of the live suite", () => {
    let server: Server;
    let port: number;
    /** What the site does now. */
    let mode: "fine" | "error" | "otherPage" | "silent";

    beforeEach(async () => {
        mode = "fine";
        port = await freePort();
        server = createServer((_, answer) => {
            if (mode === "silent") return;
            answer.statusCode = mode === "error" ? 503 : 200;
            answer.end(mode === "otherPage" ? "We are sorry" : "the shop");
        });
        await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    });
    afterEach(() => {
        server.closeAllConnections();
        server.close();
    });

    const load = () =>
        new Load({
            url: () => `http://127.0.0.1:${port}`,
            host: "shop.example.org",
            pages: [{ path: "/", contains: "the shop" }],
            patience: 1,
            pause: 50,
        });

    it("find nothing wrong with a site that answers", async () => {
        const visits = load();
        await sleep(300);
        const { sent, failed, dark } = await visits.stop();
        expect(sent).to.be.above(8);
        expect(failed).to.equal(0);
        expect(dark).to.be.below(0.3);
    });

    for (const [what, reason] of [
        ["error", "status 503"],
        ["otherPage", "status 200 with another page"],
        ["silent", "no answer"],
    ] as const)
        it(`count what fails, and for how long: ${reason}`, async () => {
            const visits = load();
            await sleep(200);
            mode = what;
            await sleep(1500);
            mode = "fine";
            await visits.settle();
            const { failed, dark, longest, reasons } = await visits.stop();
            expect(failed).to.be.above(0);
            expect(Object.keys(reasons)).to.deep.equal([reason]);
            expect(dark).to.be.within(1.4, 4);
            if (what === "silent") expect(longest).to.be.within(0.9, 3);
        });

    it("notice a site that is gone", async () => {
        const visits = load();
        await sleep(200);
        await new Promise((resolve) => {
            server.close(resolve);
            server.closeAllConnections();
        });
        await sleep(300);
        const { failed, reasons } = await visits.stop();
        expect(failed).to.be.within(1, 20);
        expect(Object.keys(reasons).filter((reason) => !/^ECONN|socket hang up/.test(reason))).to.deep.equal([]);
    });
});
