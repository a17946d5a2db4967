import type { ComposeWarning, Path, Place } from "../errors";
import type { Mapping, Node } from "../node";
import { type Document, readDocuments } from "../text/documents";
import type { Unset } from "../text/template";
import { Files } from "./files";

/** Variables: of the caller, of env files, and the project's name. */
export type Environment = Readonly<Record<string, string>>;

export const lookupIn =
    (environment: Environment) =>
    (name: string): string | undefined =>
        Object.hasOwn(environment, name) ? environment[name] : undefined;

/**
 * Asked for the value of a variable that is not set.
 *
 * @param isRequired whether the project is refused without one
 * @param where of the text that names it
 */
export type Lacking = (
    name: string,
    isRequired: boolean,
    where: { readonly place: Place; readonly path: Path },
) => string | undefined;

/** What one load of a project knows and keeps. */
export class Session {
    readonly files: Files;
    readonly warnings: ComposeWarning[] = [];
    private readonly warned = new Set<string>();
    /** Models of included files, and services of extended ones: a file may be named on many ways. */
    readonly included = new Kept<Mapping>();
    readonly extended = new Kept<ExtendedFile>();

    /**
     * @param folder of the project
     * @param shownFrom to which paths in messages are relative
     * @param home what `~` stands for; undefined if it is not known
     * @param lacking gives values of variables that are not set. @default none
     */
    constructor(
        readonly folder: string,
        shownFrom: string,
        readonly home: string | undefined,
        private readonly lacking: Lacking = () => undefined,
    ) {
        this.files = new Files(shownFrom);
    }

    private readonly parsed = new Map<string, readonly Document[]>();

    /** The documents of a file, which may be asked for several times. */
    documents({ path, by, key = [] }: Named): readonly Document[] {
        const shown = this.files.shown(path);
        const text = this.files.text(path, by?.at ?? wholeFile(shown), key);
        const known = this.parsed.get(path) ?? readDocuments(text, shown);
        this.parsed.set(path, known);
        return known;
    }

    /** What takes the place of variables that are not set, in a text at this place: nothing, with a warning. */
    unset(place: Place, path: Path): Unset {
        return (name, isRequired) => {
            const given = this.lacking(name, isRequired, { place, path });
            if (given === undefined && !isRequired)
                this.warn(place, path, `the variable ${name} is not set, and is taken as empty`);
            return given;
        };
    }

    warn(place: Place, path: Path, message: string): void {
        const key = `${place.file} ${message}`;
        if (this.warned.has(key)) return;
        this.warned.add(key);
        this.warnings.push({ place, path, message });
    }
}

/** Values by the environment that they were made in, and a key. */
class Kept<T> {
    private readonly all = new Map<Environment, Map<string, T>>();
    private made = 0;

    /** How many were made. */
    get size(): number {
        return this.made;
    }

    get(environment: Environment, key: string, make: () => T): T {
        const values = this.all.get(environment) ?? new Map<string, T>();
        this.all.set(environment, values);
        const known = values.get(key);
        if (known !== undefined) return known;
        this.made++;
        const value = make();
        values.set(key, value);
        return value;
    }
}

/** Where a secret's value stands until the model is whole: the schema knows of no content of secrets. */
export const secretValue = "x-#value";

/** A file to read. */
export interface Named {
    readonly path: string;
    /** What names it; none for the caller's files. */
    readonly by?: Node;
    readonly key?: Path;
}

export interface ExtendedFile {
    readonly services: ReadonlyMap<string, Node>;
    readonly resets: readonly Path[];
}

/** What files are read with. */
export interface Context {
    readonly session: Session;
    /** To which the files' paths are relative. */
    readonly folder: string;
    readonly environment: Environment;
    /** Files on the way here, each included by the one before it. */
    readonly chain: readonly string[];
}

/** A file as a whole. */
export const wholeFile = (file: string): Place => ({ file, line: 0, column: 0 });
