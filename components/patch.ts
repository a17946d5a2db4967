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
 * Applies a user's patch to a copy of an object.
 *
 * A map is merged: maps deeply, `null` removes a key, lists of named items by name (`{ name, $patch: delete }` removes
 * an item), other lists are replaced. A list is a JSON Patch (RFC 6902). Unknown values are kept unchanged.
 *
 * @throws Error with the reason if an operation does not fit the object
 */
export function patchObject(object: object, patch: PatchConfig["patch"]): Plain {
    if (!Array.isArray(patch)) return mergeInto(object as Plain, patch);
    // When copying, the library would traverse unknown values.
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

/** The library ignores these in a path, so that the operation would change something else. */
const unaddressable = /\/(__proto__|constructor|prototype)(\/|$)/;

/** Applies one operation. @returns why it does not fit, or undefined */
function failureOf(object: Plain, operation: Operation): string | undefined {
    const paths = "from" in operation ? [operation.from, operation.path] : [operation.path];
    const refused = paths.find((path) => unaddressable.test(path) || !/^(\/|$)/.test(path));
    if (refused !== undefined)
        return `${JSON.stringify(refused)} is not allowed; allowed: a path such as /spec/replicas`;
    try {
        const [error] = applyPatch(object, [clone(operation) as Operation]);
        if (error instanceof MissingError) return "the path does not exist";
        if (error instanceof TestError) return "the value there is different";
        return error ? "it cannot be applied" : undefined;
    } catch {
        // The library treats texts and numbers like maps when it writes to them.
        return "the parent is not a map or list";
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
 * @param other replaces unknown values and their placeholders. @default they are kept
 */
function clone(value: unknown, other: (value: unknown) => unknown = (same) => same): unknown {
    if (Array.isArray(value)) return value.map((item) => clone(item, other));
    if (isMap(value))
        return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clone(inner, other)]));
    return typeof value === "symbol" || value instanceof Value ? other(value) : value;
}
