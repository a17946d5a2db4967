import { indent, joined, languageOf, Refusal, type Text, written } from "./text";

export type Caddy = Text<"caddyfile">;

/** A line of a Caddyfile. */
export const caddy = languageOf<"caddyfile">();

/**
 * One token. Backquotes hold everything except themselves; double quotes have one escape, `\"`, and none for a backslash.
 * Braces are refused: `{$NAME}` is replaced before parsing, quoted or not, and `{name}` at each request.
 * https://caddyserver.com/docs/caddyfile/concepts#tokens-and-quotes
 *
 * @throws Refusal for braces, and for a backquote together with a backslash
 */
export function word(value: string): Caddy {
    if (/[{}\0]/.test(value)) throw new Refusal("allowed: a text without { and }");
    if (/^[\w.:/@*+%~=,-]+$/.test(value)) return written(value);
    if (!value.includes("`")) return written(`\`${value}\``);
    if (!value.includes("\\")) return written(`"${value.replaceAll('"', '\\"')}"`);
    throw new Refusal("allowed: a text without a backquote, or without a backslash");
}

export const words = (values: readonly string[]): Caddy => joined(values.map(word), " ");

/** A line, or a block: `head { … }`. */
export type Line = Caddy | Block;

export interface Block {
    /** Empty for the global options. */
    readonly head: Caddy;
    readonly body: readonly Line[];
}

export const block = (head: Caddy, ...body: (Line | false | readonly Line[])[]): Block => ({
    head,
    body: body.flatMap((line) => (line === false ? [] : (line as Line | Line[]))),
});

export function print(line: Line): Caddy {
    if (typeof line === "string") return line;
    const head = line.head.length === 0 ? caddy`{` : caddy`${line.head} {`;
    return joined([head, ...line.body.map((inner) => indent(print(inner), "\t")), caddy`}`], "\n");
}
