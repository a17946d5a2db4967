import { interpolated, type Lookup, TemplateError, type Unset } from "./template";

/** A file of variables that cannot be read. */
export class DotenvError extends Error {
    constructor(
        readonly line: number,
        message: string,
    ) {
        super(message);
    }
}

export interface Variable {
    readonly value: string;
    /** Begins at 1. */
    readonly line: number;
}

/** White space, and the same within a line. */
const space = "\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const blank = "\\t\\v\\f\\r \\u0085\\u00a0";
const trailing = new RegExp(`[${space}]+$`);

/**
 * Reads the text of an env file: Compose specification, 5 "env_file".
 *
 * @param lookup for values and for names without value; what the file itself has set before comes after it
 * @param variables to which the file's are added
 * @param unset told of variables without value and default
 * @throws DotenvError
 */
export function readDotenv(text: string, lookup: Lookup, variables: Map<string, Variable>, unset?: Unset): void {
    const source = new Source(text.replace(/^\ufeff/, ""));
    const find: Lookup = (name) => lookup(name) ?? variables.get(name)?.value;
    while (source.toStatement()) {
        const { line } = source;
        const key = source.key();
        if (key.inherited) {
            const value = lookup(key.name);
            if (value !== undefined) variables.set(key.name, { value, line });
            continue;
        }
        const { value, literal } = source.value();
        try {
            variables.set(key.name, { value: literal ? value : interpolated(value, find, unset), line });
        } catch (error) {
            if (error instanceof TemplateError) throw new DotenvError(line, error.message);
            throw error;
        }
    }
}

/** A text that is read from its beginning to its end. */
class Source {
    private at = 0;
    private counted = { at: 0, line: 1 };

    constructor(private readonly text: string) {}

    /** Of what is read next. */
    get line(): number {
        const lines = this.text.slice(this.counted.at, this.at).split("\n").length - 1;
        this.counted = { at: this.at, line: this.counted.line + lines };
        return this.counted.line;
    }

    private skip(pattern: RegExp): string {
        const sticky = new RegExp(pattern.source, `${pattern.flags.replace("y", "")}y`);
        sticky.lastIndex = this.at;
        const found = sticky.exec(this.text)?.[0] ?? "";
        this.at += found.length;
        return found;
    }

    /** @returns whether there is another one */
    toStatement(): boolean {
        this.skip(new RegExp(`(?:[${space}]+|#[^\n]*)*`));
        return this.at < this.text.length;
    }

    /** A name, and whether its value comes from outside, which is so without `=` or `:`. */
    key(): { name: string; inherited: boolean } {
        const { line } = this;
        this.skip(new RegExp(`(?:export(?=[\\t\\n\\f\\r ])[${blank}]*)?`));
        if (this.at >= this.text.length) throw new DotenvError(line, "a name must follow `export`");
        const from = this.at;
        const written = this.skip(new RegExp(`[${blank}_.\\-[\\]\\p{L}\\p{N}]*`, "u"));
        const end = this.text[this.at];
        if (end === undefined) {
            // A last line without `=` and without line break is the value of a variable without name.
            this.at = from;
            this.skip(new RegExp(`[${blank}]*`));
            return { name: "", inherited: false };
        }
        if (!/[=:\n]/.test(end))
            throw new DotenvError(line, "a name may have letters, digits and _ . - [ ], followed by = or :");
        this.at += 1;
        this.skip(new RegExp(`[${blank}]*`));
        const name = written.replace(trailing, "");
        if (name.includes(" ")) throw new DotenvError(line, "a name may not have a space in it");
        return { name, inherited: end === "\n" };
    }

    value(): { value: string; literal: boolean } {
        const quote = this.text[this.at];
        if (quote === '"' || quote === "'") {
            const value = this.quoted(quote);
            return { value: quote === '"' ? unescaped(value) : value, literal: quote === "'" };
        }
        const value = this.skip(/[^\n]*/);
        this.skip(/\n?/);
        return { value: value.split(" #", 1)[0]!.replace(trailing, ""), literal: false };
    }

    /** The text between two quotes; only a quote itself loses its backslash here. */
    private quoted(quote: string): string {
        const { line } = this;
        this.at += 1;
        const value = this.skip(new RegExp(`(?:[^\\\\${quote}]+|\\\\[^])*`));
        if (this.text[this.at] !== quote) throw new DotenvError(line, "the closing quote is missing");
        this.at += 1;
        // In pairs, so that an escaped backslash escapes nothing.
        return value.replace(/\\([^])/g, (found, next: string) => (next === quote ? quote : found));
    }
}

const escapes: Readonly<Record<string, string>> = {
    a: "\u0007",
    b: "\b",
    f: "\f",
    n: "\n",
    r: "\r",
    t: "\t",
    v: "\v",
    $: "$$",
    '"': '"',
    "\\": "\\",
};

/** Escape sequences of double quotes; `\0123` is octal. Others stay. */
const unescaped = (text: string): string =>
    text.replace(/\\(?:([abcfnrtv$"\\])|0(\d{0,3}))/g, (found: string, letter?: string, digits?: string) => {
        if (letter !== undefined) return escapes[letter] ?? found;
        const code = /^[0-7]{3}$/.test(digits!) ? parseInt(digits!, 8) : 256;
        return code < 256 ? String.fromCharCode(code) : `\\${digits!}`;
    });
