import { languageOf, type Text, written } from "./text";

export type Php = Text<"php">;

export const php = languageOf<"php">();

/**
 * A string between single quotes, in which nothing is replaced.
 * https://www.php.net/manual/en/language.types.string.php#language.types.string.syntax.single
 */
export const literal = (value: string): Php => written(`'${value.replace(/[\\']/g, "\\$&")}'`);
