import { lstatSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { withSetting, writeSettings } from "../../cli/yamlEdit";
import { scratch } from "../support/tools";

const path = ["config", "plinth:instances", "shop", "images", "caddy"];
const set = (text: string) => withSetting(text, { path, value: "caddy:2@sha256:ab" });

describe("editing a YAML file", () => {
    it("adds lines behind the others, and nothing else", () => {
        const before = [
            "# head",
            "config:",
            "    plinth:instances:",
            "        shop:",
            '            host:   "a"   # odd spaces',
            "            edge: {type: NodePort,  httpPort: 30080} # last",
            "",
            "        # of the other one",
            "        other: { host: b }",
            "encryptionsalt: v1:xyz",
        ];
        const added = ["            images:", "                caddy: caddy:2@sha256:ab"];
        expect(set(`${before.join("\n")}\n`).split("\n")).to.deep.equal([
            ...before.slice(0, 6),
            ...added,
            ...before.slice(6),
            "",
        ]);
    });
    it("replaces a value and keeps the comment on it", () => {
        const before =
            "config:\n  plinth:instances:\n    shop:\n      images:\n        # why\n        caddy: old # so\n";
        expect(set(before)).to.equal(before.replace("old", "caddy:2@sha256:ab"));
    });
    it("adds to maps in braces, to empty ones too, and at the end of a file without a last line break", () => {
        for (const [before, after] of [
            ["config: {plinth:instances: {shop: {host: a}}}", "{host: a, images: {caddy: caddy:2@sha256:ab}}"],
            ["config:\n  plinth:instances: {shop: {}}\n", "{images: {caddy: caddy:2@sha256:ab}}"],
            [
                "config:\n  plinth:instances:\n    shop:\n      host: a",
                "a\n      images:\n        caddy: caddy:2@sha256:ab\n",
            ],
        ] as const)
            expect(set(before)).to.include(after);
    });
    it("refuses what it would have to guess", () => {
        for (const text of [
            "config:\n  a: &i {x: y}\n  plinth:instances:\n    shop:\n      images: *i\n",
            "config:\n  plinth:instances:\n    shop:\n",
            "config:\n  plinth:instances:\n    shop:\n      images: [a]\n",
        ])
            expect(() => set(text), text).to.throw("is written in an unusual way");
    });
    it("changes a file whole or not at all, through a link", () => {
        const folder = scratch();
        const file = join(folder.path, "file.yaml");
        const link = join(folder.path, "link.yaml");
        writeFileSync(file, "a: {b: c}\n");
        symlinkSync(file, link);
        writeSettings(link, [{ path: ["a", "b"], value: "d" }]);
        expect(readFileSync(file, "utf8")).to.equal("a: {b: d}\n");
        expect(lstatSync(link).isSymbolicLink()).to.equal(true);
        const settings = [
            { path: ["a", "b"], value: "e" },
            { path: ["a", "b", "c"], value: "f" },
        ];
        expect(() => writeSettings(link, settings)).to.throw("Nothing was changed");
        expect(readFileSync(file, "utf8")).to.equal("a: {b: d}\n");
        folder.clean();
    });
});
