import { basename } from "node:path";
import { allowed, refuse } from "../errors";
import { get, textOf } from "../node";
import { interpolated, TemplateError } from "../text/template";
import { lookupIn, type Environment, type Named, type Session, wholeFile } from "./session";

/** Lower case, and without what no name can have: Compose specification, "name". */
export const normalizedName = (text: string): string =>
    (text.toLowerCase().match(/[a-z0-9_-]/g) ?? []).join("").replace(/^[_-]+/, "");

/**
 * The project's name: the one that is asked for, COMPOSE_PROJECT_NAME, that of the last file which has one, or that of
 * the folder, in this order.
 */
export function projectName(
    asked: string | undefined,
    files: readonly Named[],
    folder: string,
    environment: Environment,
    session: Session,
): string {
    const explicit = asked || lookupIn(environment)("COMPOSE_PROJECT_NAME");
    if (explicit) {
        if (normalizedName(explicit) !== explicit)
            refuse(
                wholeFile(asked ? "name" : "COMPOSE_PROJECT_NAME"),
                [],
                `${JSON.stringify(explicit)} is no project name; ${allowed(["lower-case letters, digits, - and _, beginning with a letter or digit"])}`,
            );
        return explicit;
    }
    const written = files
        .flatMap((file) => session.documents(file))
        .flatMap(({ root }) => get(root, "name") ?? [])
        .filter((node) => textOf(node))
        .at(-1);
    if (!written)
        return (
            normalizedName(basename(folder)) ||
            refuse(
                wholeFile("name"),
                [],
                `the folder's name ${JSON.stringify(basename(folder))} makes no project name; write "name" into the file`,
            )
        );
    try {
        const name = normalizedName(interpolated(textOf(written)!, lookupIn(environment)));
        return name || refuse(written.at, ["name"], "must have a letter or digit, once it is interpolated");
    } catch (error) {
        if (error instanceof TemplateError) return refuse(written.at, ["name"], error.message);
        throw error;
    }
}
