import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv/dist/2020";
import { expect } from "chai";
import { parse } from "yaml";
import { renderStack } from "../operations/render/rendering";
import { stackJsonSchema } from "../config/jsonSchema";
import { platforms } from "../platforms";

const root = join(__dirname, "..");
const pages = ["README.md", ...readdirSync(join(root, "docs")).map((page) => join("docs", page))];
const pictureIn = (markdown: string) => /```mermaid\n([\s\S]*?)```/.exec(markdown)?.[1];

describe("the documentation", () => {
    it("shows the platform as the graph draws it", async () => {
        const { outputs } = await renderStack("dev");
        expect(pictureIn(readFileSync(join(root, "README.md"), "utf8"))).to.equal(pictureIn(outputs.readme));
    });
    it("has examples that are valid stack files", () => {
        const validate = new Ajv({ strict: false, validateFormats: false }).compile(
            stackJsonSchema(Object.values(platforms).map(({ config }) => config)),
        );
        const examples = pages.flatMap((page) =>
            [...readFileSync(join(root, page), "utf8").matchAll(/```yaml\n(config:\n[\s\S]*?)```/g)].map(
                ([, text]) => text!,
            ),
        );
        expect(examples).not.to.have.length(0);
        for (const example of examples)
            expect(validate(parse(example)), `${example}\n${JSON.stringify(validate.errors)}`).to.equal(true);
    });
    it("links only to what exists", () => {
        for (const page of pages) {
            for (const [, target] of readFileSync(join(root, page), "utf8").matchAll(/\]\(((?!https?:|#)[^)]+)\)/g))
                expect(existsSync(join(root, page, "..", target!)), `${page} → ${target}`).to.equal(true);
        }
    });
});
