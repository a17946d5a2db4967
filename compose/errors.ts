import { ConfigError } from "../config/problems";

/** Where something is written. Lines and columns begin at 1; 0 where a file as a whole is meant. */
export interface Place {
    /** As messages show it: relative to the folder that they are shown from where it lies below that. */
    readonly file: string;
    readonly line: number;
    readonly column: number;
}

/** Keys and list indices from the top of a model. */
export type Path = readonly (string | number)[];

/** One reason why a project cannot be read. */
export interface ComposeProblem {
    readonly place: Place;
    /** Of the value that is meant; empty for a file as a whole. */
    readonly path: Path;
    /** What is wrong and what is allowed. */
    readonly message: string;
}

/** Something that is read, but perhaps not as its writer thinks. */
export type ComposeWarning = ComposeProblem;

/** What a Compose project has that cannot be read: all that was found in one step, with file, line, column and key. */
export class ComposeError extends ConfigError {
    constructor(readonly found: readonly ComposeProblem[]) {
        super(
            found.map(({ place, path, message }) => ({
                path: placeText(place),
                message: path.length > 0 ? `${pathText(path)}: ${message}` : message,
            })),
        );
        this.name = "ComposeError";
    }
}

/** @throws ComposeError with this one problem */
export function refuse(place: Place, path: Path, message: string): never {
    throw new ComposeError([{ place, path, message }]);
}

/** `compose.yaml:12:5`, as editors and terminals understand it. */
export const placeText = ({ file, line, column }: Place): string => (line > 0 ? `${file}:${line}:${column}` : file);

/** `services.web.ports[0]` */
export const pathText = (path: Path): string =>
    path.reduce<string>(
        (text, part) => (typeof part === "number" ? `${text}[${part}]` : text === "" ? part : `${text}.${part}`),
        "",
    );

/** `allowed: a, b, c` */
export const allowed = (values: readonly string[]): string => `allowed: ${values.join(", ")}`;
