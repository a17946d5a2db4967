import type { PatchConfig } from "../config/fields";
import { show, suggest } from "../config/problems";
import { Value } from "../config/value";
import fieldsOfKubernetes from "./kubernetesFields.json";
import { isKnownKind, workloads } from "./kinds";
import { podOf } from "./references";

/** A part of an object that Kubernetes could not parse or would never accept. */
export interface Misfit {
    readonly path: readonly string[];
    /** Message with the value and what is allowed. */
    readonly message: string;
}

interface Field {
    readonly type: string;
    readonly required: boolean;
}

type Plain = Readonly<Record<string, unknown>>;

/** Types by apiVersion and kind. */
const kinds: ReadonlyMap<string, string> = new Map(Object.entries(fieldsOfKubernetes.kinds));

/** Fields by type, from lists such as `name!:string image:string`. */
const fieldsOfTypes: ReadonlyMap<string, ReadonlyMap<string, Field>> = new Map(
    Object.entries(fieldsOfKubernetes.types).map(([type, list]) => [
        type,
        new Map(
            list
                .split(" ")
                .filter(Boolean)
                .map((text) => {
                    const [name, inner] = text.split(":") as [string, string];
                    return [name.replace("!", ""), { type: inner, required: name.endsWith("!") }];
                }),
        ),
    ]),
);

/** Descriptions of allowed values by field type, except maps and lists. */
const scalars: Readonly<Record<string, readonly [allowed: string, fits: (value: unknown) => boolean]>> = {
    string: ["a text; a number or boolean in quotes", (value) => typeof value === "string"],
    boolean: ["true or false", (value) => typeof value === "boolean"],
    number: ["a number", (value) => typeof value === "number" && Number.isFinite(value)],
    int32: ["a whole number below 2147483648", (value) => isWithin(value, 2 ** 31)],
    int64: ["a whole number", (value) => isWithin(value, 2 ** 53)],
    "int-or-string": ["a whole number or a text", (value) => typeof value === "string" || isWithin(value, 2 ** 31)],
    quantity: [
        "a quantity such as 500m, 256Mi or 10Gi",
        (value) =>
            (typeof value === "number" && Number.isFinite(value)) ||
            (typeof value === "string" && quantity.test(value)),
    ],
    any: ["anything", () => true],
};

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const quantity = /^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;

const isWithin = (value: unknown, bound: number): boolean =>
    typeof value === "number" && Number.isInteger(value) && value >= -bound && value < bound;

interface AnyObject {
    readonly apiVersion: string;
    readonly kind: string;
    readonly [field: string]: unknown;
}

/**
 * Everything in an object of Kubernetes' own kinds that the API server could not parse: unknown fields, missing fields,
 * values of the wrong type. Kinds of operators are not checked.
 */
export function formProblems(object: AnyObject): Misfit[] {
    const type = kinds.get(`${object.apiVersion} ${object.kind}`);
    const problems = type === undefined ? [] : check(object, type, []);
    return problems.length === 0 && isKnownKind(object) && workloads.includes(object.kind)
        ? podProblems(object)
        : problems;
}

/** Checks of workloads that the types do not cover. */
function podProblems(object: AnyObject): Misfit[] {
    if (!podOf(object))
        return [{ path: ["spec"], message: "has no template with the containers of its pods; required for this kind" }];
    const { selector, template } = object["spec"] as {
        selector?: { matchLabels?: Plain };
        template?: { metadata?: { labels?: Plain } | null };
    };
    const labels = template?.metadata?.labels ?? {};
    const missed = Object.entries(selector?.matchLabels ?? {}).filter(([key, value]) => labels[key] !== value);
    if (missed.length === 0) return [];
    const wanted = missed.map(([key, value]) => `${key}: ${String(value)}`).join(", ");
    return [
        {
            path: ["spec", "template", "metadata", "labels"],
            message: `${show(labels)} is not allowed; allowed: the labels that spec.selector matches, ${wanted}`,
        },
    ];
}

/** The part of a path in an object that a patch can name: lists are merged by name, not by index. */
export function withinPatch(patch: PatchConfig["patch"], path: readonly string[]): string[] {
    const named: string[] = [];
    let inner: unknown = patch;
    for (const key of path) {
        if (typeof inner !== "object" || inner === null || Array.isArray(inner) || !Object.hasOwn(inner, key)) break;
        inner = (inner as Plain)[key];
        named.push(key);
    }
    return named;
}

function check(value: unknown, type: string, path: readonly string[]): Misfit[] {
    // Unknown values have the type that the program gave them.
    if (value === undefined || value instanceof Value) return [];
    const refused = (allowed: string): Misfit[] => [
        { path, message: `${show(value)} is not allowed; allowed: ${allowed}` },
    ];
    const list = /^\[(.*?)\](.*)$/.exec(type);
    if (list) {
        if (!Array.isArray(value)) return refused("a list");
        const items = value.flatMap((item, index) => check(item, list[2]!, [...path, String(index)]));
        return items.length > 0 || list[1] === "" ? items : twins(value as Plain[], list[1]!.split(","), path);
    }
    const scalar = Object.hasOwn(scalars, type) ? scalars[type] : undefined;
    if (scalar) return scalar[1](value) ? [] : refused(scalar[0]);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return refused("a map");
    if (type.startsWith("{}"))
        return Object.entries(value).flatMap(([key, inner]) => check(inner, type.slice(2), [...path, key]));
    return checkFields(value as Plain, fieldsOfTypes.get(type)!, path);
}

/**
 * Items of a list that the server could not tell apart.
 *
 * @param keys fields in which they must differ
 */
function twins(items: readonly Plain[], keys: readonly string[], path: readonly string[]): Misfit[] {
    const seen = new Set<string>();
    return items.flatMap((item, index) => {
        // A port without a protocol is one of TCP.
        const identity = keys.map((key) => [key, item[key] ?? (key === "protocol" ? "TCP" : undefined)] as const);
        const id = JSON.stringify(identity);
        if (!seen.has(id)) {
            seen.add(id);
            return [];
        }
        const what = show(Object.fromEntries(identity));
        return [{ path: [...path, String(index)], message: `${what} is already in the list; allowed: each once` }];
    });
}

function checkFields(value: Plain, fields: ReadonlyMap<string, Field>, path: readonly string[]): Misfit[] {
    const known = [...fields.keys()];
    const missing = [...fields].filter(([name, { required }]) => required && (value[name] ?? null) === null);
    return [
        ...missing.map(([name]) => ({ path: [...path, name], message: "is missing" })),
        ...Object.entries(value).flatMap(([name, inner]) => {
            const field = fields.get(name);
            // Equivalent to absent: the server drops it.
            if (inner === null && field) return [];
            if (field) return check(inner, field.type, [...path, name]);
            const message = `unknown field${suggest(name, known)}; allowed: ${known.join(", ")}`;
            return [{ path: [...path, name], message }];
        }),
    ];
}
