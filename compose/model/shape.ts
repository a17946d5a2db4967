import { allowed, type Path, refuse } from "../errors";
import { Instant, isNull, kindOf, type Mapping, type Node } from "../node";
import { toBoolean, toInteger, toNumber } from "../rules/casts";

/**
 * How a node becomes a value of the model. Undefined is what compose-go leaves out when it writes a model: nothing, and
 * the zero of its type unless zero says something else than nothing.
 */
export interface Shape<T> {
    read(node: Node, path: Path): T | undefined;
}

/** The type of a shape's values. */
export type Read<S> = S extends Shape<infer T> ? T : never;

type Fields = Readonly<Record<string, Shape<unknown>>>;
type Always<T> = { readonly always: true; readonly type?: T };

/** What an object has: keys with `always` in any case, others if they were given. */
export type ReadObject<F extends Fields> = {
    readonly [K in keyof F as F[K] extends Always<unknown> ? K : never]: Read<F[K]>;
} & { readonly [K in keyof F as F[K] extends Always<unknown> ? never : K]?: Read<F[K]> };

/** A JSON value. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/** Extensions: keys that begin with `x-`, as they were written. */
export interface Extended {
    readonly [extension: `x-${string}`]: Plain | undefined;
}

export const wrong = (node: Node, path: Path, ...kinds: readonly string[]): never =>
    refuse(node.at, path, `is ${kindOf(node)}; ${allowed(kinds)}`);

/** @param zero what is left out */
const simple = <T>(read: (node: Node, path: Path) => T, zero: T): Shape<T> => ({
    read(node, path) {
        if (isNull(node)) return undefined;
        const value = read(node, path);
        return value === zero ? undefined : value;
    },
});

export const text = simple((node, path): string => {
    if (node.kind === "scalar" && (typeof node.value === "string" || typeof node.value === "bigint"))
        return String(node.value);
    return wrong(node, path, "a text");
}, "");

/** A number stays the text that it was written as. */
const cast = <T>(node: Node, path: Path, to: (text: string) => T): T => {
    try {
        return to((node as { value: string }).value);
    } catch (error) {
        if (error instanceof RangeError) return refuse(node.at, path, error.message);
        throw error;
    }
};

const isText = (node: Node): boolean => node.kind === "scalar" && typeof node.value === "string";

export const boolean = simple((node, path): boolean => {
    if (isText(node)) return cast(node, path, toBoolean) as boolean;
    return node.kind === "scalar" && typeof node.value === "boolean" ? node.value : wrong(node, path, "true", "false");
}, false);

/** @param texts whether a text of digits is one, too */
const integers = (least: bigint, most: bigint, texts: boolean): Shape<number> =>
    simple((node, path) => {
        const written =
            texts && isText(node) ? cast(node, path, toInteger) : node.kind === "scalar" ? node.value : null;
        const value = typeof written === "number" && Number.isFinite(written) ? BigInt(Math.trunc(written)) : written;
        if (typeof value !== "bigint") return wrong(node, path, "an integer");
        if (value < least || value > most) refuse(node.at, path, `is ${value}; allowed: ${least} to ${most}`);
        return Number(value);
    }, 0);

export const integer = integers(-(2n ** 63n), 2n ** 63n - 1n, true);
export const unsigned = (bits: 16 | 32 | 64): Shape<number> => integers(0n, 2n ** BigInt(bits) - 1n, false);

/** With the precision of 32 bits, in as few digits as tell it. */
export const float = simple((node, path): number => {
    const value = isText(node) ? (cast(node, path, toNumber) as number) : node.kind === "scalar" ? node.value : null;
    if (typeof value !== "bigint" && typeof value !== "number") return wrong(node, path, "a number");
    return shortest(Number(value));
}, 0);

export function shortest(value: number): number {
    const single = Math.fround(value);
    for (let digits = 1; digits <= 9; digits++) {
        const short = Number(single.toPrecision(digits));
        if (Math.fround(short) === single) return short;
    }
    return single;
}

/** A value that is told even if it is zero, since zero differs from nothing. */
export const given = <T>(shape: Shape<T>, zero: NoInfer<T>): Shape<T> => ({
    read: (node, path) => (isNull(node) ? undefined : (shape.read(node, path) ?? zero)),
});

/** A value that is told in any case. */
export const always = <T>(shape: Shape<T>, zero: NoInfer<T>): Shape<T> & Always<T> => ({
    always: true,
    read: (node, path) => shape.read(node, path) ?? zero,
});

/** True unless it is false: only false is told. */
export const unlessFalse: Shape<false> = {
    read: (node, path) => (isNull(node) || boolean.read(node, path) === undefined ? false : undefined),
};

export const list = <T>(item: Shape<T>, zero?: NoInfer<T>): Shape<readonly T[]> => ({
    read(node, path) {
        if (isNull(node)) return undefined;
        if (node.kind !== "sequence") return wrong(node, path, "a list");
        const items = node.items.map((one, i) => item.read(one, [...path, i]) ?? zero!);
        return items.length > 0 ? items : undefined;
    },
});

export const texts = list(text, "");

/** @param nothing what a key without value has */
export const record = <T>(item: Shape<T>, nothing: NoInfer<T>): Shape<Readonly<Record<string, T>>> => ({
    read(node, path) {
        if (isNull(node)) return undefined;
        if (node.kind !== "mapping") return wrong(node, path, "a mapping");
        if (node.entries.size === 0) return undefined;
        return byKey([...node.entries].map(([key, one]) => [key, item.read(one.node, [...path, key]) ?? nothing]));
    },
});

/** A key such as `__proto__` is a key like any other one. */
export const byKey = <T>(entries: Iterable<readonly [string, T]>): Record<string, T> => {
    const made = Object.create(null) as Record<string, T>;
    for (const [key, value] of entries) made[key] = value;
    return made;
};

/** A mapping with known keys, told even if it is empty. @param extensions whether `x-…` is kept */
export const object = <F extends Fields>(fields: F, extensions = true): Shape<ReadObject<F> & Extended> => ({
    read(node, path) {
        if (isNull(node)) return undefined;
        if (node.kind !== "mapping") return wrong(node, path, "a mapping");
        return byKey([
            ...Object.entries(fields).flatMap(([key, shape]) => {
                const entry = node.entries.get(key)?.node ?? { kind: "scalar", value: null, at: node.at };
                const value = shape.read(entry, [...path, key]);
                return value === undefined ? [] : [[key, value] as const];
            }),
            ...(extensions ? extensionsOf(node) : []),
        ]) as ReadObject<F> & Extended;
    },
});

const extensionsOf = (node: Mapping): [string, Plain][] =>
    [...node.entries].flatMap(([key, { node: value }]) => (key.startsWith("x-") ? [[key, plain(value)]] : []));

/** The same, left out if it is empty. */
export const unlessEmpty = <T extends object>(shape: Shape<T>): Shape<T> => ({
    read(node, path) {
        const value = shape.read(node, path);
        return value && Object.keys(value).length > 0 ? value : undefined;
    },
});

/** As JSON has it. */
export function plain(node: Node): Plain {
    if (node.kind === "sequence") return node.items.map(plain);
    if (node.kind === "mapping") return byKey([...node.entries].map(([key, entry]) => [key, plain(entry.node)]));
    if (node.value instanceof Instant) return node.value.json;
    return typeof node.value === "bigint" ? Number(node.value) : node.value;
}
