import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Session } from "../../operations/session";
import { scratch } from "../support/tools";

describe("the session of a stack", function () {
    this.timeout(60_000);
    const folder = scratch();
    after(() => folder.clean());
    const write = (host: string) =>
        writeFileSync(
            join(folder.path, "Pulumi.one.yaml"),
            `config: {plinth:cluster: {context: x}, plinth:instances: {shop: {platform: opencart, host: ${host}, sharedFiles: oneNode}}}\n`,
        );
    const hostIn = (session: Session) => session.config().instances[0]!.host;

    it("loads everything once, on first use", async () => {
        write("before.example.org");
        const session = new Session("one", { folder: folder.path });
        expect(hostIn(session)).to.equal("before.example.org");
        write("after.example.org");
        expect(hostIn(session)).to.equal("before.example.org");
        expect(session.config()).to.equal(session.config());
        expect(session.rendering()).to.equal(session.rendering());
        await session.rendering();
    });

    it("is replaced once the file has changed", () => {
        write("before.example.org");
        const session = new Session("one", { folder: folder.path, isInSandbox: true });
        expect(hostIn(session)).to.equal("before.example.org");
        write("after.example.org");
        const next = session.refreshed();
        expect(hostIn(next)).to.equal("after.example.org");
        expect(next).to.include({ stack: "one", folder: folder.path, isInSandbox: true });
    });

    it("reports a mistake identically to every caller", () => {
        write("{}");
        const session = new Session("one", { folder: folder.path });
        for (const ask of [session.config, session.config]) expect(ask).to.throw("plinth:instances.shop.host");
    });
});
