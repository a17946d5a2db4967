import type { Json } from "../../../components/languages/python";
import type { Layers, Settings, Variant } from "./facts";

export const isMap = (value: Json | undefined): value is Settings =>
    typeof value === "object" && value !== null && !(value instanceof Array);

/** Lays settings over others: maps deeply, all else replaces, and null is a value as any other. */
export function laidOver(lower: Settings, upper: Settings): Settings {
    const all = new Map(Object.entries(lower));
    for (const [key, value] of Object.entries(upper)) {
        const below = all.get(key);
        all.set(key, isMap(below) && isMap(value) ? laidOver(below, value) : value);
    }
    return Object.fromEntries(all);
}

/** What a user adds to both applications, and on top of that to one. */
export const layered = (layers: Layers<Settings>, variant: Variant): Settings =>
    laidOver(layers.common ?? {}, layers[variant] ?? {});
