import { expect } from "chai";
import fc from "fast-check";
import { type Layer, mergeLayers, layersIn, merge, type Origin, originAt } from "../../config/merge";

const layer = (value: unknown, origin: string): Layer => ({ value, origin });

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
    it("never modifies a layer", () => {
        const lower = Object.freeze({ a: Object.freeze({ b: 1 }) });
        expect(
            mergeLayers(...[lower, { a: { c: 2 } }, { a: { b: null } }].map((value) => layer(value, "x"))).value,
        ).to.deep.equal({ a: { c: 2 } });
        expect(lower).to.deep.equal({ a: { b: 1 } });
    });
    it("has a key __proto__ like any other, to be refused by the schema", () => {
        const written = JSON.parse('{ "a": { "__proto__": 1 } }') as object;
        expect(JSON.stringify(merge({ a: { b: 2 } }, written))).to.equal('{"a":{"b":2,"__proto__":1}}');
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

describe("origins of merged values", () => {
    const origins = (...values: unknown[]) =>
        mergeLayers(...values.map((value, index) => layer(value, `layer ${index}`)));

    it("name the layer of each value and each whole list, but not of removed or dropped values", () => {
        const { value, origin } = origins(
            { database: { topology: "external", host: "a" }, list: [1], tls: { mode: "acme", email: "a" }, note: "x" },
            { tls: { email: "b" }, list: [2], note: null },
            { database: { topology: "single" }, tls: { mode: "acme" } },
        );
        expect(value).to.deep.equal({
            database: { topology: "single" },
            list: [2],
            tls: { mode: "acme", email: "b" },
        });
        expect(origin).to.deep.equal({
            database: { topology: "layer 2" },
            list: "layer 1",
            tls: { mode: "layer 2", email: "layer 1" },
        });
        expect(originAt(origin, ["list", 0])).to.equal("layer 1");
        expect(originAt(origin, ["database", "host"])).to.equal(undefined);
        expect(layersIn(originAt(origin, ["tls"]))).to.have.members(["layer 1", "layer 2"]);
    });
    it("exist for every value, and name a layer that sets it", () => {
        const map = fc.letrec((tie) => ({
            map: fc.dictionary(
                fc.constantFrom("a", "b", "type", "mode"),
                fc.oneof({ depthSize: "small" }, fc.integer(), fc.constant(null), fc.array(fc.integer()), tie("map")),
                { noNullPrototype: true },
            ),
        })).map;
        const check = (value: unknown, origin: Origin, layers: readonly unknown[]): void => {
            if (typeof value === "object" && value !== null && !Array.isArray(value)) {
                expect(Object.keys(origin)).to.have.members(Object.keys(value));
                for (const [key, inner] of Object.entries(value))
                    check(
                        inner,
                        (origin as Record<string, Origin>)[key]!,
                        layers.map((one) => (one as Record<string, unknown> | null | undefined)?.[key]),
                    );
            } else expect(layers[Number((origin as string).replace("layer ", ""))]).to.deep.equal(value);
        };
        fc.assert(
            fc.property(fc.array(map, { minLength: 1, maxLength: 3 }), (layers) => {
                const { value, origin } = origins(...layers);
                check(value, origin, layers);
            }),
        );
    });
});
