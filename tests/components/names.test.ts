import { expect } from "chai";
import fc from "fast-check";
import { contentHash, objectName } from "../../components/names";

describe("names", () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9]{0,40}$/);
    it("are DNS labels of at most 63 characters, whatever the input", () => {
        fc.assert(
            fc.property(fc.array(label, { minLength: 1, maxLength: 4 }), (parts) => {
                expect(objectName(...parts))
                    .to.match(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
                    .and.have.length.at.most(63);
            }),
        );
    });
    it("stay different when they are shortened", () => {
        const long = "a".repeat(70);
        expect(objectName(`${long}1`)).not.to.equal(objectName(`${long}2`));
    });
    it("have hashes that depend on the content, not on the order of keys", () => {
        expect(contentHash({ a: 1, b: { c: 2, d: 3 } })).to.equal(contentHash({ b: { d: 3, c: 2 }, a: 1 }));
        expect(contentHash({ a: 1 })).not.to.equal(contentHash({ a: 2 }));
        expect(contentHash(["a", "b"])).not.to.equal(contentHash(["b", "a"]));
    });
});
