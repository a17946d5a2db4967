import {
    assignments,
    literal,
    name,
    python,
    type Json,
    type Python,
    source,
} from "../../../components/languages/python";
import { joined, Refusal } from "../../../components/languages/text";
import { cmsSettings } from "./cms";
import { commonSettings } from "./common";
import type { Facts, OwnSettings, Variant } from "./facts";
import { isMap, laidOver, layered } from "./layers";
import { lmsSettings } from "./lms";

/**
 * production.py of the LMS or of Studio: what comes after Open edX's own file of that name. It holds no secret: those
 * are in the env file, of which Open edX's file has made settings.
 *
 * @throws Refusal if the user's own settings or lines cannot be Python
 */
export function productionFile(variant: Variant, facts: Facts): Python {
    const own = variant === "lms" ? lmsSettings(facts) : cmsSettings(facts);
    const parts = [python`from ${name(variant)}.envs.production import *\n`, commonSettings(variant, facts), own];
    return joined([...parts, ...usersSettings(variant, facts)], "\n");
}

/** The user's features, values and lines, in this order, so that each can change what comes before it. */
function usersSettings(variant: Variant, { settings, features }: Facts): Python[] {
    const layers = [settings.common, settings[variant]].filter((layer): layer is OwnSettings => layer !== undefined);
    const { FEATURES: flags, ...values } = layers.map((layer) => layer.values ?? {}).reduce(laidOver, {});
    if (flags !== undefined && !isMap(flags)) throw new Refusal("allowed: a map of flags as FEATURES");
    const flat = laidOver(layered(features, variant), flags ?? {});
    for (const key of [...Object.keys(flat), ...Object.keys(values)])
        if (!/^[A-Z][A-Z0-9_]*$/.test(key)) throw new Refusal("allowed: names of settings, in upper case");
    return [
        ...(Object.keys(flat).length > 0 ? [python`# Feature flags\n${assignments(flat)}`] : []),
        ...Object.entries(values).map(([key, value]) => overlaid(key, value)),
        ...layers.flatMap((layer) => (layer.python?.length ? [python`# Own lines\n${source(layer.python)}`] : [])),
    ];
}

/** Maps are merged, which only the program can do: it knows what is there. */
const overlaid = (key: string, value: Json): Python =>
    isMap(value)
        ? python`${name(key)} = laid_over(globals().get(${literal(key)}), ${literal(value)})\n`
        : assignments({ [key]: value });
