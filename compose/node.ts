import type { Place } from "./errors";

/**
 * A value of a Compose file with the place where it is written. Nodes are never changed: each step of loading makes new
 * ones and keeps the places, so that every message can name one.
 */
export type Node = Scalar | Mapping | Sequence;

export interface Scalar {
    readonly kind: "scalar";
    readonly value: Value;
    readonly at: Place;
    /** The path as it is written, if it has been made absolute. */
    readonly written?: string;
}

export interface Mapping {
    readonly kind: "mapping";
    readonly entries: ReadonlyMap<string, Entry>;
    readonly at: Place;
}

export interface Entry {
    /** Where the key is written. */
    readonly at: Place;
    readonly node: Node;
}

export interface Sequence {
    readonly kind: "sequence";
    readonly items: readonly Node[];
    readonly at: Place;
}

/** Integers are bigint, numbers are those with a fraction or an exponent: both are printed differently. */
export type Value = string | boolean | bigint | number | null | Instant;

/** A date or time without quotes. */
export class Instant {
    /**
     * @param json as it stands in JSON (RFC 3339)
     * @param text as it stands in a text
     */
    constructor(
        readonly json: string,
        readonly text: string,
    ) {}
}

export const scalar = (value: Value, at: Place): Scalar => ({ kind: "scalar", value, at });

export const sequence = (items: readonly Node[], at: Place): Sequence => ({ kind: "sequence", items, at });

export const mapping = (entries: Iterable<readonly [string, Entry]>, at: Place): Mapping => ({
    kind: "mapping",
    entries: new Map(entries),
    at,
});

/** A mapping whose keys were not written: they stand where the mapping does. */
export const made = (values: Readonly<Record<string, Node | undefined>>, at: Place): Mapping =>
    mapping(
        Object.entries(values).flatMap(([key, node]) => (node ? [[key, { node, at }] as const] : [])),
        at,
    );

export const get = (node: Node | undefined, key: string): Node | undefined =>
    node?.kind === "mapping" ? node.entries.get(key)?.node : undefined;

export const textOf = (node: Node | undefined): string | undefined =>
    node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;

export const isNull = (node: Node | undefined): boolean => node?.kind === "scalar" && node.value === null;

/** With a key set; a new key stands where `at` says. @default at the node's place */
export function put(node: Mapping, key: string, value: Node, at: Place = value.at): Mapping {
    const before = node.entries.get(key);
    if (before?.node === value) return node;
    return mapping(new Map(node.entries).set(key, { node: value, at: before?.at ?? at }), node.at);
}

export function without(node: Mapping, key: string): Mapping {
    if (!node.entries.has(key)) return node;
    return mapping(
        [...node.entries].filter(([other]) => other !== key),
        node.at,
    );
}

/** With each value replaced; undefined leaves its key out. */
export function changeEach(node: Mapping, change: (value: Node, key: string) => Node | undefined): Mapping {
    const entries = new Map<string, Entry>();
    let changed = false;
    for (const [key, entry] of node.entries) {
        const next = change(entry.node, key);
        if (next) entries.set(key, next === entry.node ? entry : { ...entry, node: next });
        changed ||= next !== entry.node;
    }
    return changed ? mapping(entries, node.at) : node;
}

/** With one entry replaced, if it is there. */
export function change(node: Mapping, key: string, to: (value: Node) => Node): Mapping {
    const before = node.entries.get(key)?.node;
    return before ? put(node, key, to(before)) : node;
}

/** A text that two values have in common if they are the same, wherever they are written. */
export function fingerprint(node: Node): string {
    if (node.kind === "sequence") return `[${node.items.map(fingerprint).join(",")}]`;
    if (node.kind === "mapping") {
        const parts = [...node.entries].map(([key, entry]) => `${JSON.stringify(key)}:${fingerprint(entry.node)}`);
        return `{${parts.sort().join(",")}}`;
    }
    const { value } = node;
    if (value instanceof Instant) return `instant ${value.json}`;
    return typeof value === "string" ? JSON.stringify(value) : `${typeof value} ${String(value)}`;
}

export const equal = (a: Node, b: Node): boolean => a === b || fingerprint(a) === fingerprint(b);

/** What messages call it. */
export function kindOf(node: Node): string {
    if (node.kind !== "scalar") return node.kind === "mapping" ? "a mapping" : "a list";
    const { value } = node;
    if (value === null) return "nothing";
    if (value instanceof Instant) return "a date";
    const names = { string: "a text", boolean: "a boolean", bigint: "an integer", number: "a number" } as const;
    return names[typeof value as keyof typeof names];
}
