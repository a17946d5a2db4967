import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { objectYaml, renderStack } from "plinth/testing";
import { scratch } from "../support/tools";

const root = join(__dirname, "..", "..");
const read = (...path: string[]) => readFileSync(join(root, ...path), "utf8");

/** The blocks of a language on the page, put together. */
const blocksOf = (language: string): string =>
    [...read("docs", "platforms.md").matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, "g"))]
        .map(([, block]) => block)
        .join("");
const withoutBlankLines = (text: string): string => text.replace(/\n\s*\n/g, "\n");

describe("docs/platforms.md", () => {
    const { path: folder, clean } = scratch();
    after(clean);
    before(() => writeFileSync(join(folder, "ghost.ts"), blocksOf("ts")));

    it("builds the example, line by line", () => {
        expect(withoutBlankLines(blocksOf("ts"))).to.equal(withoutBlankLines(read("examples", "ghost", "ghost.ts")));
    });
    it("has code that works in a separate folder: the objects are those of the example", async () => {
        const stack = read("tests", "examples", "Pulumi.ghost.yaml");
        writeFileSync(join(folder, "Pulumi.ghost.yaml"), stack.replace("../../examples/ghost/ghost.ts", "./ghost.ts"));
        const { objects } = await renderStack("ghost", { folder });
        const text = objects.map((object) => `---\n${objectYaml(object)}`).join("");
        expect(text).to.equal(read("tests", "examples", "ghost.yaml"));
    });
    it("has a test that runs and writes a golden file, and fails after a change", async () => {
        cpSync(join(root, "examples", "ghost", "Pulumi.blog.yaml"), join(folder, "Pulumi.blog.yaml"));
        writeFileSync(join(folder, "ghost.test.js"), blocksOf("js"));
        const mocha = () =>
            execa("npx", ["mocha", join(folder, "ghost.test.js")], {
                cwd: root,
                all: true,
                reject: false,
            });
        const first = await mocha();
        expect(first.exitCode, first.all).to.equal(0);
        expect(first.all).to.include("3 passing");
        const golden = join(folder, "ghost.golden.yaml");
        expect(existsSync(golden)).to.equal(true);
        writeFileSync(golden, readFileSync(golden, "utf8").replace("ghost:6.65.0", "ghost:6.64.0"));
        expect((await mocha()).all).to.include("1 failing");
    }).timeout(120_000);
});
