import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv/dist/2020";
import { expect } from "chai";
import { parse } from "yaml";
import { renderStack } from "../operations/render/rendering";
import { stackJsonSchema } from "../config/jsonSchema";
import ghost from "../examples/ghost/ghost";
import { platforms } from "../platforms";

const root = join(__dirname, "..");
const pages = ["README.md", ...readdirSync(join(root, "docs")).map((page) => join("docs", page))];
const textOf = (page: string): string => readFileSync(join(root, page), "utf8");

/** Anchors of headings on GitHub and GitLab. */
const anchorsOf = (page: string): string[] =>
    [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
        heading!
            .toLowerCase()
            .replace(/[^\p{L}\p{N} _-]/gu, "")
            .replaceAll(" ", "-"),
    );
const pictureIn = (markdown: string) => /```mermaid\n([\s\S]*?)```/.exec(markdown)?.[1];

describe("the documentation", () => {
    it("shows the platform as drawn by the graph", async () => {
        const { outputs } = await renderStack("dev");
        expect(pictureIn(textOf("README.md"))).to.equal(pictureIn(outputs.readme));
    });
    it("has examples that are valid stack files", () => {
        const validate = new Ajv({ strict: false, validateFormats: false }).compile(
            stackJsonSchema(Object.values({ ...platforms, ghost }).map(({ config }) => config)),
        );
        const examples = pages.flatMap((page) =>
            [...textOf(page).matchAll(/```yaml\n(config:\n[\s\S]*?)```/g)].map(([, text]) => text!),
        );
        expect(examples).not.to.have.length(0);
        for (const example of examples)
            expect(validate(parse(example)), `${example}\n${JSON.stringify(validate.errors)}`).to.equal(true);
        // The schema of all platforms takes its time to compile.
    }).timeout(120_000);
    it("links only to what exists", () => {
        for (const page of pages) {
            for (const [, target, anchor] of textOf(page).matchAll(/\]\(((?!https?:)[^)#]*)(?:#([^)]+))?\)/g)) {
                const path = target === "" ? page : join(page, "..", target!);
                expect(existsSync(join(root, path)), `${page} → ${target}`).to.equal(true);
                if (anchor) expect(anchorsOf(path), `${page} → ${target}#${anchor}`).to.include(anchor);
            }
        }
    });
});
