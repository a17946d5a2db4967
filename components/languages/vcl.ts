import { languageOf, Refusal, type Text, written } from "./text";

export type Vcl = Text<"vcl">;

export const vcl = languageOf<"vcl">();

/**
 * A string. A short one has no escapes and is limited to one line; a long one holds everything except its own end.
 * https://varnish-cache.org/docs/trunk/reference/vcl.html#strings
 *
 * @throws Refusal for NUL, and for a text that contains both ends of long strings
 */
export function literal(value: string): Vcl {
    if (value.includes("\0")) throw new Refusal("allowed: any character but NUL");
    if (!/["\r\n]/.test(value)) return written(`"${value}"`);
    if (!value.includes('"}')) return written(`{"${value}"}`);
    if (!/"""|"$/.test(value)) return written(`"""${value}"""`);
    throw new Refusal(`allowed: a text without "} or without """`);
}

/** A comment that ends with its line. */
export const comment = (value: string): Vcl => written(`# ${value.replace(/[^\x20-\x7e]/g, "")}`);
