import { expect } from "chai";
import fc from "fast-check";
import { ConfigError } from "../../config/problems";
import { readYaml } from "../../config/yaml";
import { problemsOf } from "../support/badInput";

/** What a user is told of a text. */
function toldOf(text: string): string {
    try {
        readYaml(text, "Pulumi.x.yaml");
    } catch (error) {
        if (error instanceof ConfigError) return error.message;
        throw error;
    }
    return "";
}

/** Texts with a mistake at or near a secret, by what they are. */
const mistakes: Readonly<Record<string, (secret: string) => string>> = {
    "an unclosed double quote": (secret) => `a: "${secret}\nb: c\n`,
    "an unclosed single quote": (secret) => `a: '${secret}\nb: c\n`,
    "an unclosed bracket": (secret) => `a: [${secret}\nb: c\n`,
    "an unknown escape": (secret) => `a: "\\q${secret}"\n`,
    "a tag": (secret) => `a: !${secret} x\n`,
    "a tag without a value": (secret) => `a: !${secret}\n`,
    "an alias": (secret) => `a: *${secret}\n`,
    "two anchors": (secret) => `a: &${secret} &${secret} x\n`,
    "a reserved character": (secret) => `a: @${secret}\n`,
    "a block's header": (secret) => `a: |${secret}\n  x\n`,
    "a colon": (secret) => `a: ${secret}: ${secret}\n`,
    "a missing colon": (secret) => `a: b\n${secret}\nc: d\n`,
    "a duplicate key": (secret) => `a:\n  ${secret}: 1\n  ${secret}: 2\n`,
    "a wrong indentation": (secret) => `a:\n    b: ${secret}\n  c: ${secret}\n`,
    "a tab": (secret) => `a:\n\tb: ${secret}\n`,
    "a second document": (secret) => `a: ${secret}\n---\nb: ${secret}\n`,
    "a directive": (secret) => `%${secret}\na: b\n`,
    "text after a quote": (secret) => `a: "b" ${secret}\n`,
    "text after a bracket": (secret) => `a: [b] ${secret}\n`,
    "a block in braces": (secret) => `a: {b:\n- ${secret}}\n`,
};

describe("a mistake in YAML", () => {
    for (const [what, text] of Object.entries(mistakes)) {
        it(`is reported by position, without the text: ${what}`, () => {
            const told = toldOf(text("Xhunter2X"));
            expect(told)
                .to.include("Pulumi.x.yaml: ")
                .and.not.to.match(/hunter2/i);
            if (what !== "an alias") expect(told).to.match(/line \d+, column \d+: [a-z]/);
        });
    }
    it("never quotes the file, whatever it contains", () => {
        const secret = fc.stringMatching(/^Z[a-zA-Z0-9]{6,12}$/);
        const around = fc.string({ maxLength: 12, unit: fc.constantFrom(...`"'{}[],:|>&*!%@\`#\\- \n\tab`) });
        fc.assert(
            fc.property(secret, around, around, (value, before, after) => {
                expect(toldOf(`config:\n  plinth:secrets: {shop: {k: ${before}${value}${after}}}\n`)).not.to.include(
                    value,
                );
            }),
            { numRuns: 2000 },
        );
    });
    it("has its line and column in the message", () => {
        expect(toldOf("a: b\nc: [1\nd: e\n")).to.include("line 3, column 1: ");
    });
    it("is also reported for a stack file", async () => {
        const lines = await problemsOf('config:\n  plinth:secrets: {shop: {k: "hunter2}}\n');
        expect(lines.join("\n")).to.include("Pulumi.staging.yaml: line 3, column 1: ").and.not.to.include("hunter2");
    });
});

describe("merge keys", () => {
    it("count as for the engine: what is written beside them is stronger", () => {
        const text = "a: &a {x: 1, y: {z: 2}}\nb: {<<: *a, x: 3}\nc: {<<: [*a, {x: 4, w: 5}]}\n";
        expect(readYaml(text, "f")).to.deep.equal({
            a: { x: 1, y: { z: 2 } },
            b: { x: 3, y: { z: 2 } },
            c: { x: 1, y: { z: 2 }, w: 5 },
        });
    });
    it("may be in a stack file, and their keys are checked", async () => {
        const file = (key: string) =>
            `config:\n  plinth:cluster: {context: kind}\n  plinth:instances:\n    one: &one {platform: opencart, host: one.example.org, sharedFiles: oneNode, ${key}}\n    two: {<<: *one, host: two.example.org}\n`;
        expect(await problemsOf(file("size: medium"))).to.deep.equal([]);
        expect((await problemsOf(file("sise: medium"))).join("\n"))
            .to.include("plinth:instances.one.sise: unknown key")
            .and.include("plinth:instances.two.sise: unknown key");
    });
});

describe("a key of YAML that is itself a map", () => {
    it("does not cause its contents to be printed", async () => {
        const printed: string[] = [];
        const listen = (warning: Error) => void printed.push(warning.message);
        process.on("warning", listen);
        toldOf("a:\n  ? { password: geheim }\n  : 1\n");
        await new Promise((resolve) => setImmediate(resolve));
        process.off("warning", listen);
        expect(printed).to.deep.equal([]);
    });
});
