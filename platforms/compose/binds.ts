import { existsSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import type { LoadedProject, Path } from "../../compose";
import { contentHash, objectName } from "../../components/names";
import type { ComposeConfig } from "./config";
import type { Extensions } from "./extensions";
import { type Found, mostBytes, type ProjectFile, readFiles } from "./files";
import { serviceLabel } from "./names";
import type { Notes } from "./notes";

/** What becomes of a bind mount. */
export type BindUse =
    | {
          readonly kind: "files";
          readonly source: string;
          readonly isFile: boolean;
          readonly files: readonly ProjectFile[];
      }
    /** A folder of data, which becomes a volume, the same for every service that mounts it. */
    | { readonly kind: "volume"; readonly name: string }
    | { readonly kind: "host"; readonly path: string }
    | { readonly kind: "none" };

/** By service and index of the mount. */
export type Binds = Readonly<Record<string, Readonly<Record<number, BindUse>>>>;

const dockerSocket = /\/docker\.sock$/;
/** What containers mount to have the node's time: a pod's is UTC. */
const clock = /^\/etc\/(localtime|timezone)$/;

export function readBinds(loaded: LoadedProject, extensions: Extensions, settings: ComposeConfig, notes: Notes): Binds {
    const root = rootOf(loaded.folder);
    const found = new Map<string, Found>();
    const names = new Map<string, string>();
    const find = (source: string): Found => {
        const known = found.get(source) ?? readFiles(source);
        found.set(source, known);
        return known;
    };
    /**
     * From the path as it is shown, which is the same wherever the project lies: a claim keeps its name in another
     * checkout. Names of different folders that would be written alike get a digest.
     */
    const nameOf = (shown: string): string => {
        const label = serviceLabel(shown.replace(/(^|\/)\.\.(?=\/|$)/g, "") || "project");
        const taken = Object.keys(loaded.project.volumes ?? {}).some((volume) => serviceLabel(volume) === label);
        const name =
            taken || (names.get(label) ?? shown) !== shown ? objectName(label, contentHash(shown).slice(0, 6)) : label;
        names.set(label, names.get(label) ?? shown);
        return name;
    };
    return Object.fromEntries(
        Object.entries(loaded.project.services).map(([service, { volumes = [] }]) => [
            service,
            Object.fromEntries(
                volumes.flatMap(({ type, source = "", target = "", bind }, index): [number, BindUse][] => {
                    if (type !== "bind") return [];
                    const path = ["services", service, "volumes", index];
                    if (bind?.create_host_path === false && !existsSync(source))
                        notes.refuse(path, `${source} does not exist, and create_host_path is false; create it`);
                    return [[index, use(service, source, target, path)]];
                }),
            ),
        ]),
    );

    function use(service: string, source: string, target: string, path: Path): BindUse {
        const none = { kind: "none" } as const;
        const allowed = settings.allow[service] ?? [];
        const within = relative(loaded.folder, source);
        const shown = loaded.sources.isRelative(notes.writtenAt([...path, "source"])) ? within : source;
        const spellings = [source, within, `./${within}`];
        const wanted = [settings.binds, extensions.services[service]!.binds]
            .flatMap((binds) => spellings.map((spelling) => binds[spelling]))
            .find((use) => use !== undefined);
        if (wanted === "none") return none;
        if (allowed.includes(source) || (dockerSocket.test(source) && allowed.includes("docker.sock")))
            return { kind: "host", path: source };
        if (dockerSocket.test(source)) {
            notes.refuse(
                path,
                `mounts Docker's socket, with which a container has all rights over its node, and nodes of clusters rarely have one; leave it out: binds: {"${source}": none}; or allow it: allow.${service}: [docker.sock]`,
            );
            return none;
        }
        const isOwn = source === root || source.startsWith(root.endsWith(sep) ? root : root + sep);
        if (!isOwn && wanted === undefined) {
            if (clock.test(source)) notes.warn(path, `is left out: a pod's clock is UTC; set the variable TZ instead`);
            else
                notes.refuse(
                    path,
                    `mounts ${shown} of the machine, which is not in the project: nodes of a cluster have other files; allow it by its path: allow.${service}: ["${source}"], or say what it is: binds: {"${shown}": volume}`,
                );
            return none;
        }
        const content = wanted === "volume" ? ({ kind: "nothing" } as const) : find(source);
        switch (content.kind) {
            case "file":
                return { kind: "files", source, isFile: true, files: content.files };
            case "folder":
                return { kind: "files", source, isFile: false, files: content.files };
            case "special":
                notes.refuse(path, `${shown} is neither a file nor a folder; allowed: these`);
                return none;
            case "large":
                if (!content.isFolder || wanted === "files") {
                    notes.refuse(
                        path,
                        `${shown} has more than ${mostBytes / 1024} KiB, or very many files: a ConfigMap cannot hold it; put it into the image, or into a volume`,
                    );
                    return none;
                }
                notes.warn(
                    path,
                    `${shown} is too large for a ConfigMap, so ${target} is an empty volume; fill it with ./plinth data load`,
                );
                return { kind: "volume", name: nameOf(shown) };
            case "nothing":
                if (wanted === "files" || (!existsSync(source) && looksLikeFile(source)))
                    notes.warn(
                        path,
                        `${shown} does not exist: it is an empty volume, as Docker would make a folder of it`,
                    );
                return { kind: "volume", name: nameOf(shown) };
        }
    }
}

const looksLikeFile = (path: string): boolean =>
    /[^/]\.(conf|cnf|cfg|ini|ya?ml|json|toml|xml|sh|sql|env|pem|crt|key|properties|config)$/.test(path);

/** The folder that a project is kept in with all that it names: its repository, or its own folder. */
function rootOf(folder: string): string {
    for (let above = folder; ; above = dirname(above)) {
        if (existsSync(join(above, ".git"))) return above;
        // What is beside the folder belongs to it, too: `../certs`.
        if (dirname(above) === above) return folder.split(sep).length > 3 ? dirname(folder) : folder;
    }
}
