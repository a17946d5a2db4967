import { LineCounter, isAlias, isMap, isScalar, isSeq, parseAllDocuments } from "yaml";
import type { Alias, Node as Written, Scalar as WrittenScalar, YAMLMap, YAMLSeq } from "yaml";
import { meanings } from "../../config/yaml";
import { ComposeError, type Path, type Place, refuse } from "../errors";
import { type Entry, type Node, mapping, scalar, sequence } from "../node";
import { meaningOf, taggedMeaning } from "./scalars";

/** One YAML document. */
export interface Document {
    readonly root: Node;
    /** What `!reset` and `!override` take out of what the document is merged over: Compose specification, 13 "Merge". */
    readonly resets: readonly Path[];
}

/** More values than this are not read from one file, counted as often as aliases repeat them. */
const mostValues = 300_000;
const mostLevels = 200;

/**
 * Reads the documents of a Compose file.
 *
 * @param file as messages show it
 * @throws ComposeError with line, column and what is wrong, without quoting the text, which may hold a secret
 */
export function readDocuments(text: string, file: string): readonly Document[] {
    const lines = new LineCounter();
    const placeOf = (offset: number): Place => {
        const { line, col } = lines.linePos(offset);
        return { file, line, column: col };
    };
    const documents = parseAllDocuments(text, {
        lineCounter: lines,
        prettyErrors: false,
        logLevel: "error",
        schema: "failsafe",
        resolveKnownTags: false,
        uniqueKeys: false,
        strict: false,
    });
    const mistakes = [...documents].flatMap(({ errors }) => errors);
    if (mistakes.length > 0)
        throw new ComposeError(
            mistakes.map(({ code, pos }) => ({ place: placeOf(pos[0]), path: [], message: meanings[code] })),
        );
    return [...documents].map((document) => {
        const built = new Builder(placeOf).whole((document.contents ?? undefined) as Written | undefined);
        return { root: built.node ?? scalar(null, placeOf(0)), resets: built.resets };
    });
}

interface Built {
    /** None where it is reset. */
    readonly node?: Node;
    /** Relative to the node. */
    readonly resets: readonly Path[];
    /** How many values it has, counted as often as aliases repeat them, and how many are inside each other. */
    readonly values: number;
    readonly height: number;
}

const reset: Built = { resets: [[]], values: 1, height: 1 };
const none: readonly Path[] = [];

/** Turns what the parser found into nodes, with aliases and merge keys resolved. */
class Builder {
    private readonly anchors = new Map<string, Built | "open">();

    private written = 0;

    constructor(private readonly placeOf: (offset: number) => Place) {}

    whole(root: Written | undefined): Built {
        const built = this.build(root, []);
        // As the YAML library of compose-go does it: this is no configuration but an attack.
        if (built.values > 1_000 && this.written < built.values / 100)
            refuse(this.placeOf(0), [], "more than 99 % of the values come from aliases, which is not allowed");
        return built;
    }

    private build(written: Written | undefined, path: Path): Built {
        if (!written) return { node: scalar(null, this.placeOf(0)), resets: none, values: 1, height: 1 };
        const at = this.placeOf(written.range?.[0] ?? 0);
        this.checkDepth(path.length, at, path);
        if (isAlias(written)) return this.alias(written, at, path);
        this.written++;
        const anchor = (written as WrittenScalar).anchor;
        if (anchor !== undefined) this.anchors.set(anchor, "open");
        const tag = (written as { tag?: string }).tag;
        let built: Built;
        if (tag === "!reset") built = reset;
        else {
            const bare = isMap(written)
                ? this.map(written, at, path)
                : isSeq(written)
                  ? this.list(written, at, path)
                  : this.scalar(written as WrittenScalar, at, path);
            built = tag === "!override" ? { ...bare, resets: reset.resets } : bare;
        }
        if (anchor !== undefined) this.anchors.set(anchor, built);
        if (built.values > mostValues)
            refuse(at, path, `aliases expand this to more than ${mostValues} values, which is not allowed`);
        return built;
    }

    private checkDepth(levels: number, at: Place, path: Path): void {
        if (levels > mostLevels)
            refuse(at, path.slice(0, 3), `nested deeper than ${mostLevels} levels, which is not allowed`);
    }

    private alias(written: Alias, at: Place, path: Path): Built {
        const built = this.anchors.get(written.source);
        if (built === "open") refuse(at, path, "the alias stands inside the value that it repeats");
        if (!built) refuse(at, path, "the alias has no anchor (&) before it; quote a text that begins with *");
        this.checkDepth(path.length + built.height, at, path);
        return built;
    }

    private scalar(written: WrittenScalar, at: Place, path: Path): Built {
        const text = typeof written.value === "string" ? written.value : (written.source ?? "");
        const { tag } = written;
        const value =
            tag === undefined ? (written.type === "PLAIN" ? meaningOf(text) : text) : taggedMeaning(tag, text);
        if (value === undefined) refuse(at, path, "the tag (!!) does not fit the value after it");
        return { node: scalar(value, at), resets: none, values: 1, height: 1 };
    }

    private list(written: YAMLSeq, at: Place, path: Path): Built {
        // A reset of an item takes it out of this list; of what is merged over, no single item can be named.
        const built = written.items.map((item, i) => this.build(item as Written, [...path, i]));
        return {
            node: sequence(
                built.flatMap(({ node }) => (node ? [node] : [])),
                at,
            ),
            resets: none,
            values: built.reduce((sum, { values }) => sum + values, 1),
            height: built.reduce((most, { height }) => Math.max(most, height), 0) + 1,
        };
    }

    private map(written: YAMLMap, at: Place, path: Path): Built {
        const seen = new Map<string, Place>();
        const entries = new Map<string, Entry>();
        const merged: Built[] = [];
        const resets: Path[] = [];
        let [values, height] = [1, 0];
        for (const pair of written.items) {
            const keyAt = this.placeOf((pair.key as Written | null)?.range?.[0] ?? written.range?.[0] ?? 0);
            const key = this.key(pair.key as Written | null, keyAt, path);
            if (seen.has(key))
                refuse(keyAt, [...path, key], `the key occurs twice, first in line ${seen.get(key)!.line}`);
            seen.set(key, keyAt);
            const value = pair.value as Written | null;
            const built = value
                ? this.build(value, [...path, key])
                : { node: scalar(null, keyAt), resets: none, values: 1, height: 1 };
            values += built.values;
            height = Math.max(height, built.height);
            if (key === "<<" && (pair.key as WrittenScalar).type === "PLAIN")
                merged.push(...this.merges(built, keyAt, path));
            else {
                resets.push(...built.resets.map((rest) => [key, ...rest]));
                if (built.node) entries.set(key, { at: keyAt, node: built.node });
            }
        }
        for (const { node, resets: inner } of merged) {
            resets.push(...inner);
            if (node?.kind !== "mapping") continue;
            for (const [key, entry] of node.entries) if (!entries.has(key)) entries.set(key, entry);
        }
        return { node: mapping(entries, at), resets: resets.length > 0 ? resets : none, values, height: height + 1 };
    }

    /** A mapping or a list of mappings: https://yaml.org/type/merge.html. The first one that has a key counts. */
    private merges(built: Built, at: Place, path: Path): readonly Built[] {
        const { node } = built;
        if (node?.kind === "mapping") return [built];
        if (node?.kind !== "sequence" || node.items.some(({ kind }) => kind !== "mapping"))
            refuse(
                at,
                [...path, "<<"],
                "only mappings can be merged; allowed: an alias of a mapping, or a list of those",
            );
        return node.items.map((item) => ({ node: item, resets: none, values: 0, height: 0 }));
    }

    private key(written: Written | null, at: Place, path: Path): string {
        const built =
            written && !isAlias(written)
                ? this.build(written, path)
                : written
                  ? this.alias(written, at, path)
                  : undefined;
        const value = built?.node?.kind === "scalar" ? built.node.value : undefined;
        if (typeof value === "string") return value;
        refuse(at, path, isScalar(written) ? "a key must be a text; quote it" : "a key must be a text");
    }
}
