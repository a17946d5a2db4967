import { expect } from "chai";
import { type Known, unwrap, Value, valuesIn } from "../../config/value";

describe("a value", () => {
    const resource = {};
    const property = (name: string, isSecret = false) => Value.property<string>({ resource, name }, isSecret);
    const known: Known = ({ name }) => `the ${name}`;

    it("is computed from the properties that it names", () => {
        const value = Value.all([property("result"), { deep: [property("id"), "plain"] }, undefined] as const).map(
            ([result, { deep }, nothing]) => `${result}, ${deep.join(" and ")}, ${String(nothing)}`,
        );
        expect(value.properties.map(({ name }) => name)).to.deep.equal(["result", "id"]);
        expect(value.in(known)).to.equal("the result, the id and plain, undefined");
        expect(value.in(({ name }) => name)).to.equal("result, id and plain, undefined");
    });

    it("is computed once for each source of properties", () => {
        let times = 0;
        const value = property("id").map((text) => `${text} ${++times}`);
        const twice = Value.all([value, value]);
        expect(twice.in(known)).to.deep.equal(["the id 1", "the id 1"]);
        expect(twice.in(({ name }) => name)).to.deep.equal(["id 2", "id 2"]);
    });

    it("is secret if it contains a secret, unless it reveals nothing of it", () => {
        const secret = Value.secret("word");
        expect(Value.of("open").isSecret).to.equal(false);
        expect(Value.all(["open", property("id")]).isSecret).to.equal(false);
        const all = Value.all([{ open: property("id"), closed: secret.map((word) => word.length) }]);
        expect(all.isSecret).to.equal(true);
        expect(all.map(() => "digest").isSecret).to.equal(true);
        expect(all.disclosed().isSecret).to.equal(false);
        expect(all.disclosed().in(known)).to.deep.equal([{ open: "the id", closed: 4 }]);
        expect(property("result", true).isSecret).to.equal(true);
    });

    it("reveals nothing when printed by mistake", () => {
        const value = Value.secret("hunter2");
        value.in(known);
        expect(JSON.stringify({ value })).not.to.include("hunter2");
    });

    it("reports an error when it is read, not before", () => {
        const value = Value.secret("x").map((): string => {
            throw new RangeError("cannot be written");
        });
        expect(() => Value.all([value]).in(known)).to.throw(RangeError, "cannot be written");
    });

    it("is found and replaced at any depth, and everything else is unchanged", () => {
        const [a, b] = [Value.of(1), Value.of(2)];
        const structure = { list: [a, { b, text: "x" }], none: null };
        expect(valuesIn(structure)).to.deep.equal([a, b]);
        expect(unwrap(structure, (value) => value.in(known))).to.deep.equal({
            list: [1, { b: 2, text: "x" }],
            none: null,
        });
        expect(structure.list[0]).to.equal(a);
    });
});
