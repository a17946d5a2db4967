import { readFileSync } from "node:fs";
import { join } from "node:path";

declare const language: unique symbol;

/**
 * Text of a file in another language, such as `nginx` or `sql`.
 *
 * Only the writers in this folder create it, from literal text and from values quoted by the language's rules. Files
 * have this type, so using a raw string in one does not compile.
 */
export type Text<L extends string = string> = string & { readonly [language]: L };

/** Values that a template accepts. Items of a list are put on separate lines. */
export type Part<L extends string> = Text<L> | number | readonly Text<L>[];

/**
 * A value that cannot be represented in a language.
 *
 * The message states what is allowed, but not the value, which may be a password; the caller adds its origin. Users see
 * no stack trace.
 */
export class Refusal extends RangeError {
    // The Node language host prints errors with this mark without a stack trace, like its own RunError.
    readonly __pulumiRunError = true;

    /** @param allowed begins with `allowed: ` */
    constructor(allowed: string) {
        super(allowed);
        this.name = "Refusal";
    }
}

/** The tag of a language's templates: sql`DROP USER ${literal(name)};` */
export const languageOf =
    <L extends string>() =>
    (literals: TemplateStringsArray, ...parts: readonly Part<L>[]): Text<L> =>
        String.raw(
            { raw: literals },
            ...parts.map((part) => (part instanceof Array ? part.join("\n") : part)),
        ) as Text<L>;

/** Text created by a writer itself. */
export const written = <L extends string>(text: string): Text<L> => text as Text<L>;

export const joined = <L extends string>(texts: readonly Text<L>[], separator: string): Text<L> =>
    texts.join(separator) as Text<L>;

/** Lines of a file, each with a line break. */
export const linesOf = <L extends string>(lines: readonly Text<L>[]): Text<L> =>
    lines.map((line) => `${line}\n`).join("") as Text<L>;

/** @param margin number of spaces, or text, before each line that is not empty */
export const indent = <L extends string>(text: Text<L>, margin: number | "\t"): Text<L> =>
    text.replace(/^(?=.)/gm, typeof margin === "number" ? " ".repeat(margin) : margin) as Text<L>;

/** Plinth's own files by name, which are deployed unchanged. */
export const constantFiles = <N extends string>(folder: string, names: readonly N[]) =>
    Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")])) as Readonly<
        Record<N, Text<"constant">>
    >;

/**
 * One of Plinth's own files with one line replaced by others.
 *
 * @throws RangeError if it does not contain the line exactly once
 */
export function filled<L extends string>(file: Text<L>, line: string, lines: Text): Text<L> {
    const parts = file.split(`${line}\n`);
    if (parts.length !== 2) throw new RangeError(`the file has not exactly one line "${line}"`);
    return parts.join(lines) as Text<L>;
}

/** Whether a text is of whole characters, and so can be sent in UTF-8. */
export const isWhole = (value: string): boolean => !/\p{Surrogate}/u.test(value);

/** A file that consists of a single value, such as a key. */
export const wholeFile = (value: string): Text<"value"> => value as Text<"value">;

/** Whether a value needs no quotes in a file of settings or a script. */
export const isWord = (value: string): boolean => /^[\w.:/@,+=~-]+$/.test(value);

/**
 * A language in which Plinth only writes words of letters, digits and `_ . : / @ , + - = ~`, which need no quotes.
 */
export function wordsOf<L extends string>() {
    return {
        text: languageOf<L>(),
        word(value: string): Text<L> {
            if (!isWord(value)) throw new Refusal("allowed: letters, digits and _ . : / @ , + - = ~, at least one");
            return value as Text<L>;
        },
    };
}
