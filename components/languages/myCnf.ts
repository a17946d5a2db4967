import { type Text, wordsOf } from "./text";

export type MyCnf = Text<"my.cnf">;

const { text, word } = wordsOf<"my.cnf">();

/** A file of settings for MariaDB, MySQL and their clients. */
export const myCnf = text;

/** A value that needs no quotes, whoever reads it: the exporter reads the file by rules of its own. */
export { word };
