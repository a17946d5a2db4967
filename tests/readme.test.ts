import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { renderStack } from "../cli/rendering";

const root = join(__dirname, "..");
const pictureIn = (markdown: string) => /```mermaid\n([\s\S]*?)```/.exec(markdown)?.[1];

describe("the documentation", () => {
    it("shows the platform as the graph draws it", async () => {
        const { outputs } = await renderStack("dev");
        expect(pictureIn(readFileSync(join(root, "README.md"), "utf8"))).to.equal(pictureIn(outputs.readme));
    });
    it("links only to what exists", () => {
        const pages = ["README.md", ...readdirSync(join(root, "docs")).map((page) => join("docs", page))];
        for (const page of pages) {
            for (const [, target] of readFileSync(join(root, page), "utf8").matchAll(/\]\(((?!https?:|#)[^)]+)\)/g))
                expect(existsSync(join(root, page, "..", target!)), `${page} → ${target}`).to.equal(true);
        }
    });
});
