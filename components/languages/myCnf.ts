import { type Text, wordsOf } from "./text";

export type MyCnf = Text<"my.cnf">;

const { text, word } = wordsOf<"my.cnf">();

/** A file of settings for MariaDB, MySQL and their clients. */
export const myCnf = text;

/** A value that needs no quotes for any reader: the exporter parses the file by its own rules. */
export { word };
