import type { Dice } from "./dice";
import { nastyTexts } from "./values";

/** Changes a file's bytes. @returns the new ones and what was done, in words */
type Mutation = (file: Buffer, dice: Dice) => readonly [Buffer, string];

const cut = (file: Buffer, at: number, removed: number, inserted: Buffer | string = ""): Buffer =>
    Buffer.concat([file.subarray(0, at), Buffer.from(inserted), file.subarray(at + removed)]);

/** Changes a file as text; what is in it stays readable. */
const inText =
    (change: (lines: string[], dice: Dice) => string): Mutation =>
    (file, dice) => {
        const lines = file.toString("utf8").split("\n");
        const what = change(lines, dice);
        return [Buffer.from(lines.join("\n")), what];
    };

/** Puts a text where a value begins. */
const before =
    (texts: readonly string[], what: string): Mutation =>
    (file, dice) => {
        const text = file.toString("utf8");
        const places = [...text.matchAll(/(?<=[:,[] )\S|(?<=- )\S/g)].map(({ index }) => index);
        if (places.length === 0) return [file, "nothing"];
        const at = dice.among(places);
        return [Buffer.from(text.slice(0, at) + dice.among(texts) + text.slice(at)), what];
    };

const mutations: readonly Mutation[] = [
    (file, dice) => [cut(file, dice.below(file.length), 1 + dice.below(4)), "bytes deleted"],
    (file, dice) => {
        const at = dice.below(file.length);
        return [cut(file, at, 0, file.subarray(at, at + 1 + dice.below(40))), "bytes twice"];
    },
    (file, dice) => [cut(file, dice.below(file.length), 0, dice.among(nastyTexts)), "a text inserted"],
    (file, dice) => [cut(file, dice.below(file.length), 1, Buffer.from([dice.below(256)])), "a byte changed"],
    (file, dice) => [
        cut(
            file,
            dice.below(file.length),
            0,
            dice.among([
                Buffer.from([0xff, 0xfe]),
                Buffer.from([0xc3]),
                Buffer.from([0xed, 0xa0, 0x80]),
                Buffer.from([0]),
            ]),
        ),
        "bytes that are no UTF-8",
    ],
    (file) => [Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), file]), "a byte order mark"],
    (file) => [Buffer.from(file.toString("utf8"), "utf16le"), "UTF-16"],
    (file) => [Buffer.from(file.toString("utf8").replaceAll("\n", "\r\n")), "CRLF"],
    (file) => [Buffer.from(file.toString("utf8").replaceAll("\n", "\r")), "CR"],
    (file, dice) => [file.subarray(0, dice.below(file.length)), "cut short"],
    inText((lines, dice) => {
        const at = dice.below(lines.length);
        lines[at] = dice.among([" ", "  ", "    ", "\t"]) + lines[at]!;
        return "indented";
    }),
    inText((lines, dice) => {
        const at = dice.below(lines.length);
        lines[at] = lines[at]!.replace(/^ {1,4}/, "");
        return "outdented";
    }),
    inText((lines, dice) => {
        const at = dice.below(lines.length);
        lines.splice(at, 0, lines[at]!);
        return "a line twice";
    }),
    inText((lines, dice) => {
        lines.splice(dice.below(lines.length), 1);
        return "a line deleted";
    }),
    inText((lines, dice) => {
        const depth = dice.among([50, 500, 5000]);
        lines.push(`    deep: ${"[".repeat(depth)}${"]".repeat(depth)}`);
        return `nested ${depth} deep`;
    }),
    inText((lines, dice) => {
        const depth = dice.among([50, 500, 3000]);
        lines.push(`    plinth:labels: ${"{a: ".repeat(depth)}1${"}".repeat(depth)}`);
        return `maps nested ${depth} deep`;
    }),
    inText((lines) => {
        const levels = Array.from({ length: 9 }, (_, level) =>
            level === 0
                ? "&l0 [x]"
                : `&l${level} [${Array(10)
                      .fill(`*l${level - 1}`)
                      .join(", ")}]`,
        );
        lines.push(`    other:bomb: [${levels.join(", ")}]`);
        return "aliases that multiply";
    }),
    inText((lines, dice) => {
        lines.push(
            dice.among([
                "    plinth:labels: &a { b: *a }",
                "    plinth:annotations: &a [*a]",
                "    other:x: &a { a: *a }",
            ]),
        );
        return "an alias of what it is in";
    }),
    inText((lines, dice) => {
        lines.unshift(
            dice.among(["%YAML 1.1\n---", "%YAML 3.0\n---", "%TAG ! tag:x,1:\n---", "---", "...\n---", "--- x"]),
        );
        return "another head";
    }),
    inText((lines) => {
        lines.push("---", "config: {}");
        return "two documents";
    }),
    inText((lines) => {
        lines.push(`    plinth:namePrefix: ${"x".repeat(500_000)}`);
        return "a very long text";
    }),
    before(["*nowhere ", "*a"], "an unknown alias"),
    before(["&a ", "&a &b "], "an anchor"),
    before(
        [
            "!!binary ",
            "!!set ",
            "!!timestamp ",
            "!!omap ",
            "!!float ",
            "!!int ",
            "!!str ",
            "!!null ",
            "!secret ",
            "!<tag:x> ",
            "!!js/function ",
            "!!map ",
            "!!seq ",
            "!!pairs ",
            "!!merge ",
        ],
        "a tag",
    ),
    before(["? ", "| ", "> ", "|\n", "- ", "@", "`", "%", "'", '"', "{", "[", "}", "#"], "an indicator"),
    before(["{<<: *a}", "<<: *a, "], "a merge key"),
    before(["\u0000", "\u0007", "\u001b[2J", "\u0085", "\u2028", "\ufeff", "\u202e"], "a control character"),
];

/** Changes a file in one place, whatever it means. @returns the new one and what was done, in words */
export function mutateText(file: Buffer, dice: Dice): readonly [Buffer, string] {
    return file.length === 0 ? [file, "nothing"] : dice.among(mutations)(file, dice);
}
