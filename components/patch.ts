import * as pulumi from "@pulumi/pulumi";
import { applyPatch, type Operation } from "rfc6902";
import type { PatchConfig } from "../config/fields";

type Plain = Record<string, unknown>;

const isMap = (value: unknown): value is Plain =>
    typeof value === "object" && value !== null && !Array.isArray(value) && !pulumi.Output.isInstance(value);

/** The key that identifies an item of a list, after Kubernetes' own merge keys; `name` for all others. */
const mergeKeys: Readonly<Record<string, string>> = {
    volumeMounts: "mountPath",
    hostAliases: "ip",
    topologySpreadConstraints: "topologyKey",
};

/**
 * Changes an object as a user's patch says, without touching the original.
 *
 * A map merges: maps deep, `null` removes, lists of named things by name (an item `{ name, $patch: delete }` goes),
 * other lists are replaced. A list is JSON Patch (RFC 6902). Values that are not known yet are kept as they are.
 *
 * @throws Error with the reason when an operation does not fit the object
 */
export function patchObject(object: object, patch: PatchConfig["patch"]): Plain {
    if (!Array.isArray(patch)) return mergeInto(object as Plain, patch);
    const copy = clone(object) as Plain;
    const failed = applyPatch(copy, clone(patch) as Operation[]).flatMap((error, index) =>
        error ? [`operation ${index + 1} (${patch[index]!.op} ${patch[index]!.path}): ${error.message}`] : [],
    );
    if (failed.length > 0) throw new Error(failed.join("; "));
    return copy;
}

function mergeInto(lower: unknown, upper: Plain): Plain {
    const result: Plain = isMap(lower) ? { ...lower } : {};
    for (const [key, value] of Object.entries(upper)) {
        if (value === null) delete result[key];
        else if (isMap(value)) result[key] = mergeInto(result[key], value);
        else if (Array.isArray(value)) result[key] = mergeList(result[key], value, mergeKeys[key] ?? "name");
        else result[key] = value;
    }
    return result;
}

function mergeList(lower: unknown, upper: readonly unknown[], key: string): unknown[] {
    const named = (items: readonly unknown[]) => items.every((item) => isMap(item) && typeof item[key] === "string");
    if (!Array.isArray(lower) || !named(lower) || !named(upper)) return [...upper];
    const result = [...lower] as Plain[];
    for (const item of upper as Plain[]) {
        const index = result.findIndex((existing) => existing[key] === item[key]);
        if (item["$patch"] === "delete") {
            if (index >= 0) result.splice(index, 1);
        } else if (index < 0) result.push(item);
        else result[index] = mergeInto(result[index], item);
    }
    return result;
}

/** A deep copy in which values that are not known yet stay the same object. */
function clone(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(clone);
    if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clone(inner)]));
    return value;
}
