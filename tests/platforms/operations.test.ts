import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { AnyInstance } from "../../config/stack";
import { platforms } from "../../platforms";
import { containerOf, type Sent } from "../support/declare";
import { declareOpenCart } from "../support/opencart";
import { declareOpenMage } from "../support/openmage";
import { declareQed, qedSettings } from "../support/qed";
import { declareQxsms } from "../support/qxsms";

/** What could end a string, an option or a command where it is spliced into text. */
const nasty = `it's "$(id)" \`id\` --x; exit #`;

const declared: Readonly<Record<string, () => Promise<Sent[]>>> = {
    opencart: () => declareOpenCart(),
    openmage: () => declareOpenMage(),
    openedx: () => declareOpenCart({ instance: { platform: "openedx", host: "learn.example.org" } }),
    qed: () => declareQed(),
    qxsms: () => declareQxsms(),
};

/** Settings that operations depend on. */
const settingsOf: Readonly<Record<string, object>> = { qed: qedSettings() };

for (const [name, platform] of Object.entries(platforms)) {
    const settings = {
        platform: name,
        name: "shop",
        adminPath: "office",
        ...settingsOf[name],
    } as unknown as AnyInstance;
    if (!platform.operations) continue;
    const operations = platform.operations(settings);
    describe(`the operations of ${name}`, () => {
        it("run in containers that its pods have", async () => {
            const objects = await declared[name]!();
            for (const { component, container = component } of Object.values(operations)) {
                const kind = objects.some((one) => one.kind === "StatefulSet" && one.metadata.name === component)
                    ? "StatefulSet"
                    : "Deployment";
                expect(containerOf(objects, kind, component, container).image).to.be.a("string");
            }
        }).timeout(60_000);
        it("pass a user's words on as arguments of their own", () => {
            for (const [key, { arguments: given = [], command }] of Object.entries(operations)) {
                const input = given.map(
                    ({ name: word, variadic }) => [word, variadic ? [nasty, nasty] : nasty] as const,
                );
                const words = input.flatMap(([, value]) => value);
                const sent = command(Object.fromEntries(input));
                expect(sent.slice(sent.length - words.length), key).to.deep.equal(words);
                expect(sent.slice(0, sent.length - words.length).join(" "), key).not.to.contain(nasty);
            }
        });
        it("are those on its page", () => {
            const page = readFileSync(join(__dirname, "..", "..", "docs", `${name}.md`), "utf8");
            const section = page.split("\n## Operations\n")[1]!.split("\n## ")[0]!;
            const rows = [...section.matchAll(/^\| `([a-z-]+)[ `]/gm)].map(([, operation]) => operation);
            expect(rows).to.deep.equal(Object.keys(operations));
        });
    });
}

describe("the operations of an instance", () => {
    it("depend on its settings", () => {
        const settings = { platform: "opencart", adminPath: "office" } as unknown as AnyInstance;
        expect(
            platforms["opencart"]!.operations!(settings)["adminpassword"]!.command({ name: "ada" }).slice(-3),
        ).to.deep.equal(["office", "password", "ada"]);
        const other = { ...settings, name: "pprd", platform: "qxsms" } as AnyInstance;
        expect(() => platforms["opencart"]!.operations!(other)).to.throw("pprd is of platform qxsms, not opencart");
    });
});
