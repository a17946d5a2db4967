import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import * as python from "../../components/languages/python";
import { yaml } from "../../components/languages/yaml";
import { program, pythonProgram, scratch } from "../support/tools";
import { someTexts } from "../support/texts";

/** Texts that are something else in some version of YAML. */
const words = [
    ...[
        "on",
        "Off",
        "YES",
        "n",
        "~",
        "null",
        "",
        "=",
        "<<",
        "0123",
        "0o17",
        "0x1F",
        "1_000",
        "1e3",
        "1:20",
        "12:30:45",
    ],
    ...[
        ".inf",
        "-.INF",
        "2026-01-01",
        "2026-01-01T10:00:00Z",
        "- a",
        "? b",
        "&c",
        "*d",
        "!e",
        "a: b",
        "%YAML",
        "\ufeffa",
    ],
    ...["\x7f", "\x85", "\x9f", "\u2028", "\ufffe", "\u{1f600}", "a\nb", " a", "a ", "#", "'", '"', "\\", "\t", "\0"],
];

const values: python.Json[] = [
    ...[null, true, false, 0, -1, 1.5, 0.000_001, 2 ** 53 - 1, [], {}],
    { on: { "1:20": ["a", { b: [] }] }, A_B: [[1], [2, ["x".repeat(200)]]], "k\u0085": 1, "": 2, "<<": { a: 1 } },
];

describe("values, read by Python", function () {
    this.timeout(120_000);
    const { path, clean } = scratch();
    after(clean);
    const all = [...someTexts(), ...words, ...values];

    const said = (command: string, script: string, file: string, content: string): unknown => {
        writeFileSync(join(path, file), content);
        return JSON.parse(execFileSync(command, ["-c", script, join(path, file)], { encoding: "utf8" }));
    };

    it("as literals", function () {
        const script = "import ast, json, sys; print(json.dumps(ast.literal_eval(open(sys.argv[1]).read())))";
        const read = said(program(this, "python3"), script, "literal.py", python.literal(all));
        expect(read).to.deep.equal(all);
    });

    it("as names, where keywords are none", function () {
        const script = "import json, keyword; print(json.dumps(keyword.kwlist))";
        const keywords = said(program(this, "python3"), script, "none", "") as string[];
        for (const word of [...keywords, "1a", "a-b", "", "a\n", "é", "a.b"])
            expect(() => python.name(word), word).to.throw("allowed: a name of letters");
        expect(python.assignments({ A_1: 1, _b: "x" })).to.equal('A_1 = 1\n_b = "x"\n');
    });

    it("as YAML 1.1, by PyYAML", async function () {
        const command = join(dirname(await pythonProgram(this, "tutor")), "python3");
        const script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
        expect(said(command, script, "value.yaml", yaml({ all }))).to.deep.equal({ all });
    });

    it("as YAML 1.1 and 1.2, by the parser of the stack files", () => {
        for (const version of ["1.1", "1.2"] as const)
            expect(parse(yaml({ all }), { version }), version).to.deep.equal({ all });
    });
});

describe("the writers of Python and YAML", () => {
    it("refuse what would be read as something else", () => {
        for (const bad of [Number.NaN, Infinity, 2 ** 53, undefined, () => 1, 10n] as never[])
            expect(() => python.literal([bad])).to.throw(RangeError, "allowed: ");
        for (const bad of [Number.NaN, Infinity, 2 ** 53, 1e21, 1e-7] as never[])
            expect(() => yaml({ a: bad })).to.throw(RangeError, "allowed: numbers");
        for (const write of [
            python.literal,
            (text: string) => yaml({ a: text }),
            (text: string) => yaml({ [text]: 1 }),
        ])
            expect(() => write("a\ud800")).to.throw("allowed: any text of whole Unicode characters");
    });

    it("keep a user's lines of Python, and tell what these cannot be", () => {
        expect(python.source(["A = 1", "if A:\n    B = '''\tx'''", "", "# é"])).to.equal(
            "A = 1\nif A:\n    B = '''\tx'''\n\n# é\n",
        );
        const refused: [lines: string[], message: string][] = [
            [["A = 1", "\tB = 2"], "an indentation of spaces, not of tabs (line 2)"],
            [["A = 1\n  \tB = 2"], "an indentation of spaces, not of tabs (line 2)"],
            [["# a", "", "  A = 1"], "a first statement without indentation (line 3)"],
            [["A = '\0'"], "any character but NUL (line 1)"],
            [["A = 1 + \\"], "a last line that does not end with a backslash"],
            [["A = '\ud800'"], "any text of whole Unicode characters (line 1)"],
        ];
        for (const [lines, message] of refused)
            expect(() => python.source(lines), message).to.throw(`allowed: ${message}`);
    });
});
