import { expect } from "chai";
import fc from "fast-check";
import { merge, mergeAll } from "../../config/merge";

describe("merging configuration", () => {
    it("merges maps deep, replaces lists, and removes with null", () => {
        const lower = { tls: { mode: "acme", email: "a@b.org" }, hosts: ["a", "b"], note: "x" };
        expect(merge(lower, { tls: { email: "c@d.org" }, hosts: ["c"], note: null })).to.deep.equal({
            tls: { mode: "acme", email: "c@d.org" },
            hosts: ["c"],
        });
    });
    it("drops what belonged to another topology, mode or type", () => {
        const lower = { database: { topology: "external", host: "db.example.org", port: 3306 } };
        expect(merge(lower, { database: { topology: "single" } })).to.deep.equal({ database: { topology: "single" } });
    });
    it("keeps the siblings when the discriminator is repeated", () => {
        const lower = { tls: { mode: "acme", email: "a@b.org" } };
        expect(merge(lower, { tls: { mode: "acme", ca: "staging" } })).to.deep.equal({
            tls: { mode: "acme", email: "a@b.org", ca: "staging" },
        });
    });
    it("never changes a layer", () => {
        const lower = Object.freeze({ a: Object.freeze({ b: 1 }) });
        expect(mergeAll(lower, { a: { c: 2 } }, { a: { b: null } })).to.deep.equal({ a: { c: 2 } });
        expect(lower).to.deep.equal({ a: { b: 1 } });
    });
    it("is idempotent: laying a layer over itself changes nothing", () => {
        const layer = fc.dictionary(
            fc.constantFrom("a", "b", "type", "mode"),
            fc.oneof(fc.string(), fc.integer(), fc.dictionary(fc.string(), fc.integer())),
        );
        fc.assert(
            fc.property(layer, (written) => {
                expect(merge(written, written)).to.deep.equal(merge(undefined, written));
            }),
        );
    });
});
