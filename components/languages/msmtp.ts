import { languageOf, Refusal, type Text, written } from "./text";

export type Msmtp = Text<"msmtp">;

/** A line of msmtp's configuration. */
export const msmtp = languageOf<"msmtp">();

/**
 * An argument. Only the double quotes at its ends are special; everything between them is literal, without escapes.
 * https://marlam.de/msmtp/msmtp.html#Configuration-files
 *
 * @throws Refusal for line breaks and NUL, and for more than fits into a line of 500 bytes
 */
export function value(text: string): Msmtp {
    if (/[\0\r\n]/.test(text) || Buffer.byteLength(text) > 450)
        throw new Refusal("allowed: one line of 450 bytes at most");
    return written(/^[\w.@+-]+$/.test(text) ? text : `"${text}"`);
}
