import { type Layer, mergeLayers, type Origin, originAt } from "./merge";

/** Lists of an instance to which every layer adds, since each entry says what it is for. Other lists are replaced. */
export const addedLists = ["patches", "omit", "extraObjects"] as const;
export type AddedList = (typeof addedLists)[number];

const isAdded = (key: PropertyKey | undefined): key is AddedList => (addedLists as readonly unknown[]).includes(key);

/**
 * Merges layers, lowest first. The entries of {@link addedLists} come in the order of the layers, so that a higher one
 * has the last word; `null` drops those below.
 */
export function addUp(...layers: readonly Layer[]): Layer {
    const laid = mergeLayers(...layers);
    if (typeof laid.value !== "object" || laid.value === null) return laid;
    const value: Record<string, unknown> = { ...laid.value };
    const origin: Record<string, Origin> = { ...(laid.origin as object) };
    for (const key of addedLists) {
        // Anything else is the schema's to refuse.
        if (!Array.isArray(value[key])) continue;
        const entries = layers.reduce<{ readonly entry: unknown; readonly from: Origin }[]>((below, layer) => {
            const own = (layer.value as Record<string, unknown> | null | undefined)?.[key];
            if (own === undefined) return below;
            if (!Array.isArray(own)) return [];
            return [...below, ...own.map((entry: unknown) => ({ entry, from: layer.origin }))];
        }, []);
        value[key] = entries.map(({ entry }) => entry);
        if (entries.length > 0) origin[key] = Object.fromEntries(entries.map(({ from }, index) => [index, from]));
    }
    return { value, origin };
}

/** Path of a value in the layer that it comes from: an entry's place there is another than in the added list. */
export function ownPath(origin: Origin, path: readonly PropertyKey[]): readonly PropertyKey[] {
    const [key, index, ...rest] = path;
    const from = originAt(origin, path.slice(0, 2));
    if (!isAdded(key) || typeof index !== "number" || typeof from !== "string") return path;
    const before = Array.from({ length: index }, (_, other) => originAt(origin, [key, other]));
    return [key, before.filter((other) => other === from).length, ...rest];
}
