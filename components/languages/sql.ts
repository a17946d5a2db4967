import { languageOf, Refusal, type Text, written } from "./text";

export type Sql = Text<"sql">;

export const sql = languageOf<"sql">();

const escapes: Readonly<Record<string, string>> = { "\0": "\\0", "\n": "\\n", "\r": "\\r" };

/** MariaDB and MySQL, with their default handling of backslashes. */
export const mysql = {
    /**
     * A string, on one line: the file of a server's first statements is read line by line.
     * https://mariadb.com/docs/server/reference/sql-structure/sql-language-structure/string-literals
     */
    literal: (value: string): Sql =>
        written(`'${value.replace(/[\\']/g, "\\$&").replace(/[\0\n\r]/g, (character) => escapes[character]!)}'`),

    /** A name of a database or table. https://mariadb.com/docs/server/reference/sql-structure/sql-language-structure/identifier-names */
    identifier(value: string): Sql {
        if (value === "" || /[\0\n\r]|\s$/.test(value))
            throw new Refusal("allowed: a name without line breaks and without a blank at its end");
        return written(`\`${value.replaceAll("`", "``")}\``);
    },

    /** A database in a GRANT, where the name is a pattern: an underscore would mean any letter. */
    pattern: (value: string): Sql => mysql.identifier(value.replace(/[\\_%]/g, "\\$&")),
};

/** PostgreSQL. */
export const postgres = {
    /** https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-STRINGS-ESCAPE */
    literal(value: string): Sql {
        if (value.includes("\0")) throw new Refusal("allowed: any character but NUL");
        const quoted = `'${value.replaceAll("'", "''")}'`;
        return written(value.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted);
    },
    /** https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS */
    identifier(value: string): Sql {
        if (value === "" || value.includes("\0")) throw new Refusal("allowed: a name without NUL");
        return written(`"${value.replaceAll('"', '""')}"`);
    },
};
