import { readFileSync } from "node:fs";
import { join } from "node:path";

declare const language: unique symbol;

/**
 * Text of a file in a language of the world outside, such as `nginx` or `sql`.
 *
 * Only the writers of this folder make it: of literal text, and of values that were quoted by the language's own rules.
 * Files are of this type, so a raw string that gets into one does not compile.
 */
export type Text<L extends string = string> = string & { readonly [language]: L };

/** What a template takes besides literal text. Of a list, each stands on a line of its own. */
export type Part<L extends string> = Text<L> | number | readonly Text<L>[];

/**
 * A value that cannot be written in a language in any way.
 *
 * The message says what is allowed and not what was given, which may be a password: who knows where it comes from names
 * it. It carries no stack trace for users.
 */
export class Refusal extends RangeError {
    // The Node language host prints errors that carry this mark without a stack trace, like its own RunError.
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

/** What a writer has made itself. */
export const written = <L extends string>(text: string): Text<L> => text as Text<L>;

export const joined = <L extends string>(texts: readonly Text<L>[], separator: string): Text<L> =>
    texts.join(separator) as Text<L>;

/** Lines of a file, each with its end. */
export const linesOf = <L extends string>(lines: readonly Text<L>[]): Text<L> =>
    lines.map((line) => `${line}\n`).join("") as Text<L>;

/** @param margin before each line that is not empty: so many spaces, or this */
export const indent = <L extends string>(text: Text<L>, margin: number | "\t"): Text<L> =>
    text.replace(/^(?=.)/gm, typeof margin === "number" ? " ".repeat(margin) : margin) as Text<L>;

/** Files of this program's own, by name, which go into the cluster as they are. */
export const constantFiles = <N extends string>(folder: string, names: readonly N[]) =>
    Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")])) as Readonly<
        Record<N, Text<"constant">>
    >;

/**
 * A file of this program's own with lines in the place of one of its own.
 *
 * @throws RangeError when it has no such line
 */
export function filled<L extends string>(file: Text<L>, line: string, lines: Text): Text<L> {
    const parts = file.split(`${line}\n`);
    if (parts.length !== 2) throw new RangeError(`the file has not exactly one line "${line}"`);
    return parts.join(lines) as Text<L>;
}

/** A file that is one value as a whole, such as a key: nothing stands beside it. */
export const wholeFile = (value: string): Text<"value"> => value as Text<"value">;

/**
 * A language in which this program writes words only: letters, digits and `_ . : / @ , + - = ~`, with no quotes, since
 * no value needs any.
 */
export function wordsOf<L extends string>() {
    return {
        text: languageOf<L>(),
        word(value: string): Text<L> {
            if (!/^[\w.:/@,+=~-]+$/.test(value))
                throw new Refusal("allowed: letters, digits and _ . : / @ , + - = ~, at least one");
            return value as Text<L>;
        },
    };
}
