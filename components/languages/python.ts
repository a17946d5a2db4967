import { isWhole, languageOf, linesOf, Refusal, type Text, written } from "./text";

export type Python = Text<"python">;

/** Source of a Python program, in UTF-8. */
export const python = languageOf<"python">();

/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Characters that are not literal in a string on one line, and those that an editor would not show as they are. */
const special = /["\\\p{C}\u2028\u2029]/gu;

const short: Readonly<Record<string, string>> = {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
};

/**
 * A string between double quotes, with the escapes that Python has for every character.
 * https://docs.python.org/3/reference/lexical_analysis.html#escape-sequences
 *
 * @throws Refusal for half of a surrogate pair: Python could hold, but not send it
 */
export function text(value: string): Python {
    if (!isWhole(value)) throw new Refusal("allowed: any text of whole Unicode characters");
    return written(`"${value.replace(special, escaped)}"`);
}

function escaped(character: string): string {
    const code = character.codePointAt(0)!;
    const hex = code.toString(16);
    if (code > 0xffff) return `\\U${hex.padStart(8, "0")}`;
    return short[character] ?? (code > 0xff ? `\\u${hex.padStart(4, "0")}` : `\\x${hex.padStart(2, "0")}`);
}

/** Of a line with a literal, without its indentation. */
const width = 100;

/**
 * A value as an expression: `None`, `True`, numbers, strings, lists and dictionaries. Long ones have a line for each
 * item.
 *
 * @throws Refusal for what JSON cannot hold: undefined, NaN, infinity, integers that are not exact, functions
 */
export function literal(value: Json): Python {
    if (value === null) return written("None");
    if (typeof value === "boolean") return written(value ? "True" : "False");
    if (typeof value === "string") return text(value);
    if (typeof value === "number") return number(value);
    if (typeof value !== "object") throw new Refusal("allowed: null, true, false, numbers, texts, lists and maps");
    if (value instanceof Array) return enclosed("[", value.map(literal), "]");
    const items = Object.entries(value).map(([key, item]): Python => python`${text(key)}: ${literal(item)}`);
    return enclosed("{", items, "}");
}

function number(value: number): Python {
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
        throw new Refusal("allowed: numbers up to 2^53, which are exact");
    return written(String(value));
}

function enclosed(open: "[" | "{", items: readonly Python[], close: "]" | "}"): Python {
    const line = `${open}${items.join(", ")}${close}`;
    if (line.length <= width && !line.includes("\n")) return written(line);
    // A text never holds a line break, so that what is indented is not part of one.
    return written(`${open}\n${items.map((item) => `${item.replace(/^/gm, "    ")},\n`).join("")}${close}`);
}

const keywords: readonly string[] = (
    "False None True and as assert async await break class continue def del elif else except finally for from " +
    "global if import in is lambda nonlocal not or pass raise return try while with yield"
).split(" ");

/**
 * A name of a variable, of ASCII letters.
 * https://docs.python.org/3/reference/lexical_analysis.html#names-identifiers-and-keywords
 *
 * @throws Refusal for anything else, and for keywords
 */
export function name(value: string): Python {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(value) || keywords.includes(value))
        throw new Refusal("allowed: a name of letters, digits and _ that does not begin with a digit");
    return written(value);
}

/** One assignment for each key. */
export const assignments = (values: { readonly [name: string]: Json }): Python =>
    linesOf(Object.entries(values).map(([key, value]) => python`${name(key)} = ${literal(value)}`));

/** Entries of a dictionary, list item or object, which Python code names: set(python`JWT_AUTH["JWT_ISSUER"]`, …). */
export const set = (target: Python, value: Json): Python => python`${target} = ${literal(value)}`;

/**
 * Lines that a user has written, as they are.
 *
 * They can only be judged by Python itself. What is refused here is what would change the meaning of the lines before
 * or after them, or what Python tells in words that are hard to relate to a configuration file.
 *
 * @throws Refusal with the number of the line
 */
export function source(lines: readonly string[]): Python {
    const all = lines.flatMap((line) => line.split(/\r\n|\r|\n/));
    for (const [index, line] of all.entries()) {
        const refuse = (allowed: string) => {
            throw new Refusal(`allowed: ${allowed} (line ${index + 1})`);
        };
        if (line.includes("\0")) refuse("any character but NUL");
        if (!isWhole(line)) refuse("any text of whole Unicode characters");
        if (/^ *\t/.test(line)) refuse("an indentation of spaces, not of tabs");
    }
    const first = all.find((line) => /^\s*[^\s#]/.test(line));
    if (first?.startsWith(" "))
        throw new Refusal(`allowed: a first statement without indentation (line ${all.indexOf(first) + 1})`);
    if (all.at(-1)?.endsWith("\\")) throw new Refusal("allowed: a last line that does not end with a backslash");
    return written(all.map((line) => `${line}\n`).join(""));
}
