import { joined, languageOf, Refusal, type Text, written } from "./text";

export type Sh = Text<"sh">;

/** A script for a POSIX shell. */
export const sh = languageOf<"sh">();

/**
 * One word with any content: everything in single quotes is literal, and a single quote ends them.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02
 *
 * @throws Refusal for NUL, which no argument can hold
 */
export function word(value: string): Sh {
    if (value.includes("\0")) throw new Refusal("allowed: any character but NUL");
    return written(/^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`);
}

/** The words of a command. */
export const words = (values: readonly string[]): Sh => joined(values.map(word), " ");
