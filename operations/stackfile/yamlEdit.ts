import { readFileSync, realpathSync, renameSync, statSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { isCollection, isMap, isPair, isScalar, parseDocument, type Pair, stringify, type YAMLMap } from "yaml";
import { ConfigError } from "../../config/problems";
import { readYaml } from "../../config/yaml";
import { UserError } from "../system/errors";

/** A change of one key. */
export interface Edit {
    /** Path of keys to it. Missing maps on the path are added. */
    readonly path: readonly string[];
    /** A scalar, a list or a map; undefined removes the key. An existing map is not replaced. */
    readonly value: unknown;
}

/**
 * Changes a YAML file atomically. Every other character stays the same: printing the parsed document would change
 * quotes, spaces and line breaks elsewhere.
 *
 * @returns the changed lines in the format of `diff`; empty if the file already contains them
 * @throws UserError if the file cannot be edited unambiguously; it is then unchanged
 */
export function writeEdits(path: string, edits: readonly Edit[]): string[] {
    // Links are followed and remain links.
    const target = realpathSync(path);
    const { text, diff } = withEdits(readFileSync(target, "utf8"), edits);
    const next = `${target}.next`;
    writeFileSync(next, text, { mode: statSync(target).mode });
    renameSync(next, target);
    return diff;
}

/** A text after changes of its keys, and the changed lines, without writing anything. */
export function withEdits(text: string, edits: readonly Edit[]): { text: string; diff: string[] } {
    const diff: string[] = [];
    let current = text;
    for (const edit of edits) {
        const edited = withEdit(current, edit);
        diff.push(...differing(current, edited));
        current = edited;
    }
    return { text: current, diff };
}

/**
 * A YAML text with one key set or removed. An existing value is replaced; otherwise a line or an entry is added, with
 * the maps on its path. A key is removed together with the comments directly above it, on its lines, and below it if
 * indented deeper.
 *
 * @throws UserError if that cannot be done unambiguously
 */
export function withEdit(text: string, { path, value }: Edit): string {
    try {
        const goal = wanted(read(text), path, value);
        if (isDeepStrictEqual(read(text), goal)) return text;
        const edited = value === undefined ? remove(text, path) : set(text, path, value);
        if (edited !== undefined && isDeepStrictEqual(read(edited), goal)) return edited;
    } catch (error) {
        // Neither an edit that breaks the text nor a text that is not valid YAML is accepted.
        if (!(error instanceof ConfigError)) throw error;
    }
    const remedy = value === undefined ? "remove it by hand" : `set it to ${flow(value)} by hand`;
    throw new UserError(`Nothing was changed: the place of ${path.join(".")} is written in an unusual way; ${remedy}`);
}

/** A single change is in one place: between the lines that both texts have in common at the start and at the end. */
function differing(before: string, after: string): string[] {
    if (before === after) return [];
    const [old, now] = [before, after].map((text) => text.split(/\r?\n/)) as [string[], string[]];
    const shortest = Math.min(old.length, now.length);
    let head = 0;
    while (head < shortest && old[head] === now[head]) head++;
    let tail = 0;
    while (tail < shortest - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;
    const between = (lines: readonly string[], sign: string) =>
        lines.slice(head, lines.length - tail).map((line) => sign + line);
    // If the last line had no line break, there is an empty line now.
    return [...between(old, "-"), ...between(now, "+")].filter((line) => line !== "+" && line !== "-");
}

const pairOf = (map: YAMLMap, key: string): Pair | undefined =>
    map.items.find((item) => isScalar(item.key) && String(item.key.value) === key);

type Range = readonly [start: number, valueEnd: number, nodeEnd: number];

const rangeOf = (node: unknown): Range | undefined =>
    (node as { readonly range?: Range | null } | null | undefined)?.range ?? undefined;

/** Where a node ends. The range of a block map itself would include the comments of the next key. */
function endOf(node: unknown): number | undefined {
    if (!isCollection(node) || node.flow || node.items.length === 0) return rangeOf(node)?.[1];
    const last: unknown = node.items.at(-1);
    return isPair(last) ? endOf(last.value ?? last.key) : endOf(last);
}

function set(text: string, path: readonly string[], value: unknown): string | undefined {
    let node: unknown = parseDocument(text).contents;
    for (const [depth, key] of path.entries()) {
        if (!isMap(node)) return undefined;
        const pair = pairOf(node, key);
        if (!pair) return add(text, node, path.slice(depth), value);
        const rest = path.slice(depth + 1);
        // A key without a value counts as an empty map if a map is needed.
        if (rest.length > 0 && isEmpty(pair.value))
            return node.flow ? fill(text, pair.value, nested(rest, value)) : addBelow(text, pair, rest, value);
        node = pair.value;
    }
    return fill(text, node, value);
}

/** Replaces a scalar by a value, or inserts the value after the colon if there is no scalar. */
function fill(text: string, node: unknown, value: unknown): string | undefined {
    const range = rangeOf(node);
    if (!isScalar(node) || !range) return undefined;
    const [from, to] = range;
    return replace(text, from, to, (text[from - 1] === ":" ? " " : "") + flow(value));
}

const isEmpty = (node: unknown): boolean =>
    node === null || (isScalar(node) && rangeOf(node)?.[0] === rangeOf(node)?.[1]);

const replace = (text: string, from: number, to: number, by: string): string =>
    text.slice(0, from) + by + text.slice(to);

/** Adds an entry at the end of a map that does not have the key yet. */
function add(text: string, map: YAMLMap, path: readonly string[], value: unknown): string | undefined {
    if (map.flow) {
        const end = lastMark(text, map.range![1] - 1);
        const entry = flow(nested(path, value)).slice(1, -1);
        const separator = map.items.length === 0 ? "" : text[end - 1] === "," ? " " : ", ";
        return replace(text, end, end, separator + entry);
    }
    const first = rangeOf(map.items[0]?.key);
    const last = map.items.at(-1);
    const end = endOf(last?.value ?? last?.key);
    if (!first || end === undefined) return undefined;
    const indent = columnOf(text, first[0]);
    return addLines(text, endOfBlock(text, end, indent), indent, path, value);
}

/** Adds the first entries of a map whose key has no value yet. */
function addBelow(text: string, pair: Pair, path: readonly string[], value: unknown): string | undefined {
    const key = rangeOf(pair.key);
    if (!key || !startsLine(text, key[0])) return undefined;
    const indent = columnOf(text, key[0]) + stepOf(text);
    return addLines(text, endOfLine(text, key[1]), indent, path, value);
}

function addLines(text: string, at: number, indent: number, path: readonly string[], value: unknown): string {
    const newLine = text.includes("\r\n") ? "\r\n" : "\n";
    const lines = block(nested(path, value), path.length, stepOf(text)).map(
        (line) => `${" ".repeat(indent)}${line}${newLine}`,
    );
    const before = at === text.length && text !== "" && !text.endsWith("\n") ? newLine : "";
    return replace(text, at, at, before + lines.join(""));
}

function remove(text: string, path: readonly string[]): string | undefined {
    let parent: Pair | undefined;
    let node: unknown = parseDocument(text).contents;
    for (const key of path.slice(0, -1)) {
        parent = isMap(node) ? pairOf(node, key) : undefined;
        node = parent?.value;
    }
    const pair = isMap(node) ? pairOf(node, path.at(-1)!) : undefined;
    if (!isMap(node) || !pair) return undefined;
    const index = node.items.indexOf(pair);
    return node.flow ? removeEntry(text, node, index) : removeLines(text, node, index, parent);
}

/** Removes an entry from a flow map, with the comma next to it. */
function removeEntry(text: string, map: YAMLMap, index: number): string | undefined {
    const [before, pair, after] = [map.items[index - 1], map.items[index], map.items[index + 1]];
    const start = rangeOf(pair?.key)?.[0];
    const end = endOf(pair?.value ?? pair?.key);
    const from = before && !after ? endOf(before.value ?? before.key) : start;
    const to = after ? rangeOf(after.key)?.[0] : end;
    if (from === undefined || to === undefined || start === undefined || end === undefined) return undefined;
    // A comment between two entries may belong to either.
    const between = text.slice(from, start) + text.slice(end, to);
    return /^[\s,]*$/.test(between) ? replace(text, from, to, "") : undefined;
}

/** Removes the lines of a key. A map that becomes empty is written as `{}`. */
function removeLines(text: string, map: YAMLMap, index: number, parent: Pair | undefined): string | undefined {
    const pair = map.items[index]!;
    const key = rangeOf(pair.key);
    const end = endOf(pair.value ?? pair.key);
    if (!key || end === undefined || !startsLine(text, key[0])) return undefined;
    const indent = columnOf(text, key[0]);
    const left = replace(text, startOfComments(text, key[0]), endOfBlock(text, end, indent), "");
    if (map.items.length > 1 || !parent) return left;
    const colon = text.indexOf(":", rangeOf(parent.key)?.[1]);
    return replace(left, colon + 1, colon + 1, " {}");
}

/** The start of a key's line, or of the first comment directly above it with the same indentation. */
function startOfComments(text: string, offset: number): number {
    const indent = columnOf(text, offset);
    let start = offset - indent;
    while (start > 0) {
        const above = text.lastIndexOf("\n", start - 2) + 1;
        if (!new RegExp(`^ {${indent}}#`).test(text.slice(above, start))) break;
        start = above;
    }
    return start;
}

/** The offset after the last line of a value and any comments below it that are indented deeper than its key. */
function endOfBlock(text: string, valueEnd: number, indent: number): number {
    let end = endOfLine(text, lastMark(text, valueEnd));
    for (let next = end; next < text.length;) {
        const line = text.slice(next, endOfLine(text, next));
        const comment = /^( *)#/.exec(line);
        if (comment ? comment[1]!.length <= indent : line.trim() !== "") break;
        next += line.length;
        if (comment) end = next;
    }
    return end;
}

const endOfLine = (text: string, offset: number): number => {
    const end = text.indexOf("\n", offset);
    return end < 0 ? text.length : end + 1;
};

/** The offset after the last non-space character before an offset. */
const lastMark = (text: string, offset: number): number => text.slice(0, offset).trimEnd().length;

const lineBefore = (text: string, offset: number): string => text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);

const columnOf = (text: string, offset: number): number => lineBefore(text, offset).length;

const startsLine = (text: string, offset: number): boolean => /^ *$/.test(lineBefore(text, offset));

/** The file's indentation width. */
const stepOf = (text: string): number => /^( +)[^\s#]/m.exec(text)?.[1]?.length ?? 4;

/** Quotes strings that YAML 1.1 parsers would read as numbers, times or booleans. */
const style = { compat: "yaml-1.1", lineWidth: 0, aliasDuplicateObjects: false } as const;

/** A value as single-line YAML, usable inside flow maps. */
export const flow = (value: unknown): string =>
    stringify([value], { ...style, collectionStyle: "flow", flowCollectionPadding: false })
        .trim()
        .slice(1, -1);

/**
 * The lines of a map. Below the given depth, short maps are written in braces.
 *
 * @param step spaces of one level
 */
function block(map: object, depth: number, step: number): string[] {
    return Object.entries(map).flatMap(([key, value]: [string, unknown]): string[] => {
        const line = `${flow(key)}: ${flow(value)}`;
        const isPlain = typeof value !== "object" || value === null || Array.isArray(value);
        if (isPlain || Object.keys(value).length === 0 || (depth <= 0 && line.length <= 80)) return [line];
        return [`${flow(key)}:`, ...block(value, depth - 1, step).map((inner) => " ".repeat(step) + inner)];
    });
}

const nested = (path: readonly string[], value: unknown): object =>
    path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;

/** Without shared references from anchors, so that a change affects one place only. */
const read = (text: string): unknown => JSON.parse(JSON.stringify(readYaml(text, "the text") ?? {}));

/** The document's expected contents after the edit. */
function wanted(document: unknown, path: readonly string[], value: unknown): unknown {
    const last = path.at(-1)!;
    let map = document as Record<string, unknown>;
    for (const key of path.slice(0, -1)) {
        if (typeof map[key] !== "object" || map[key] === null) {
            if (value === undefined) return document;
            map[key] = {};
        }
        map = map[key] as Record<string, unknown>;
    }
    if (value === undefined) delete map[last];
    else map[last] = JSON.parse(JSON.stringify(value));
    return document;
}
