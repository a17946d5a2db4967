type Plain = Record<string, unknown>;

/** Keys whose value determines which of their siblings apply. */
const discriminators = ["topology", "mode", "type", "access"] as const;

const isMap = (value: unknown): value is Plain => typeof value === "object" && value !== null && !Array.isArray(value);

/** The origin of a value: the name of its layer; for a map, the origin of each of its values. */
export type Origin = string | { readonly [key: string]: Origin };

/** A value with the origin of each of its parts. */
export interface Layer {
    readonly value: unknown;
    readonly origin: Origin;
}

const partOf = (origin: Origin | undefined, key: string): Origin =>
    (typeof origin === "object" ? own(origin, key) : origin) ?? {};

/** A map's own property, not inherited ones such as `constructor`. */
const own = <T>(map: Readonly<Record<string, T>>, key: string): T | undefined =>
    Object.hasOwn(map, key) ? map[key] : undefined;

/**
 * Merges one configuration over another.
 *
 * Maps are merged deeply, lists and scalars are replaced, `null` removes a key. If the upper map changes a
 * discriminator (`topology`, `mode`, `type`, `access`), the lower map's other keys next to it are dropped: the host of
 * an external database does not apply to one in the cluster.
 */
export function mergeLayer(lower: Layer, upper: Layer): Layer {
    if (upper.value === undefined) return lower;
    if (!isMap(upper.value)) return upper;
    const { value: over } = upper;
    const changed =
        isMap(lower.value) &&
        discriminators.some(
            (key) => key in over && key in (lower.value as Plain) && over[key] !== (lower.value as Plain)[key],
        );
    const below = isMap(lower.value) && !changed ? lower.value : {};
    // Not objects: an assignment to `__proto__` would not make a key.
    const value = new Map(Object.entries(below));
    const origin = new Map(Object.keys(below).map((key) => [key, partOf(lower.origin, key)]));
    for (const [key, inner] of Object.entries(over)) {
        if (inner === null) {
            value.delete(key);
            origin.delete(key);
            continue;
        }
        const part = (layer: Layer, content: unknown) => ({ value: content, origin: partOf(layer.origin, key) });
        const laid = mergeLayer(part(lower, value.get(key)), part(upper, inner));
        value.set(key, laid.value);
        origin.set(key, laid.origin);
    }
    return { value: Object.fromEntries(value), origin: Object.fromEntries(origin) };
}

/** Like {@link mergeLayer}, without origins. */
export const merge = (lower: unknown, upper: unknown): unknown =>
    mergeLayer({ value: lower, origin: {} }, { value: upper, origin: {} }).value;

/** Merges from the lowest layer to the highest. */
export const mergeLayers = (...layers: readonly Layer[]): Layer =>
    layers.reduce(mergeLayer, { value: undefined, origin: {} });

/** The origin of the value at a path; undefined if no layer sets it. */
export function originAt(origin: Origin, path: readonly PropertyKey[]): Origin | undefined {
    return path.reduce<Origin | undefined>(
        (inner, key) => (typeof inner === "object" ? own(inner, String(key)) : inner),
        origin,
    );
}

/** The names of all layers that contribute to a value. */
export const layersIn = (origin: Origin | undefined): string[] =>
    typeof origin === "string" ? [origin] : Object.values(origin ?? {}).flatMap(layersIn);
