import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv/dist/2020";
import { expect } from "chai";
import { parse } from "yaml";
import { stackNames } from "../../operations/stackfile/stackFile";
import { stackJsonSchema } from "../../config/jsonSchema";
import { platforms } from "../support/storagePlatform";

describe("the JSON Schema for editors", () => {
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(
        stackJsonSchema(Object.values(platforms).map(({ config }) => config)),
    );
    const problems = (file: unknown) =>
        validate(file) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);

    for (const folder of [join(__dirname, "..", ".."), join(__dirname, "..", "stacks")]) {
        for (const name of stackNames(folder)) {
            it(`accepts the stack ${name}`, () => {
                expect(problems(parse(readFileSync(join(folder, `Pulumi.${name}.yaml`), "utf8")))).to.deep.equal([]);
            });
        }
    }
    it("finds wrong keys and values", () => {
        const instances = (shop: object) => ({
            config: { "plinth:instances": { shop: { platform: "opencart", ...shop } } },
        });
        expect(problems(instances({ replcias: {} }))).not.to.deep.equal([]);
        expect(problems(instances({ edge: { type: "Balancer" } }))).not.to.deep.equal([]);
        expect(problems({ config: { "plinth:cluster": { contxt: "x" } } })).not.to.deep.equal([]);
    });
});
