import { z } from "zod";
import { at, unwrap } from "./walk";

/** The owner of a value, for defaults that depend on the instance. */
export interface Owner {
    readonly platform: string;
    readonly namespace: string;
    /** Its unique identity: `PROJECT/STACK/NAMESPACE`. */
    readonly identity: string;
}

/**
 * Describes a key that belongs to one instance only: no two instances may have the same value, and
 * `instance add --like` does not copy it.
 */
export interface Own<T = unknown> {
    /** What the value is: `host`, `node port`, `database`. Only values of the same kind are compared. */
    readonly what: string;
    /** For a map, the path of the key that distinguishes two values. @default the value itself */
    readonly key?: readonly string[];
    /**
     * The identity to compare; undefined for none. @default nothing is compared, because the value only describes one
     * instance's data or a moment
     */
    identity?(value: T, owner: Owner): unknown;
    /** The message if another instance has the same. @default that every instance needs its own on that server */
    taken?(value: T, other: string, owner: Owner): string;
    /** Whether one instance may use it in several places. @default false */
    readonly within?: boolean;
    /**
     * The value for a copy under the given instance name. @default none: the key is left out, with the maps that
     * require it
     */
    fresh?(name: string): unknown;
}

/** Separate from zod's global registry, which JSON Schemas are generated from. */
const registry = z.registry<{ readonly all: Own<z.core.$output>[] }>();

/** Marks a key, or keys of a map, as belonging to one instance only. */
export function own<T extends z.ZodType>(schema: T, ...all: Own<z.output<T>>[]): T {
    const marked = schema.clone();
    registry.add(marked, { all });
    return marked;
}

/** The marks of a schema itself, without those of its parts. */
export const marksOf = (schema: z.ZodType): readonly Own[] => registry.get(schema)?.all ?? [];

/** A place in a value whose contents belong to one instance only. */
export interface OwnPlace {
    readonly path: readonly string[];
    /** Path of what to remove to leave it out: the value itself, or the map that requires it. */
    readonly whole: readonly string[];
    /** The marked value, for {@link Own.identity} and {@link Own.taken}. */
    readonly value: unknown;
    readonly own: Own;
}

/** Everything that belongs to one instance only, including unset keys with a default. */
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

/** The path of the key that distinguishes two values. */
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

/** A key of a map. It can be left out alone unless the map requires it. The instance itself is never left out. */
function below(
    { path, whole }: Pick<OwnPlace, "path" | "whole">,
    key: string,
    child: z.ZodType | undefined,
): Pick<OwnPlace, "path" | "whole"> {
    const inner = [...path, key];
    const alone = path.length === 0 || child === undefined || child.safeParse(undefined).success;
    return { path: inner, whole: alone ? inner : whole };
}

/** A public host name of an instance, unique in the stack. */
export const ownHost = <T extends z.ZodType<string | undefined>>(schema: T): T =>
    own(schema, {
        what: "host",
        identity: (host) => host,
        taken: (host, other) => `"${host}" is already the host of ${other}; each host may belong to only one instance`,
        within: true,
    });

/** Every host name of an instance, with the key that sets it. */
export const hostsIn = (schema: z.ZodType, settings: unknown): { key: readonly string[]; host: string }[] =>
    ownIn(schema, settings).flatMap(({ own: { what }, path, value }) =>
        what === "host" && typeof value === "string" ? [{ key: path, host: value }] : [],
    );

export const ownNodePort = <T extends z.ZodType<number | undefined>>(schema: T): T =>
    own(schema, {
        what: "node port",
        identity: (port) => port,
        taken: (port, other) =>
            `${port} is already the node port of ${other}; each node port may belong to only one Service`,
    });

export const ownNamespace = <T extends z.ZodType>(schema: T): T =>
    own(schema, {
        what: "namespace",
        identity: (_, { namespace }) => namespace,
        taken: (_, other, { namespace }) =>
            `"${namespace}" is already the namespace of ${other}; every instance needs its own`,
    });

/** Marks a value that describes one instance's data or a moment: it is not copied, but may be the same elsewhere. */
export const ownOnly = <T extends z.ZodType>(schema: T): T => own(schema, { what: "state" });
