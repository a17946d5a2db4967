import { languageOf, Refusal, type Text, written } from "./text";

export type Apache = Text<"apache">;

/** Configuration of Apache. */
export const apache = languageOf<"apache">();

/**
 * A regular expression in double quotes. It cannot contain any, because Apache keeps a backslash before them.
 * https://httpd.apache.org/docs/2.4/configuring.html#syntax
 *
 * @throws Refusal for a double quote, a line break, and `${`, which is expanded everywhere
 */
export function pattern(text: string): Apache {
    if (/["\r\n\0]|\$\{/.test(text)) throw new Refusal("allowed: one line without double quotes and ${");
    return written(`"${text}"`);
}
