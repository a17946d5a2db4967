import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020";
import { expect } from "chai";
import fc from "fast-check";
import { parse, stringify } from "yaml";
import spec from "../../compose/schema/compose-spec.json";
import { type Schema, schemaProblems } from "../../compose/schema/schema";
import { readDocuments } from "../../compose/text/documents";

/** Keywords that are evaluated, and those that say nothing about a value. */
const evaluated =
    "$ref type enum pattern minimum maximum required properties patternProperties additionalProperties unevaluatedProperties items uniqueItems allOf anyOf oneOf".split(
        " ",
    );
const told = ["$schema", "$id", "$defs", "title", "description", "default", "deprecated"];

describe("the specification's schema", () => {
    it("has only keywords that are evaluated", () => {
        const found = new Set<string>();
        const visit = (schema: Schema): void => {
            for (const key of Object.keys(schema)) found.add(key);
            const maps = [schema.properties, schema.patternProperties, (schema as typeof spec).$defs] as const;
            for (const inner of maps.flatMap((map) => Object.values((map ?? {}) as Record<string, Schema>)))
                visit(inner);
            for (const inner of [
                schema.items,
                ...(schema.allOf ?? []),
                ...(schema.anyOf ?? []),
                ...(schema.oneOf ?? []),
            ])
                if (inner) visit(inner);
        };
        visit(spec as unknown as Schema);
        expect([...found].filter((key) => !evaluated.includes(key) && !told.includes(key))).to.deep.equal([]);
    });

    it("allows what a general validator allows", function () {
        this.timeout(300_000);
        const isValid = new Ajv2020({ strict: false, validateFormats: false }).compile(spec);
        const keys = Object.values(spec.$defs).flatMap((one) => Object.keys((one as Schema).properties ?? {}));
        const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
            value: fc.oneof(
                { maxDepth: 4 },
                fc.constantFrom(
                    "a",
                    "",
                    "bind",
                    "service_started",
                    "always",
                    "all",
                    0,
                    1,
                    -2,
                    1.5,
                    101,
                    true,
                    null,
                    "x y",
                ),
                fc.array(tie("value"), { maxLength: 2 }),
                fc.dictionary(fc.constantFrom(...keys, "x-a", "name_1", "b c"), tie("value"), { maxKeys: 3 }),
            ),
        })).value;
        const examples = ["container", "workload", "services", "top", "jobs"].map((name) =>
            parse(readFileSync(join(__dirname, "cases", name, "compose.yaml"), "utf8")),
        );
        // Valid projects, and the same with one value replaced.
        const model = fc
            .tuple(fc.constantFrom(...examples), fc.nat(), fc.option(value))
            .map(([example, at, replaced]) => {
                const one = structuredClone(example) as Record<string, unknown>;
                const places = placesIn(one);
                const [holder, key] = places[at % places.length]!;
                if (replaced !== null) holder[key] = replaced;
                return one;
            });
        let valid = 0;
        fc.assert(
            fc.property(model, (one) => {
                const [document] = readDocuments(stringify(one), "a");
                if (isValid(one)) valid++;
                expect(schemaProblems(document!.root).length === 0).to.equal(isValid(one));
            }),
            { numRuns: 300, seed: 1 },
        );
        expect(valid).to.be.within(100, 900);
    });
});

/** All values inside, as what holds them and the key there. */
function placesIn(value: unknown): [Record<string, unknown>, string][] {
    if (typeof value !== "object" || value === null) return [];
    const holder = value as Record<string, unknown>;
    return Object.keys(holder).flatMap((key) => [
        [holder, key] as [Record<string, unknown>, string],
        ...placesIn(holder[key]),
    ]);
}
