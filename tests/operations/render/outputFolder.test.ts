import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { writeRendering } from "../../../operations/render/manifests";
import { OutputFolder } from "../../../operations/render/outputFolder";
import { type Rendering, renderStack } from "../../../operations/render/rendering";
import { scratch } from "../../support/tools";

const header = "# ours\n";
const stacks = join(__dirname, "..", "..", "stacks");

describe("the folder of a rendering", () => {
    const folder = scratch();
    after(() => folder.clean());
    let count = 0;
    /** A new folder, and a foreign one next to it. */
    function place() {
        const above = join(folder.path, String(count++));
        const [out, theirs] = [join(above, "out"), join(above, "theirs")];
        mkdirSync(out, { recursive: true });
        mkdirSync(theirs);
        writeFileSync(join(theirs, "x.yaml"), `${header}precious`);
        return { out, theirs, precious: () => readFileSync(join(theirs, "x.yaml"), "utf8") };
    }

    for (const path of [
        ...["../theirs/x.yaml", "a/../../theirs/x.yaml", "..", ".", "", "a/./x.yaml", "a//x.yaml", "/etc/x.yaml"],
        ...["..\\theirs\\x.yaml", "C:/x.yaml", "a/x\0.yaml"],
    ]) {
        it(`cannot be escaped through ${JSON.stringify(path)}`, () => {
            const { out, precious } = place();
            const target = new OutputFolder(out, header);
            expect(() => target.replace([], new Map([[path, "new"]]))).to.throw("is not a path inside");
            expect(() => target.replace([path], new Map())).to.throw("is not a path inside");
            expect(precious()).to.equal(`${header}precious`);
            expect(readdirSync(out)).to.deep.equal([]);
        });
    }

    it("cannot be escaped through links", () => {
        const { out, theirs, precious } = place();
        symlinkSync(theirs, join(out, "ns"));
        symlinkSync(join(theirs, "x.yaml"), join(out, "link.yaml"));
        const target = new OutputFolder(out, header);
        for (const [old, wanted] of [
            [["ns/x.yaml"], []],
            [[], ["ns/x.yaml"]],
            [[], ["ns/deeper/new.yaml"]],
        ] as const)
            expect(() => target.replace(old, new Map(wanted.map((file) => [file, "new"])))).to.throw("may lead out of");
        expect(() => target.replace([], new Map([["link.yaml", "new"]]))).to.throw("was not rendered by Plinth");
        target.replace(["link.yaml"], new Map());
        expect(existsSync(join(out, "link.yaml"))).to.equal(true);
        expect(precious()).to.equal(`${header}precious`);
        expect(readdirSync(theirs)).to.deep.equal(["x.yaml"]);
        // A prepared link with the name of the unfinished file does not lead outside either.
        symlinkSync(join(theirs, "x.yaml"), join(out, "new.yaml.next"));
        target.replace([], new Map([["new.yaml", "new"]]));
        expect(precious()).to.equal(`${header}precious`);
        expect(readFileSync(join(out, "new.yaml"), "utf8")).to.equal(`${header}new`);
    });

    it("may be a link itself", () => {
        const { out, theirs } = place();
        symlinkSync(out, join(theirs, "link"));
        new OutputFolder(join(theirs, "link"), header).replace([], new Map([["a/x.yaml", "new"]]));
        expect(readFileSync(join(out, "a", "x.yaml"), "utf8")).to.equal(`${header}new`);
    });

    it("keeps foreign files, and refuses before it changes anything", () => {
        const { out } = place();
        const target = new OutputFolder(out, header);
        target.replace([], new Map([["a.yaml", "first"]]));
        writeFileSync(join(out, "mine.yaml"), "mine");
        expect(() =>
            target.replace(
                ["a.yaml"],
                new Map([
                    ["b.yaml", "second"],
                    ["mine.yaml", "second"],
                ]),
            ),
        ).to.throw(`${join(out, "mine.yaml")} was not rendered by Plinth and would be overwritten`);
        expect(readdirSync(out).sort()).to.deep.equal(["a.yaml", "mine.yaml"]);
        target.replace(["a.yaml", "mine.yaml"], new Map([["b.yaml", "second"]]));
        expect(readdirSync(out).sort()).to.deep.equal(["b.yaml", "mine.yaml"]);
    });

    it("sets the requested mode of a file, even if it had another", () => {
        const { out } = place();
        const target = new OutputFolder(out, header);
        target.replace([], new Map([["a.yaml", "placeholder"]]));
        target.replace(["a.yaml"], new Map([["a.yaml", "real"]]), 0o600);
        expect(statSync(join(out, "a.yaml")).mode & 0o777).to.equal(0o600);
    });
});

describe("a rendering", function () {
    this.timeout(60_000);
    const folder = scratch();
    let rendering: Rendering;
    before(async () => {
        rendering = await renderStack("small", { folder: stacks });
    });
    after(() => folder.clean());
    const files = (out: string) =>
        readdirSync(out, { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map(({ parentPath, name }) => join(parentPath, name))
            .sort();

    for (const [what, list] of [
        ["names a file outside", "resources: [../theirs.yaml]\n"],
        ["names a Secret outside", "resources: []\n# ../theirs.yaml: Secret x is left out\n"],
        ["is not a list", "resources: {a: b}\n"],
        ["is not a map", "- a\n"],
        ["is not YAML", "resources: [\n"],
    ] as const) {
        it(`removes nothing if the kustomization ${what}`, () => {
            const above = join(folder.path, what.replaceAll(" ", "-"));
            const out = join(above, "out");
            writeRendering(rendering, out, false);
            const marker = join(out, "kustomization.yaml");
            const [header] = readFileSync(marker, "utf8").split("\n");
            writeFileSync(join(above, "theirs.yaml"), `${header}\nprecious`);
            writeFileSync(marker, `${header}\n${list}`);
            const before = files(above);
            expect(() => writeRendering(rendering, out, false)).to.throw(
                /is not a path inside|was not rendered|line \d/,
            );
            expect(files(above)).to.deep.equal(before);
        });
    }

    it("that was killed is finished by the next one", () => {
        const out = join(folder.path, "killed");
        const namespace = join(out, "opencart");
        writeRendering(rendering, join(folder.path, "whole"), false);
        const whole = join(folder.path, "whole", "opencart", "namespace-opencart.yaml");
        mkdirSync(namespace, { recursive: true });
        writeFileSync(join(namespace, "namespace-opencart.yaml"), readFileSync(whole));
        writeFileSync(join(namespace, "secret-admin.yaml.next"), readFileSync(whole));
        writeRendering(rendering, out, false);
        const relative = (folders: string) => files(folders).map((path) => path.slice(folders.length));
        expect(relative(out)).to.deep.equal(relative(join(folder.path, "whole")));
    });

    it("that would write two objects to one file is refused", () => {
        const { objects } = rendering;
        const deployment = objects.find(({ kind }) => kind === "Deployment")!;
        const twice = { ...rendering, objects: [...objects, { ...deployment, kind: "deployment" }] };
        const out = join(folder.path, "twice");
        expect(() => writeRendering(twice, out, false)).to.throw("two objects would be written to");
        expect(existsSync(out)).to.equal(false);
    });
});
