import type { RenderedObject } from "../../operations/render/rendering";
import type { Dice } from "./dice";
import { type Base, logicalName } from "./ground";
import { nastyScalar, nastyTexts, nastyValue, prototypeKeys, withKey } from "./values";

/** Patches, omissions and objects of the user's own that fit a base, more or less. */

type Path = readonly string[];

/** A random place within an object. */
function placeIn(object: unknown, dice: Dice): Path {
    const path: string[] = [];
    let inner = object;
    while (typeof inner === "object" && inner !== null && Object.keys(inner).length > 0) {
        if (path.length > 1 && dice.chance(0.2)) break;
        const key = dice.among(Object.keys(inner));
        path.push(key);
        inner = (inner as Record<string, unknown>)[key];
    }
    return path;
}

const at = (object: unknown, path: Path): unknown =>
    path.reduce((inner, key) => (inner as Record<string, unknown>)[key], object);

/** What may stand at a place instead: mostly of the same type, so that the object is one that a server may take. */
function otherValue(value: unknown, dice: Dice): unknown {
    if (dice.chance(0.35)) return dice.chance(0.5) ? nastyScalar(dice) : nastyValue(dice);
    switch (typeof value) {
        case "number":
            return dice.among([0, 1, 2, 8081, 65_535, 65_536, -1]);
        case "string":
            return dice.among([`${value}x`, "a", "1", "10Gi", "example.org/a:1", ...nastyTexts]);
        case "boolean":
            return !value;
        default:
            return dice.chance(0.3)
                ? null
                : Array.isArray(value)
                  ? [...(value as unknown[]), ...(value as unknown[])]
                  : { ...(value as object), extra: "x" };
    }
}

export function patchFor({ objects }: Base, dice: Dice): object {
    const object = dice.among(objects);
    const path = placeIn(object, dice);
    const value = otherValue(at(object, path), dice);
    const target = {
        kind: object.kind,
        name: dice.chance(0.03) ? dice.among(nastyTexts) : logicalName(object.metadata.name),
    };
    if (object.kind === "Namespace") target.name = "namespace";
    if (dice.chance(0.4)) {
        const pointer = `/${path.map((key) => key.replaceAll("~", "~0").replaceAll("/", "~1")).join("/")}`;
        const op = dice.among(["add", "replace", "remove", "test", "move", "copy"]);
        const from = dice.among([
            pointer,
            "/metadata/labels",
            "/spec",
            "/nowhere",
            "",
            "/__proto__",
            "/constructor/prototype/x",
        ]);
        const operation =
            op === "remove"
                ? { op, path: pointer }
                : op === "move" || op === "copy"
                  ? { op, from, path: pointer }
                  : { op, path: pointer, value };
        return { ...target, patch: [operation] };
    }
    return { ...target, patch: merging(object, path, value, dice) };
}

/** A map that puts a value at a place; lists on the way by the name of their item. */
function merging(object: unknown, path: Path, value: unknown, dice: Dice): unknown {
    const [key, ...rest] = path;
    if (key === undefined) return value;
    const inner = (object as Record<string, unknown>)[key];
    if (Array.isArray(object)) {
        const name = (inner as { name?: unknown } | undefined)?.name;
        const content = merging(inner, rest, value, dice);
        return name !== undefined && typeof content === "object" && content !== null
            ? [{ name, ...content }]
            : [content];
    }
    return withKey(dice.chance(0.02) ? dice.among(prototypeKeys) : key, merging(inner, rest, value, dice));
}

export const omissionFor = ({ objects }: Base, dice: Dice): object => {
    const { kind, metadata } = dice.among(objects);
    return { kind, name: kind === "Namespace" ? "namespace" : logicalName(metadata.name) };
};

const freeKinds = [
    "toString",
    "constructor",
    "__proto__",
    "hasOwnProperty",
    "Widget",
    "List",
    "Pod",
    "ServiceAccount",
    "Role",
    "../x",
    "a b",
    "",
];

export function extraFor({ objects }: Base, dice: Dice): object {
    const { apiVersion, kind, metadata: _, ...body } = dice.among(objects) as RenderedObject & Record<string, unknown>;
    const path = placeIn(body, dice);
    const metadata = {
        name: dice.among(["mine", "a", "x".repeat(63), "constructor", "namespace", "database"]),
        ...(dice.chance(0.2) ? { labels: { a: dice.among(nastyTexts) } } : {}),
        ...(dice.chance(0.1) ? { namespace: dice.among(["other", ...nastyTexts]) } : {}),
        ...(dice.chance(0.1)
            ? { [dice.among(["annotations", "finalizers", "ownerReferences", "generateName"])]: nastyValue(dice) }
            : {}),
    };
    const content = path.length > 0 && dice.chance(0.5) ? replaced(body, path, otherValue(at(body, path), dice)) : body;
    return {
        apiVersion: dice.chance(0.1)
            ? dice.among(["v1", "example.org/v1", "apps/v1", "toString", "a b", "../x/v1"])
            : apiVersion,
        kind: dice.chance(0.15) ? dice.among(freeKinds) : kind,
        metadata,
        ...(content as object),
    };
}

function replaced(object: unknown, [key, ...rest]: Path, value: unknown): unknown {
    if (key === undefined) return value;
    const inner = replaced((object as Record<string, unknown>)[key], rest, value);
    if (Array.isArray(object)) return object.map((item: unknown, index) => (String(index) === key ? inner : item));
    return { ...(object as object), [key]: inner };
}
