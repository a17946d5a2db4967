import { z } from "zod";
import { at, unwrap } from "./walk";

/** Whose a value is, for what is somebody's own by default. */
export interface Owner {
    readonly platform: string;
    readonly namespace: string;
    /** What tells it from all others: `PROJECT/STACK/NAMESPACE`. */
    readonly identity: string;
}

/**
 * What is said of a key that belongs to one instance only: no two may have the same, and an instance that is made after
 * another (`instance add --like`) does not get the other's.
 */
export interface Own<T = unknown> {
    /** What it is, in the field's word: `host`, `node port`, `database`. Only what is called alike is compared. */
    readonly what: string;
    /** Of a map: the key in it by which two can be told apart. @default the value itself */
    readonly key?: readonly string[];
    /** What is the same where two have the same; undefined for nothing. @default nothing is compared, since it only tells of one instance's data or moment */
    identity?(value: T, owner: Owner): unknown;
    /** What is said where another has it already. @default that every instance needs one of its own on that server */
    taken?(value: T, other: string, owner: Owner): string;
    /** Whether one instance may have it in several places. @default false */
    readonly within?: boolean;
    /** What another instance of that name has in its place. @default nothing: the key is left out, and what cannot be without it, too */
    fresh?(name: string): unknown;
}

/** Apart from zod's own, which JSON Schemas are printed from. */
const registry = z.registry<{ readonly all: Own<z.core.$output>[] }>();

/** Marks a key, or keys of a map, as what belongs to one instance only. */
export function own<T extends z.ZodType>(schema: T, ...all: Own<z.output<T>>[]): T {
    const marked = schema.clone();
    registry.add(marked, { all });
    return marked;
}

/** What is said of a schema itself, not of what is in it. */
export const marksOf = (schema: z.ZodType): readonly Own[] => registry.get(schema)?.all ?? [];

/** A place in a value that belongs to one instance only. */
export interface OwnPlace {
    readonly path: readonly string[];
    /** What has to go with it where it is left out: itself, or what cannot be without it. */
    readonly whole: readonly string[];
    /** What {@link Own.identity} and {@link Own.taken} want: the marked value. */
    readonly value: unknown;
    readonly own: Own;
}

/** Everything that belongs to one instance only: also keys that are not set, which have a meaning by default. */
export function ownIn(schema: z.ZodType, value: unknown): OwnPlace[] {
    const places: OwnPlace[] = [];
    visit(schema, value, { path: [], whole: [] });
    return places;

    function visit(outer: z.ZodType, inner: unknown, place: Pick<OwnPlace, "path" | "whole">): void {
        const marks: Own[] = [];
        const bare = unwrap(outer, inner, (one) => marks.push(...marksOf(one)));
        for (const mark of marks) places.push({ ...placeOf(mark, bare, inner, place), value: inner, own: mark });
        if (bare instanceof z.ZodObject)
            for (const [key, child] of Object.entries<z.ZodType>(bare.shape))
                visit(child, at(inner, [key]), below(place, key, child));
        if (bare instanceof z.ZodArray && Array.isArray(inner))
            inner.forEach((item, index) =>
                visit(bare.element as z.ZodType, item, { path: [...place.path, String(index)], whole: place.whole }),
            );
        if (bare instanceof z.ZodRecord && typeof inner === "object" && inner !== null)
            for (const [key, item] of Object.entries(inner))
                visit(bare.valueType as z.ZodType, item, below(place, key, undefined));
    }
}

/** Where the key stands by which two can be told apart. */
function placeOf(
    { key: [first, ...rest] = [] }: Pick<Own, "key">,
    schema: z.ZodType,
    value: unknown,
    place: Pick<OwnPlace, "path" | "whole">,
): Pick<OwnPlace, "path" | "whole"> {
    const child = first === undefined ? undefined : childOf(schema, first);
    if (first === undefined || child === undefined) return place;
    const inner = at(value, [first]);
    return placeOf({ key: rest }, unwrap(child, inner), inner, below(place, first, child));
}

const childOf = (schema: z.ZodType, key: string): z.ZodType | undefined =>
    schema instanceof z.ZodObject ? (schema.shape[key] as z.ZodType | undefined) : undefined;

/** A key of a map: it can be left out alone unless the map must have it. The instance itself is never left out. */
function below(
    { path, whole }: Pick<OwnPlace, "path" | "whole">,
    key: string,
    child: z.ZodType | undefined,
): Pick<OwnPlace, "path" | "whole"> {
    const inner = [...path, key];
    const alone = path.length === 0 || child === undefined || child.safeParse(undefined).success;
    return { path: inner, whole: alone ? inner : whole };
}

/** A name under which an instance is visited: no two have the same. */
export const ownHost = <T extends z.ZodType<string | undefined>>(schema: T): T =>
    own(schema, {
        what: "host",
        identity: (host) => host,
        taken: (host, other) => `"${host}" is already the host of ${other}; every host belongs to one instance`,
        within: true,
    });

/** Every host name that an instance answers to, each with the key that says so. */
export const hostsIn = (schema: z.ZodType, settings: unknown): { key: readonly string[]; host: string }[] =>
    ownIn(schema, settings).flatMap(({ own: { what }, path, value }) =>
        what === "host" && typeof value === "string" ? [{ key: path, host: value }] : [],
    );

export const ownNodePort = <T extends z.ZodType<number | undefined>>(schema: T): T =>
    own(schema, {
        what: "node port",
        identity: (port) => port,
        taken: (port, other) => `${port} is already the node port of ${other}; every node port belongs to one Service`,
    });

export const ownNamespace = <T extends z.ZodType>(schema: T): T =>
    own(schema, {
        what: "namespace",
        identity: (_, { namespace }) => namespace,
        taken: (_, other, { namespace }) =>
            `"${namespace}" is already the namespace of ${other}; every instance needs its own`,
    });

/** What tells of one instance's data, or of one moment: it means nothing to another, and may be the same. */
export const ownOnly = <T extends z.ZodType>(schema: T): T => own(schema, { what: "state" });
