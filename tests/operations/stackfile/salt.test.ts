import { expect } from "chai";
import { readYaml } from "../../../config/yaml";
import { saltLine, withSaltFirst } from "../../../operations/stackfile/salt";

const config = "# Ours.\nconfig:\n  plinth:instances:\n    shop: {platform: opencart}\n";

describe("the salt of a stack file", () => {
    it("is moved before what a user adds lines to", () => {
        const appended = `${config}encryptionsalt: v1:abc=:v1:x/y==\n`;
        const moved = withSaltFirst(appended);
        expect(moved).to.equal(config.replace("config:", "encryptionsalt: v1:abc=:v1:x/y==\nconfig:"));
        const added = "  plinth:labels: {owner: us}\n";
        expect(readYaml(moved + added, "file")).to.have.nested.property("config.plinth:labels.owner", "us");
        expect(() => readYaml(appended + added, "file")).to.throw("file: line 5, ");
        expect(saltLine.exec(moved)![0]).to.equal("encryptionsalt: v1:abc=:v1:x/y==\n");
    });
    it("is moved also without a line break at the end, or with other keys below it", () => {
        expect(withSaltFirst(`${config}encryptionsalt: v1:a`)).to.match(/^encryptionsalt: v1:a\nconfig:/m);
        expect(withSaltFirst(`${config}encryptionsalt: v1:a\nenvironment: [x]\n`)).to.match(
            /^encryptionsalt: v1:a\nconfig:[^]*opencart}\nenvironment: \[x\]\n$/m,
        );
    });
    it("stays where it is before the configuration, and without one", () => {
        for (const text of [`encryptionsalt: v1:a\n${config}`, "encryptionsalt: v1:a\n", config, ""])
            expect(withSaltFirst(text)).to.equal(text);
    });
});
