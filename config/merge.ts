type Plain = Record<string, unknown>;

/** Keys whose value decides which of their siblings make sense. */
const discriminators = ["topology", "mode", "type"] as const;

const isMap = (value: unknown): value is Plain => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Lays one configuration over another.
 *
 * Maps merge deep, lists and scalars are replaced, `null` removes a key. Where the upper map changes a
 * discriminator (`topology`, `mode`, `type`), the lower map's other keys in that place are dropped: the host of an
 * external database means nothing to one in the cluster.
 */
export function merge(lower: unknown, upper: unknown): unknown {
    if (upper === undefined) return lower;
    if (!isMap(upper)) return upper;
    const changed =
        isMap(lower) && discriminators.some((key) => key in upper && key in lower && upper[key] !== lower[key]);
    const result: Plain = isMap(lower) && !changed ? { ...lower } : {};
    for (const [key, value] of Object.entries(upper)) {
        if (value === null) delete result[key];
        else result[key] = merge(result[key], value);
    }
    return result;
}

/** Merges from the lowest layer to the highest. */
export const mergeAll = (...layers: unknown[]): unknown =>
    layers.reduce((below, layer) => merge(below, layer), undefined as unknown);
