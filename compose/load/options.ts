import { dirname, isAbsolute, join } from "node:path";
import { allowed, refuse } from "../errors";
import type { Variable } from "../text/dotenv";
import { readEnvFile } from "./envFiles";
import { type Environment, type Lacking, lookupIn, type Named, type Session, wholeFile } from "./session";

/** What is read of a project, and from where. */
export interface LoadArgs {
    /** Where relative files are, and files with the usual names. Absolute. */
    readonly folder: string;
    /** Each is laid over those before it. @default COMPOSE_FILE, or the file with a usual name and its override */
    readonly files?: readonly string[];
    /** To which paths in the files are relative. @default the folder of the first file */
    readonly projectFolder?: string;
    /** To which paths in messages are relative; those elsewhere are shown whole. @default the same as in the files */
    readonly shownFrom?: string;
    /** Files of variables, the last one first. @default `.env` of the folder, and of the project's */
    readonly envFiles?: readonly string[];
    /** Variables that count before those of files. HOME is what `~` stands for. @default none */
    readonly env?: Environment;
    /** @default COMPOSE_PROFILES */
    readonly profiles?: readonly string[];
    /** @default COMPOSE_PROJECT_NAME, `name` of the last file that has it, or the project folder's name */
    readonly name?: string;
    /** Gives values of variables that are not set. @default they are empty with a warning, or refused if required */
    readonly lacking?: Lacking;
}

/** As `docker compose` looks for them, the first one that exists. */
const usualNames = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const usualOverrides = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/** @param read what is read before the files are known, with the variables that it brings */
export function filesOf(
    { folder, files = [] }: LoadArgs,
    environment: Environment,
    session: Session,
): readonly Named[] {
    if (files.length > 0) return files.map((file) => ({ path: within(folder, file) }));
    const lookup = lookupIn(environment);
    const named = lookup("COMPOSE_FILE");
    if (named !== undefined)
        return named.split(lookup("COMPOSE_PATH_SEPARATOR") || ":").map((file) => ({ path: within(folder, file) }));
    const find = (names: readonly string[]) =>
        names.map((name) => join(folder, name)).filter((path) => session.files.exists(path));
    const [found, ...others] = find(usualNames);
    if (!found) return refuse(wholeFile(folder), [], `has no Compose file; ${allowed(usualNames)}`);
    if (others.length > 0)
        session.warn(
            wholeFile(session.files.shown(found)),
            [],
            `is read, and ${others.map((path) => session.files.shown(path)).join(", ")} is not`,
        );
    return [found, ...find(usualOverrides).slice(0, 1)].map((path) => ({ path }));
}

export const within = (folder: string, path: string): string => (isAbsolute(path) ? path : join(folder, path));

/** The environment with the variables of env files, which count after those that are there. */
export function withEnvFiles(args: LoadArgs, folder: string, environment: Environment, session: Session): Environment {
    const standard = join(folder, ".env");
    const given = (args.envFiles ?? []).map((file) => within(args.folder, file));
    const files = given.length > 0 ? given : session.files.has(standard) ? [standard] : [];
    const variables = new Map<string, Variable>();
    for (const file of files)
        readEnvFile(
            file,
            session,
            { place: wholeFile(session.files.shown(file)), path: [] },
            lookupIn(environment),
            variables,
        );
    return { ...Object.fromEntries([...variables].map(([name, { value }]) => [name, value])), ...environment };
}

export const profilesOf = ({ profiles = [] }: LoadArgs, environment: Environment): readonly string[] =>
    profiles.length > 0
        ? profiles
        : (lookupIn(environment)("COMPOSE_PROFILES") ?? "").split(",").map((profile) => profile.trim());

export const folderOf = (file: Named): string => dirname(file.path);
