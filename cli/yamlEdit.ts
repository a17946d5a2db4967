import { readFileSync, realpathSync, renameSync, statSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { isMap, isScalar, LineCounter, type Pair, parse, parseDocument, type YAMLMap } from "yaml";
import { UserError } from "./errors";

/** A value to write, and the keys that lead to it. */
export interface Setting {
    readonly path: readonly string[];
    readonly value: string;
}

/**
 * Writes values into a YAML file, whole or not at all. Every other character of it stays: printing the parsed document
 * again would change quotes, spaces and line breaks elsewhere.
 *
 * @throws UserError when the file cannot be edited without a guess; it is then untouched
 */
export function writeSettings(path: string, settings: readonly Setting[]): void {
    // Through a link: it stays one.
    const target = realpathSync(path);
    const text = settings.reduce(withSetting, readFileSync(target, "utf8"));
    const next = `${target}.next`;
    writeFileSync(next, text, { mode: statSync(target).mode });
    renameSync(next, target);
}

/**
 * A YAML text with one value set: it is replaced, or a line or an entry added with the maps that lead to it.
 *
 * @throws UserError when that cannot be done without a guess
 */
export function withSetting(text: string, { path, value }: Setting): string {
    const edited = edit(text, path, value);
    if (edited === undefined || !isDeepStrictEqual(parse(edited), wanted(text, path, value)))
        throw new UserError(
            `Nothing was changed: the place of ${path.join(".")} is written in an unusual way; set it to "${value}" by hand`,
        );
    return edited;
}

function edit(text: string, path: readonly string[], value: string): string | undefined {
    const lines = new LineCounter();
    let node: unknown = parseDocument(text, { lineCounter: lines }).contents;
    for (const [depth, key] of path.entries()) {
        if (!isMap(node)) return undefined;
        const pair = pairOf(node, key);
        if (!pair) return add(text, node, path.slice(depth), value, (offset) => lines.linePos(offset).col - 1);
        node = pair.value;
    }
    if (!isScalar(node) || !node.range) return undefined;
    const [from, to] = node.range;
    // A key without a value: its place is right behind the colon.
    return text.slice(0, from) + (from === to ? ` ${value}` : value) + text.slice(to);
}

const pairOf = (map: YAMLMap, key: string): Pair | undefined =>
    map.items.find((item) => isScalar(item.key) && String(item.key.value) === key);

/** Adds an entry at the end of a map that has none of that name. */
function add(
    text: string,
    map: YAMLMap,
    path: readonly string[],
    value: string,
    column: (offset: number) => number,
): string | undefined {
    const insert = (at: number, added: string) => text.slice(0, at) + added + text.slice(at);
    if (map.flow) {
        const entry = path.reduceRight(
            (inner, key, index) => `${key}: ${index < path.length - 1 ? `{${inner}}` : inner}`,
            value,
        );
        const end = lastMark(text, map.range![1] - 1);
        return map.items.length === 0 ? insert(end, entry) : insert(end, `, ${entry}`);
    }
    const first = map.items[0];
    const last = map.items.at(-1);
    if (!isScalar(first?.key) || !first.key.range || !last) return undefined;
    const indent = column(first.key.range[0]);
    const step = /^( +)\S/m.exec(text)?.[1]?.length ?? 4;
    const newLine = text.includes("\r\n") ? "\r\n" : "\n";
    const added = path.map(
        (key, depth) =>
            `${" ".repeat(indent + depth * step)}${key}:${depth === path.length - 1 ? ` ${value}` : ""}${newLine}`,
    );
    const range = ((last.value ?? last.key) as { readonly range?: readonly number[] | null }).range;
    if (!range) return undefined;
    // Behind the last line that says something, and the comment on it.
    const end = text.indexOf("\n", lastMark(text, range[1]!));
    return end < 0 ? text + newLine + added.join("") : insert(end + 1, added.join(""));
}

/** The place behind the last character before an offset that is no space. */
const lastMark = (text: string, offset: number): number => text.slice(0, offset).trimEnd().length;

function wanted(text: string, path: readonly string[], value: string): unknown {
    const document = (parse(text) ?? {}) as Record<string, unknown>;
    setIn(document, path, value);
    return document;
}

function setIn(object: Record<string, unknown>, [key, ...rest]: readonly string[], value: string): void {
    if (rest.length === 0) object[key!] = value;
    else setIn((object[key!] ??= {}) as Record<string, unknown>, rest, value);
}
