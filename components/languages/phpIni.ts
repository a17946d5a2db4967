import { languageOf, Refusal, type Text, written } from "./text";

export type Ini = Text<"ini">;

/** Configuration of PHP: php.ini, and php-fpm's file by the same rules. */
export const ini = languageOf<"ini">();

/** Values with a special meaning when unquoted: switches, numbers, and sums of error levels. */
const meaning = /^(on|off|yes|no|true|false|none|null|-?\d+[KMG]?|~?E_[A-Z_]+(\s*[|&^]\s*~?E_[A-Z_]+)*)$/i;

/**
 * A value: special values of PHP keep their meaning, all others are exactly this text. Everything in single quotes is
 * literal; a single quote is put in double quotes.
 * https://www.php.net/manual/en/function.parse-ini-file.php
 *
 * @throws Refusal for NUL
 */
export function value(text: string): Ini {
    if (text.includes("\0")) throw new Refusal("allowed: any character but NUL");
    if (meaning.test(text)) return written(text);
    // Empty quotes are an error, except as the whole value.
    return written(text.replace(/'+|[^']+/g, (run) => (run.startsWith("'") ? `"${run}"` : `'${run}'`)) || "''");
}

/** A file of settings. */
export const iniFile = (settings: Readonly<Record<string, string>>): Ini =>
    written(
        Object.entries(settings)
            .map(([name, text]) => `${key(name)} = ${value(text)}\n`)
            .join(""),
    );

function key(name: string): string {
    if (!/^[a-z][a-z0-9_.]*$/.test(name)) throw new Refusal("allowed: the name of a setting of php.ini");
    return name;
}

const name = String.raw`[a-z][a-z0-9_.]*(?:\[[\w./-]+\])?`;
const doubleQuoted = String.raw`"(?:\\[^]|[^"\\])*"`;
const reference = String.raw`\$\w+|\$\{\w+\}`;
const comment = String.raw`;[^]*`;
const line = new RegExp(
    String.raw`^[ \t]*(?:${comment}|${name}[ \t]*=(?:[^"'$;\\{}[\]]|${doubleQuoted}|'[^']*'|${reference})*(?:${comment})?)$`,
);

/**
 * A line of the user's, unchanged: PHP must read it as complete when the line ends.
 *
 * @throws Refusal for unclosed quotes, and for special characters of PHP outside quotes
 */
export function userLine(text: string): Ini {
    // eslint-disable-next-line no-control-regex -- a line has none but tabs
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(text)) throw new Refusal("allowed: one line of text");
    if (!line.test(text))
        throw new Refusal(
            "allowed: NAME = VALUE of php-fpm's one pool, such as pm.max_requests = 500, with quotes that end, " +
                "and signs such as ' $ { [ between double quotes",
        );
    return written(text);
}
