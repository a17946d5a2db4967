import { applyPatch, type Operation } from "rfc6902";
import { MissingError, TestError } from "rfc6902/patch";
import type { PatchConfig } from "../config/fields";
import { Value } from "../config/value";

type Plain = Record<string, unknown>;

const isMap = (value: unknown): value is Plain =>
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Value);

/** The key that identifies an item of a list, after Kubernetes' own merge keys; `name` for all others. */
const mergeKeys: ReadonlyMap<string, string> = new Map([
    ["volumeMounts", "mountPath"],
    ["hostAliases", "ip"],
    ["topologySpreadConstraints", "topologyKey"],
]);

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
    // The library would take apart what is not known yet where an operation copies it.
    const outputs = new Map<unknown, unknown>();
    const copy = clone(object, (output) => {
        const token = Symbol();
        outputs.set(token, output);
        return token;
    }) as Plain;
    const failed = patch.flatMap((operation, index) => {
        const reason = failureOf(copy, operation);
        return reason ? [`operation ${index + 1} (${operation.op} ${operation.path}): ${reason}`] : [];
    });
    if (failed.length > 0) throw new Error(failed.join("; "));
    return clone(copy, (token) => outputs.get(token)) as Plain;
}

/** The library passes over these in a path, and the operation would change something else. */
const unaddressable = /\/(__proto__|constructor|prototype)(\/|$)/;

/** Applies one operation. @returns why it does not fit, if it does not */
function failureOf(object: Plain, operation: Operation): string | undefined {
    const paths = "from" in operation ? [operation.from, operation.path] : [operation.path];
    const refused = paths.find((path) => unaddressable.test(path) || !/^(\/|$)/.test(path));
    if (refused !== undefined)
        return `${JSON.stringify(refused)} is not allowed; allowed: a path such as /spec/replicas`;
    try {
        const [error] = applyPatch(object, [clone(operation) as Operation]);
        if (error instanceof MissingError) return "there is nothing";
        if (error instanceof TestError) return "the value there is another";
        return error ? "it cannot be applied" : undefined;
    } catch {
        // The library writes into a text or a number as if it were a map.
        return "there is no map or list to change";
    }
}

function mergeInto(lower: unknown, upper: Plain): Plain {
    const result: Plain = isMap(lower) ? { ...lower } : {};
    for (const [key, value] of Object.entries(upper)) {
        if (value === null) delete result[key];
        else if (isMap(value)) result[key] = mergeInto(result[key], value);
        else if (Array.isArray(value)) result[key] = mergeList(result[key], value, mergeKeys.get(key) ?? "name");
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

/**
 * A deep copy.
 *
 * @param other what takes the place of a value that is not known yet, or of what stands for one. @default the same
 */
function clone(value: unknown, other: (value: unknown) => unknown = (same) => same): unknown {
    if (Array.isArray(value)) return value.map((item) => clone(item, other));
    if (isMap(value))
        return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clone(inner, other)]));
    return typeof value === "symbol" || value instanceof Value ? other(value) : value;
}
