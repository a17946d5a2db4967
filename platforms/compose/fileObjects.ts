import type { FileObject, LoadedProject, Path } from "../../compose";
import { existsSync } from "node:fs";
import type { Binds } from "./binds";
import { mostBytes, type ProjectFile, readFiles } from "./files";
import type { Notes } from "./notes";
import type { Parts, SecretPlan } from "./secrets";
import type { PeerTexts, Reference } from "./texts";

/** One file in a ConfigMap or Secret. */
export interface FileText {
    /** Key in the object. */
    readonly key: string;
    /** Below the mount. */
    readonly path: string;
    /** Undefined for bytes that are no text, and for a secret that has a key of its own. */
    readonly parts?: Parts;
    readonly secret?: string;
    readonly bytes?: Buffer;
    readonly isExecutable: boolean;
}

/** Files that are mounted together. */
export interface FileSet {
    readonly isSecret: boolean;
    readonly isFile: boolean;
    readonly files: readonly FileText[];
}

export interface FileTexts {
    /** Of bind mounts, by their source. */
    readonly binds: Readonly<Record<string, FileSet>>;
    readonly configs: Readonly<Record<string, FileSet>>;
    readonly secrets: Readonly<Record<string, FileSet>>;
    /** Peers that files name, by the service that mounts them. */
    readonly references: Readonly<Record<string, readonly Reference[]>>;
}

export function readFileTexts(
    loaded: LoadedProject,
    binds: Binds,
    secrets: SecretPlan,
    peers: PeerTexts,
    notes: Notes,
): FileTexts {
    const references: Record<string, Reference[]> = {};
    /** Text with the names that one of the services that mount it sees. */
    const written = (users: readonly string[], text: string): string => {
        for (const user of users) (references[user] ??= []).push(...peers.references(user, text, false));
        return users[0] === undefined ? text : peers.rewritten(users[0], text, false);
    };
    const setOf = (name: string, users: readonly string[], files: readonly ProjectFile[], isFile: boolean): FileSet => {
        const texts = files.map((file): FileText => {
            const key = keyOf(file.path === "" ? "file" : file.path);
            const common = { key, path: file.path, isExecutable: file.isExecutable };
            if (file.text === undefined) return { ...common, bytes: file.bytes };
            const text = written(users, file.text);
            if (secrets.isSettings(text)) {
                const secret = `file_${name}_${file.path}`.replace(/[^A-Za-z0-9_]+/g, "_").replace(/_$/, "");
                return {
                    ...common,
                    secret: secrets.add(
                        secret,
                        text,
                        `File ${name}${file.path && `/${file.path}`} of the Compose project`,
                    ),
                };
            }
            return { ...common, parts: secrets.partsOf(text) };
        });
        const isSecret = texts.some(({ parts }) => !parts || parts.some((part) => typeof part === "object"));
        return { isSecret, isFile, files: texts };
    };
    const bySource = new Map<string, { users: string[]; files: readonly ProjectFile[]; isFile: boolean }>();
    for (const [service, all] of Object.entries(binds))
        for (const use of Object.values(all)) {
            if (use.kind !== "files") continue;
            const known = bySource.get(use.source) ?? { users: [], files: use.files, isFile: use.isFile };
            known.users.push(service);
            bySource.set(use.source, known);
        }
    const usersOf = (kind: "configs" | "secrets", name: string): string[] =>
        Object.entries(loaded.project.services).flatMap(([service, one]) =>
            (one[kind] ?? []).some(({ source }) => source === name) ? [service] : [],
        );
    const topLevel = (kind: "configs" | "secrets"): Record<string, FileSet> =>
        Object.fromEntries(
            Object.entries(loaded.project[kind] ?? {}).flatMap(([name, object]) => {
                const users = usersOf(kind, name);
                const file = users.length > 0 ? contentOf(kind, name, object, loaded, notes) : undefined;
                if (!file) return [];
                const set = setOf(name, users, [file], true);
                if (kind === "configs") return [[name, set]];
                const key = name.replace(/[^A-Za-z0-9_]/g, "_");
                if (file.text === undefined) return [[name, { ...set, isSecret: true }]];
                const secret = secrets.add(key, file.text, `Secret ${name} of the Compose project`);
                return [
                    [
                        name,
                        {
                            isFile: true,
                            isSecret: true,
                            files: [{ key: "file", path: "", secret, isExecutable: false }],
                        },
                    ],
                ];
            }),
        );
    const name = (source: string) => source.slice(loaded.folder.length + 1) || "project";
    return {
        binds: Object.fromEntries(
            [...bySource].map(([source, { users, files, isFile }]) => [
                source,
                setOf(name(source), users, files, isFile),
            ]),
        ),
        configs: topLevel("configs"),
        secrets: topLevel("secrets"),
        references,
    };
}

/** Keys of ConfigMaps have no slash. */
const keyOf = (path: string): string =>
    path.replace(/[^-._a-zA-Z0-9]/g, (character) => (character === "/" ? "__" : "_"));

function contentOf(
    kind: "configs" | "secrets",
    name: string,
    { file, environment, content, external }: FileObject,
    loaded: LoadedProject,
    notes: Notes,
): ProjectFile | undefined {
    const path: Path = [kind, name];
    const textFile = (text: string): ProjectFile => ({ path: "", text, bytes: Buffer.from(text), isExecutable: false });
    if (content !== undefined) return textFile(content);
    if (environment !== undefined) {
        const value = loaded.environment[environment];
        if (value !== undefined) return textFile(value);
        notes.refuse(
            [...path, "environment"],
            `the variable ${environment} is not set; set it in an env file, in variables, or in plinth:secrets`,
        );
        return undefined;
    }
    if (file !== undefined) {
        if (!existsSync(file)) {
            notes.refuse([...path, "file"], `${file} does not exist; create it, as the project's instructions say`);
            return undefined;
        }
        const found = readFiles(file);
        if (found.kind === "file") return found.files[0];
        notes.refuse([...path, "file"], `${file} is no file of at most ${mostBytes / 1024} KiB; allowed: such a file`);
        return undefined;
    }
    notes.refuse(
        path,
        external
            ? "is external: Docker's own store is not in the cluster; allowed: file, environment, content"
            : "has no content; allowed: file, environment, content",
    );
    return undefined;
}
