import { lstatSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { parse } from "yaml";
import { withEdit, writeEdits } from "../../../operations/stackfile/yamlEdit";
import { scratch } from "../../support/tools";

const path = ["config", "plinth:instances", "shop", "images", "caddy"];
const set = (text: string) => withEdit(text, { path, value: "caddy:2@sha256:ab" });

/** One key of a generated text, with the comments around it. */
interface Entry {
    readonly above: readonly string[];
    /** A comment of the map between blank lines. */
    readonly free: boolean;
    readonly beside: boolean;
    readonly below: boolean;
    readonly node: string | Readonly<Record<string, Entry>>;
}

const scalars = [
    "1",
    "plain text",
    '"a # b: c"',
    "'{x}'",
    "[a, {b: c}]",
    "{}",
    "{a: 1, b: {c: x}}",
    "|\n# text\n\n: y",
];
const key = fc.constantFrom("a", "plinth:b", "c-d", '"e f"');
const { entry } = fc.letrec<{ entry: Entry; map: Readonly<Record<string, Entry>> }>((tie) => ({
    entry: fc.record({
        above: fc.array(fc.constantFrom("# why", "#: - not a list"), { maxLength: 2 }),
        free: fc.boolean(),
        beside: fc.boolean(),
        below: fc.boolean(),
        node: fc.oneof({ depthSize: "small", withCrossShrink: true }, fc.constantFrom(...scalars), tie("map")),
    }),
    map: fc.dictionary(key, tie("entry"), { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
}));
const tree = fc.dictionary(key, entry, { minKeys: 1, maxKeys: 3, noNullPrototype: true });

/** A line of a generated text, and the keys that it belongs to. */
interface Line {
    readonly text: string;
    readonly owner: readonly string[];
}

function linesOf(map: Readonly<Record<string, Entry>>, step: number, above: readonly string[] = []): Line[] {
    const pad = " ".repeat(above.length * step);
    return Object.entries(map).flatMap(([written, { node, ...comments }]): Line[] => {
        const owner = [...above, written.replaceAll('"', "")];
        const own = (text: string): Line => ({ text, owner });
        const [first, ...rest] = typeof node === "string" ? node.split("\n") : [""];
        const line = `${pad}${written}:${first && ` ${first}`}${comments.beside ? " # beside" : ""}`;
        return [
            ...(comments.free ? ["", `${pad}# free`, ""].map((text) => ({ text, owner: above })) : []),
            ...comments.above.map((text) => own(pad + text)),
            own(line),
            ...rest.map((text) => own(text && `${pad}${" ".repeat(step)}${text}`)),
            ...(typeof node === "string" ? [] : linesOf(node, step, owner)),
            // In a multi-line string it would be one of its lines.
            ...(comments.below && rest.length === 0 ? [own(`${pad}${" ".repeat(step)}# below`)] : []),
        ];
    });
}

const startsWith = (path: readonly string[], start: readonly string[]) => start.every((part, at) => path[at] === part);

/** A text and a position in it, with what is needed to compute the expected result. */
const texts = fc
    .record({ tree, step: fc.integer({ min: 1, max: 4 }), newLine: fc.constantFrom("\n", "\r\n"), place: fc.nat() })
    .map(({ tree, step, newLine, place }) => {
        const lines = linesOf(tree, step);
        const paths = [...new Set(lines.filter(({ owner }) => owner.length > 0).map(({ owner }) => owner))];
        const print = (some: readonly Line[]) => some.map(({ text }) => text + newLine).join("");
        const path = paths[place % paths.length]!;
        const siblings = paths.filter((other) => other.length === path.length && startsWith(other, path.slice(0, -1)));
        return { lines, step, print, text: print(lines), path, siblings };
    });
const at = (value: unknown, path: readonly string[]) =>
    path.reduce((inner, key) => (inner as Record<string, unknown>)[key], value);

describe("editing any YAML text", () => {
    it("removes the lines of a key, and no others", () => {
        fc.assert(
            fc.property(texts, ({ lines, print, text, path, siblings }) => {
                fc.pre(siblings.length > 1);
                const left = lines.filter(({ owner }) => !startsWith(owner, path));
                expect(withEdit(text, { path, value: undefined })).to.equal(print(left));
            }),
        );
    });
    it("leaves an empty map if the only key is removed", () => {
        fc.assert(
            fc.property(texts, ({ lines, print, text, path, siblings }) => {
                fc.pre(siblings.length === 1 && path.length > 1);
                const own = lines.findIndex(({ owner }) => startsWith(owner, path));
                const above = lines.findLastIndex(
                    (line, index) => index < own && line.owner.length === path.length - 1 && /^ *[^# ]/.test(line.text),
                );
                const left = lines
                    .with(above, { ...lines[above]!, text: lines[above]!.text.replace(/:( #|$)/, ": {}$1") })
                    .filter(({ owner }) => !startsWith(owner, path));
                expect(withEdit(text, { path, value: undefined })).to.equal(print(left));
            }),
        );
    });
    it("adds lines after the last key of a map, which can be removed again", () => {
        fc.assert(
            fc.property(texts, fc.boolean(), ({ lines, step, print, text, path, siblings }, deep) => {
                const last = lines.findLastIndex(({ owner }) => startsWith(owner, siblings.at(-1)!));
                const pad = " ".repeat((path.length - 1) * step);
                const indents = lines.some((line) => /^ +[^ #]/.test(line.text));
                const added = deep ? ["new:", `${" ".repeat(indents ? step : 4)}x: {u: v}`] : ["new: z"];
                const edit = { path: [...path.slice(0, -1), "new"], value: deep ? { x: { u: "v" } } : "z" };
                const edited = withEdit(text, edit);
                const owner = edit.path;
                expect(edited).to.equal(
                    print(lines.toSpliced(last + 1, 0, ...added.map((line) => ({ text: pad + line, owner })))),
                );
                expect(withEdit(edited, { path: owner, value: undefined })).to.equal(text);
            }),
        );
    });
    it("replaces a scalar in its line", () => {
        fc.assert(
            fc.property(texts, fc.oneof(fc.string(), fc.integer()), ({ lines, text, path }, value) => {
                const now = at(parse(text), path);
                fc.pre(typeof now !== "object" && !String(now).includes("\n"));
                const edited = withEdit(text, { path, value });
                expect(at(parse(edited), path)).to.equal(value);
                const differing = edited.split(/\r?\n/).filter((line, index) => line !== lines[index]?.text);
                // The empty one is after the last line break.
                expect(differing.filter((line) => line !== "")).to.have.length(now === value ? 0 : 1);
            }),
        );
    });
});

describe("editing a YAML file", () => {
    it("appends lines, and changes nothing else", () => {
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
    it("adds a whole map, with short ones in braces", () => {
        const before = "config:\n  plinth:instances:\n    # none yet\n  other: x\n";
        const value = { platform: "opencart", edge: { type: "NodePort", httpPort: 30080 }, version: "1_0", labels: {} };
        const edit = { path: ["config", "plinth:instances", "shop"], value };
        expect(withEdit(before, edit).split("\n").slice(1, 8)).to.deep.equal([
            "  plinth:instances:",
            "    shop:",
            "      platform: opencart",
            "      edge: {type: NodePort, httpPort: 30080}",
            // A number in YAML 1.1.
            '      version: "1_0"',
            "      labels: {}",
            "    # none yet",
        ]);
        expect(withEdit("config: {plinth:instances: }\n", edit)).to.equal(
            'config: {plinth:instances: {shop: {platform: opencart, edge: {type: NodePort, httpPort: 30080}, version: "1_0", labels: {}}}}\n',
        );
    });
    it("removes a key with its own comments", () => {
        const before = [
            "config:",
            "  # All of them.",
            "",
            "  # Of the first.",
            "  first: # a shop",
            "    host: a",
            "",
            "    # below the first",
            "  # Of the second.",
            "  second: {a: b, c: d}",
        ];
        const without = (...path: string[]) =>
            withEdit(before.join("\n"), { path: ["config", ...path], value: undefined }).split("\n");
        expect(without("first")).to.deep.equal([...before.slice(0, 3), ...before.slice(8)]);
        expect(without("second", "a")).to.deep.equal([...before.slice(0, 9), "  second: {c: d}"]);
        expect(without("second", "c")).to.deep.equal([...before.slice(0, 9), "  second: {a: b}"]);
        expect(without("first", "host")).to.deep.equal([
            ...before.slice(0, 4),
            "  first: {} # a shop",
            ...before.slice(6),
        ]);
        expect(without("third", "host")).to.deep.equal(before);
        const flow = "a: {b: 1, # of b, or of c\n  c: 2}\n";
        expect(() => withEdit(flow, { path: ["a", "c"], value: undefined })).to.throw("remove it by hand");
    });
    it("refuses ambiguous edits", () => {
        for (const text of [
            "config:\n  a: &i {x: y}\n  plinth:instances:\n    shop:\n      images: *i\n",
            "config:\n  plinth:instances:\n    shop: x\n",
            "config:\n  plinth:instances: &all {shop: {}}\n  more: *all\n",
            "config:\n  plinth:instances:\n    shop:\n      images: [a]\n",
        ])
            expect(() => set(text), text).to.throw("is written in an unusual way");
    });
    it("does not quote a text that is not YAML", () => {
        for (const wrong of ["'hunter2", "*hunter2", "!hunter2 x", "[hunter2"])
            expect(() => withEdit(`a: ${wrong}\nb: 1\n`, { path: ["b"], value: 2 }))
                .to.throw("Nothing was changed: the place of b is written in an unusual way")
                .and.not.to.match(/hunter2/);
    });
    it("changes a file whole or not at all, through a link", () => {
        const folder = scratch();
        const file = join(folder.path, "file.yaml");
        const link = join(folder.path, "link.yaml");
        writeFileSync(file, "a: {b: c}\n");
        symlinkSync(file, link);
        writeEdits(link, [{ path: ["a", "b"], value: "d" }]);
        expect(readFileSync(file, "utf8")).to.equal("a: {b: d}\n");
        expect(lstatSync(link).isSymbolicLink()).to.equal(true);
        const edits = [
            { path: ["a", "b"], value: "e" },
            { path: ["a", "b", "c"], value: "f" },
        ];
        expect(() => writeEdits(link, edits)).to.throw("Nothing was changed");
        expect(readFileSync(file, "utf8")).to.equal("a: {b: d}\n");
        folder.clean();
    });
});
