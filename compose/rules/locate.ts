import { lstatSync, realpathSync } from "node:fs";
import { isAbsolute, join, sep } from "node:path";
import { type Path, refuse } from "../errors";
import { changeEach, get, kindOf, type Mapping, type Node, put, scalar, sequence, textOf } from "../node";
import { clean } from "./volumes";

/** What relative paths are relative to. */
export interface Base {
    /** Of the project or of the file that is included or extended; may be relative itself until that is known. */
    readonly folder: string;
    /** What `~` stands for; undefined if it is not known, and then it is a folder's name, as for compose-go. */
    readonly home: string | undefined;
}

/** Makes a path absolute: Compose specification, "Relative paths". */
export type Locate = (node: Node, path: Path, base: Base) => Node;

export function absolute(path: string, { folder, home }: Base): string {
    const expanded = path.startsWith("~") && home !== undefined ? join(home, path.slice(1)) : path;
    if (isAbsolute(expanded) || expanded === "") return expanded;
    return clean(join(folder, expanded));
}

/** A path of Windows means a daemon there. */
const located = (path: string, base: Base): string =>
    /^([A-Za-z]:[\\/]|\\\\)/.test(path) ? path : absolute(path, base) || clean(base.folder);

const change = (node: Node, to: (path: string) => string): Node => {
    const path = textOf(node);
    const next = path === undefined ? undefined : to(path);
    return path === undefined || next === undefined || next === path
        ? node
        : { ...scalar(next, node.at), written: path };
};

export const file: Locate = (node, path, base) => {
    if (node.kind === "sequence")
        return sequence(
            node.items.map((item, i) => file(item, [...path, i], base)),
            node.at,
        );
    if (textOf(node) === undefined) refuse(node.at, path, `is ${kindOf(node)}; allowed: a path`);
    return change(node, (text) => absolute(text, base));
};

export const hostFile: Locate = (node, _, base) => change(node, (text) => located(text, base));

/** A context may also be a URL, a repository or another service's image: Compose specification, "build", "context". */
export const context: Locate = (node, path, base) => {
    if (textOf(node) === undefined) refuse(node.at, path, `is ${kindOf(node)}; allowed: a path or URL`);
    return change(node, (text) =>
        /:\/\/|^(service:|https?:\/\/|git:\/\/|ssh:\/\/|github\.com\/|git@)/.test(text) ? text : absolute(text, base),
    );
};

export const mountSource: Locate = (node, path, base) => {
    if (node.kind !== "mapping" || textOf(get(node, "type")) !== "bind") return node;
    const from = get(node, "source");
    if (textOf(from) === undefined) refuse(node.at, path, "a mount of type bind needs a source");
    return put(node, "source", hostFile(from!, [...path, "source"], base));
};

/** A volume of the local driver with `o: bind` is a folder of the host. */
export const boundVolume: Locate = (node, path, base) => {
    const options = get(node, "driver_opts");
    if (node.kind !== "mapping" || textOf(get(node, "driver")) !== "local" || options?.kind !== "mapping") return node;
    if (textOf(get(options, "o")) !== "bind") return node;
    return put(
        node,
        "driver_opts",
        changeEach(options, (value, key) =>
            key === "device" ? hostFile(value, [...path, key], base) : value,
        ) as Mapping,
    );
};

/** The first symbolic link on the way is followed. */
export const watched: Locate = (node, path, base) =>
    change(file(node, path, base), (text) => {
        const parts = text.split(sep);
        for (let i = 1; i < parts.length; i++) {
            const way = parts.slice(0, i + 1).join(sep);
            if (!isLink(way)) continue;
            try {
                return text.replace(way, realpathSync(way));
            } catch {
                return refuse(node.at, path, `the symbolic link ${way} leads nowhere`);
            }
        }
        return text;
    });

function isLink(path: string): boolean {
    try {
        return lstatSync(path).isSymbolicLink();
    } catch {
        return false;
    }
}
