import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";

describe("the sources", () => {
    it("have the right types, and nothing that the linter or the formatter would change", async () => {
        const { exitCode, all } = await execa("npm", ["run", "check"], {
            cwd: join(__dirname, ".."),
            all: true,
            reject: false,
        });
        expect(exitCode, all).to.equal(0);
    }).timeout(300_000);
});
