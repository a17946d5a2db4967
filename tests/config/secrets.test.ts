import { expect } from "chai";
import { encryptedIn, isEncrypted } from "../../config/secrets";
import { one } from "../support/badInput";

describe("an encrypted value", () => {
    it("is recognised as the engine does: a map with the single key `secure` and a string", () => {
        expect(isEncrypted({ secure: "v1:x:y" })).to.equal(true);
        for (const other of [{ secure: "x", other: "y" }, { secure: 1 }, { secure: { secure: "x" } }, ["secure"], "x"])
            expect(isEncrypted(other), JSON.stringify(other)).to.equal(false);
        expect(isEncrypted(null)).to.equal(false);
    });
    it("is found at any depth, even below another key of that name", () => {
        const value = { a: [{ secure: "x" }], b: { secure: { secure: "y" } }, c: { secure: "no", other: "z" } };
        expect(encryptedIn(value)).to.deep.equal([
            ["a", "0"],
            ["b", "secure"],
        ]);
    });
    it("is not a map with that key among others: such a patch is declared unchanged", async () => {
        const patch = { metadata: { annotations: { secure: "no", other: "x" } } };
        expect(await one({ patches: [{ kind: "Service", name: "frontend", patch }] })).to.deep.equal([]);
    });
    it("is refused if the engine would hide the whole map with it", async () => {
        const patch = { metadata: { annotations: { secure: "v1:x:y" } } };
        expect((await one({ patches: [{ kind: "Service", name: "frontend", patch }] })).join("\n")).to.include(
            "plinth:instances.shop.patches.0.patch.metadata.annotations: secrets do not belong here",
        );
    });
});
