import { expect } from "chai";
import { z } from "zod";
import { readWords, type Words } from "../../../operations/run/words";
import { helpOf, listingOf } from "../../../operations/run/usage";
import { operation } from "../../../platforms/operation";

const create = operation({
    summary: "Create a user",
    component: "lms",
    arguments: [
        { name: "name", description: "name of the user" },
        { name: "email", description: "address", schema: z.email("allowed: an e-mail address") },
        { name: "role", description: "what the user may do", choices: ["reader", "writer"], optional: true },
    ],
    options: {
        staff: { description: "may use the administration" },
        group: { description: "group of the user", value: "GROUP", choices: ["red", "blue"] },
    },
    asks: { password: { purpose: "Password of the user" } },
    command: () => [],
});
const theme = operation({
    summary: "Set a theme",
    component: "lms",
    arguments: [
        { name: "theme", description: "name of the theme" },
        { name: "host", description: "hosts that show it", variadic: true },
    ],
    command: () => [],
});
const manage = operation({
    summary: "Run manage.py",
    component: "lms",
    arguments: [{ name: "command", description: "unchanged", variadic: true }],
    passThrough: true,
    command: () => [],
});

describe("the words after an operation's name", () => {
    const read = (line: string, after?: readonly string[]) =>
        readWords("shop create", create, { words: line.split(" ").filter(Boolean), ...(after ? { after } : {}) });
    const message = (operation: Parameters<typeof readWords>[1], words: Words) => {
        try {
            return JSON.stringify(readWords("shop op", operation, words));
        } catch (error) {
            return (error as Error).message;
        }
    };

    it("are arguments in their order, and options anywhere among them", () => {
        const none = { role: undefined, staff: false, group: undefined };
        expect(read("ada ada@example.org")).to.deep.equal({ name: "ada", email: "ada@example.org", ...none });
        const all = { name: "ada", email: "ada@example.org", role: "writer", staff: true, group: "red" };
        expect(read("--group red ada --staff ada@example.org writer")).to.deep.equal(all);
        expect(read("ada --group=red ada@example.org writer --staff")).to.deep.equal(all);
    });
    it("are arguments after --, whatever they look like", () => {
        expect(read("", ["--staff", "ada@example.org"])).to.include({ name: "--staff", staff: false });
    });
    it("go into a variadic argument, which may be empty", () => {
        expect(readWords("shop theme", theme, { words: ["dark"] })).to.deep.equal({ theme: "dark", host: [] });
        expect(readWords("shop theme", theme, { words: ["dark", "a", "b"] }))
            .to.have.property("host")
            .that.deep.equals(["a", "b"]);
    });
    it("are passed through unchanged where the operation says so", () => {
        const words = ["migrate", "--fake", "--", "-v", "", "$(id) 'x'"];
        expect(readWords("shop manage", manage, { words: words.slice(0, 2), after: words.slice(2) })).to.deep.equal({
            command: words,
        });
    });
    it("are all reported at once, with what is allowed and the usage line", () => {
        expect(message(create, { words: ["ada", "nobody", "wrtier", "more", "--staf", "--group", "green"] })).to.equal(
            [
                '"--staf" is not an option of this operation; did you mean "--staff"?; allowed: --staff, --group. Words that begin with a dash go after --',
                '--group "green" is not allowed; allowed: red, blue',
                'too many arguments: "more"; allowed: at most 3',
                'EMAIL "nobody" is not allowed; allowed: an e-mail address',
                'ROLE "wrtier" is not allowed; did you mean "writer"?; allowed: reader, writer',
                "Usage: ./plinth run shop op NAME EMAIL [ROLE] [--staff] [--group GROUP] [--generate] [--stack STACK]",
            ].join("\n"),
        );
    });
    it("are named if they are missing", () => {
        expect(message(create, { words: [] })).to.match(/^missing: NAME, EMAIL\nUsage: /);
        expect(message(theme, { words: [] })).to.match(/^missing: THEME\nUsage: .* THEME \[HOST…\]/);
        expect(message(create, { words: ["ada", "a@example.org", "--group"] })).to.contain(
            "--group is missing its value, GROUP",
        );
        expect(message(create, { words: ["ada", "a@example.org", "--staff=yes"] })).to.contain("--staff has no value");
        expect(message(create, { words: ["", "a@example.org"] })).to.contain('NAME "" is not allowed');
    });
    it("have a help, and a line in the list", () => {
        expect(helpOf("shop create", create)).to.match(
            /^Usage: .*\n\nCreate a user\. Runs in lms\.\n\n {2}NAME +name of/,
        );
        expect(helpOf("shop create", create)).to.contain("what the user may do; one of: reader, writer");
        expect(listingOf({ create, theme })).to.match(/create NAME EMAIL \[ROLE\] +Create a user/);
    });
});

describe("the definition of an operation", () => {
    const base = { summary: "x", component: "web", command: () => [] };
    const argument = (name: string, own: object = {}) => ({ name, description: "x", ...own });
    it("is refused if users could not use it", () => {
        const refused = (own: object) => expect(() => operation({ ...base, ...own })).to;
        refused({ arguments: [argument("a"), argument("a")] }).throw('two arguments or options named "a"');
        refused({ arguments: [argument("a", { variadic: true }), argument("b")] }).throw("not the last one");
        refused({ arguments: [argument("a", { optional: true }), argument("b")] }).throw("after an optional one");
        refused({ options: { stack: { description: "x" } } }).throw("--stack, which belongs to the command itself");
        refused({ passThrough: true }).throw("needs a variadic argument");
        refused({ asks: { key: { purpose: "x", lines: true } } }).throw("allowed: one line each");
        refused({ interactive: true, asks: { password: { purpose: "x" } } }).throw("both need its standard input");
    });
});
