import { refuse, type Path, type Place } from "../errors";
import { DotenvError, readDotenv, type Variable } from "../text/dotenv";
import type { Lookup } from "../text/template";
import type { Session } from "./session";

/** What names an env file. */
export interface Naming {
    readonly place: Place;
    readonly path: Path;
}

/**
 * Adds the variables of an env file.
 *
 * @param lookup for interpolation and for names without value
 * @param format `raw` takes values as they are. @default that of the specification
 * @throws ComposeError with the line of the env file
 */
export function readEnvFile(
    file: string,
    session: Session,
    naming: Naming,
    lookup: Lookup,
    variables: Map<string, Variable>,
    format = "",
): void {
    const text = session.files.text(file, naming.place, naming.path);
    const shown = session.files.shown(file);
    const place = (line: number): Place => ({ file: shown, line, column: 1 });
    try {
        if (format === "raw") readRaw(text, lookup, variables);
        else readDotenv(text, lookup, variables, session.unset(place(0), []));
    } catch (error) {
        if (error instanceof DotenvError) refuse(place(error.line), [], error.message);
        throw error;
    }
}

/** `KEY=VALUE` by line, without quotes, comments behind values and interpolation. */
function readRaw(text: string, lookup: Lookup, variables: Map<string, Variable>): void {
    for (const [i, whole] of text
        .replace(/^\ufeff/, "")
        .split(/\r?\n/)
        .entries()) {
        const written = whole.replace(/^[ \t]+/, "");
        if (written === "" || written.startsWith("#")) continue;
        const at = written.indexOf("=");
        const name = at < 0 ? written : written.slice(0, at);
        if (/^$|[ \t]/.test(name)) throw new DotenvError(i + 1, "a name must stand before =, without blanks");
        const value = at < 0 ? lookup(name) : written.slice(at + 1);
        if (value !== undefined) variables.set(name, { value, line: i + 1 });
    }
}
