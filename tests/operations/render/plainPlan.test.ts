import { join } from "node:path";
import { expect } from "chai";
import { renderStack } from "../../../operations/render/rendering";
import { ConfigError } from "../../../config/problems";
import { valueProblem } from "../../../config/secrets";
import { Value } from "../../../config/value";
import { opencart } from "../../../platforms/opencart";

const stacks = join(__dirname, "..", "..", "stacks");

async function failureOf(work: Promise<unknown>): Promise<Error> {
    try {
        await work;
    } catch (error) {
        return error as Error;
    }
    return expect.fail("did not fail");
}

describe("a value that cannot be computed", function () {
    this.timeout(30_000);
    it("aborts the rendering, which names the instance and the objects that would be missing", async () => {
        const broken = {
            ...opencart,
            declare: (instance: Parameters<typeof opencart.declare>[0]) => {
                const result = opencart.declare(instance);
                const value = Value.secret("x").map((): string => {
                    throw new Error("this cannot be written");
                });
                instance.secret(instance.owner, "broken", { value });
                return result;
            },
        };
        const error = await failureOf(renderStack("small", { folder: stacks, platforms: { opencart: broken } }));
        expect(error).to.be.instanceOf(ConfigError);
        expect(error.message)
            .to.include('plinth:instances.opencart: Secret "broken" could not be declared:')
            .and.to.include("this cannot be written");
    });
    it("leaves nothing behind for the next rendering", async () => {
        const { objects } = await renderStack("small", { folder: stacks });
        expect(objects).not.to.have.length(0);
    });
});

describe("a secret that no file can contain", () => {
    for (const [what, text] of Object.entries({
        "a NUL character": "a\0b",
        "a control character": "a\u0001b",
        "an escape": "a\u001bb",
        "a control character of Latin 1": "a\u0085b",
        "a noncharacter": "a\uffffb",
        "a lone surrogate": "a\ud800b",
    })) {
        it(`is refused before anything is declared: ${what}`, async () => {
            const config = { "plinth:secrets": JSON.stringify({ openmage: { databasePassword: text } }) };
            const error = await failureOf(renderStack("openmage-small", { folder: stacks, config }));
            expect(error).to.be.instanceOf(ConfigError);
            expect(error.message)
                .to.include(
                    "plinth:secrets.openmage.databasePassword: the value is not allowed; it contains a control character",
                )
                .and.not.to.include(text);
        });
    }
    it("may have tabs, emoji, and line breaks where allowed", () => {
        expect(valueProblem({ purpose: "x" }, "a\tb 🔑")).to.equal(undefined);
        expect(valueProblem({ purpose: "x", lines: true }, "a\r\nb\n")).to.equal(undefined);
    });
});
