import { languageOf, Refusal, type Text, written } from "./text";

export type MyCnf = Text<"my.cnf">;

/** A file of settings for MariaDB, MySQL and their clients. */
export const myCnf = languageOf<"my.cnf">();

const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b" };

/**
 * A value between quotes, where a `#` begins no comment.
 * https://mariadb.com/docs/server/server-management/install-and-upgrade-mariadb/configuring-mariadb/configuring-mariadb-with-option-files
 *
 * @throws Refusal for NUL, and for more than the readers' line of 4096 bytes takes
 */
export function value(text: string): MyCnf {
    const quoted = `"${text.replace(/[\\"']/g, "\\$&").replace(/[\n\r\t\x08]/g, (sign) => escapes[sign]!)}"`;
    if (text.includes("\0") || Buffer.byteLength(quoted) > 3900)
        throw new Refusal("allowed: at most 3900 bytes, and no NUL");
    return written(quoted);
}
