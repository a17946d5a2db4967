import { suggest } from "../../config/problems";
import { allowed, type ComposeProblem, type Path } from "../errors";
import { fingerprint, Instant, kindOf, type Node } from "../node";
import text from "./compose-spec.json";

/**
 * The keywords of JSON Schema that the specification's schema uses; a test holds that there are no others. They are
 * evaluated on nodes, since a general validator takes longer to compile this schema than it takes to load a project.
 */
export interface Schema {
    readonly $ref?: string;
    readonly type?: string | readonly string[];
    readonly enum?: readonly string[];
    readonly pattern?: string;
    readonly minimum?: number;
    readonly maximum?: number;
    readonly required?: readonly string[];
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly patternProperties?: Readonly<Record<string, Schema>>;
    readonly additionalProperties?: boolean;
    readonly unevaluatedProperties?: boolean;
    readonly items?: Schema;
    readonly uniqueItems?: boolean;
    readonly allOf?: readonly Schema[];
    readonly anyOf?: readonly Schema[];
    readonly oneOf?: readonly Schema[];
}

/** Problem with the kinds that would be allowed, so that alternatives can be told in one message. */
interface Found extends ComposeProblem {
    readonly kinds?: readonly string[];
}

const kinds: Readonly<Record<string, string>> = {
    object: "a mapping",
    array: "a list",
    string: "a text",
    number: "a number",
    integer: "an integer",
    boolean: "true or false",
    null: "nothing",
};

/**
 * What a model has that the specification's schema does not allow.
 *
 * @returns nothing if it is valid
 */
export function schemaProblems(root: Node): readonly ComposeProblem[] {
    return new Validation(text as { $defs: Record<string, Schema> }).problems(text as unknown as Schema, root, []);
}

class Validation {
    private readonly patterns = new Map<string, RegExp>();

    constructor(private readonly root: { readonly $defs: Readonly<Record<string, Schema>> }) {}

    problems(schema: Schema, node: Node, path: Path): readonly Found[] {
        const wrong = (message: string, more: Partial<Found> = {}): Found => ({
            place: node.at,
            path,
            message,
            ...more,
        });
        const found: Found[] = [];
        if (schema.$ref) found.push(...this.problems(this.resolve(schema.$ref), node, path));
        const types = schema.type === undefined ? [] : [schema.type].flat();
        if (types.length > 0 && !types.some((type) => hasType(node, type)))
            return [
                wrongKind(
                    node,
                    path,
                    types.map((type) => kinds[type]!),
                ),
            ];
        const value = node.kind === "scalar" ? jsonOf(node.value) : undefined;
        if (schema.enum && !schema.enum.some((one) => one === value))
            found.push(wrong(`is ${JSON.stringify(value)}; ${allowed(schema.enum)}`));
        if (schema.pattern && typeof value === "string" && !this.pattern(schema.pattern).test(value))
            found.push(wrong(`is ${JSON.stringify(value)}; ${allowed([readable(schema.pattern)])}`));
        if (schema.minimum !== undefined && typeof value === "number" && value < schema.minimum)
            found.push(wrong(`is ${value}; allowed: ${schema.minimum} or more`));
        if (schema.maximum !== undefined && typeof value === "number" && value > schema.maximum)
            found.push(wrong(`is ${value}; allowed: ${schema.maximum} or less`));
        if (node.kind === "mapping") found.push(...this.mapping(schema, node, path));
        if (node.kind === "sequence") found.push(...this.list(schema, node, path));
        for (const inner of schema.allOf ?? []) found.push(...this.problems(inner, node, path));
        for (const choice of [schema.oneOf, schema.anyOf]) if (choice) found.push(...this.choice(choice, node, path));
        return found;
    }

    private mapping(schema: Schema, node: Node & { kind: "mapping" }, path: Path): readonly Found[] {
        const found: Found[] = (schema.required ?? []).flatMap((key) =>
            node.entries.has(key) ? [] : [{ place: node.at, path, message: `lacks the key "${key}"` }],
        );
        for (const [key, { node: inner, at }] of node.entries) {
            const schemas = this.schemasFor(schema, key);
            for (const one of schemas)
                // The key is easier to find than a value that may begin in the next line.
                found.push(
                    ...this.problems(one, inner, [...path, key]).map((problem) =>
                        problem.path.length === path.length + 1 ? { ...problem, place: at } : problem,
                    ),
                );
            const isClosed =
                (schema.additionalProperties === false && schemas.length === 0) ||
                (schema.unevaluatedProperties === false && !this.knows(schema, key));
            if (isClosed) found.push({ place: at, path: [...path, key], message: this.unknown(schema, key) });
        }
        return found;
    }

    private schemasFor(schema: Schema, key: string): readonly Schema[] {
        const own = schema.properties && Object.hasOwn(schema.properties, key) ? [schema.properties[key]!] : [];
        const matching = Object.entries(schema.patternProperties ?? {}).filter(([pattern]) =>
            this.pattern(pattern).test(key),
        );
        return [...own, ...matching.map(([, one]) => one)];
    }

    /** Whether the schema or one that it is made of says what a key is. */
    private knows(schema: Schema, key: string): boolean {
        return (
            this.schemasFor(schema, key).length > 0 ||
            (schema.$ref !== undefined && this.knows(this.resolve(schema.$ref), key)) ||
            (schema.allOf ?? []).some((one) => this.knows(one, key))
        );
    }

    private unknown(schema: Schema, key: string): string {
        const names = (one: Schema): string[] => [
            ...Object.keys(one.properties ?? {}),
            ...(one.$ref ? names(this.resolve(one.$ref)) : []),
            ...(one.allOf ?? []).flatMap(names),
        ];
        const known = names(schema).sort();
        if (known.length > 0) return `is no key here${suggest(key, known)}; ${allowed([...known, "x-…"])}`;
        const patterns = Object.keys(schema.patternProperties ?? {}).map(readable);
        return patterns.length > 0 ? `is no name; ${allowed(patterns)}` : "is not allowed here";
    }

    private list(schema: Schema, node: Node & { kind: "sequence" }, path: Path): readonly Found[] {
        const found = schema.items
            ? node.items.flatMap((item, i) => this.problems(schema.items!, item, [...path, i]))
            : [];
        if (!schema.uniqueItems) return found;
        const seen = new Set<string>();
        node.items.forEach((item, i) => {
            const print = fingerprint(item);
            if (seen.has(print))
                found.push({ place: item.at, path: [...path, i], message: "occurs twice in this list" });
            seen.add(print);
        });
        return found;
    }

    /** One alternative has to fit. If none does, those count that came farthest. */
    private choice(schemas: readonly Schema[], node: Node, path: Path): readonly Found[] {
        const results = schemas.map((schema) => this.problems(schema, node, path));
        if (results.some((result) => result.length === 0)) return [];
        const depth = (result: readonly Found[]) => Math.max(...result.map((problem) => problem.path.length));
        const deepest = Math.max(...results.map(depth));
        const best = results.filter((result) => depth(result) === deepest);
        const wanted = [...new Set(best.flatMap((result) => result.flatMap((problem) => problem.kinds ?? [])))];
        const isKind = best.every(
            (result) => result.length === 1 && result[0]!.kinds && result[0]!.path.length === path.length,
        );
        return isKind ? [wrongKind(node, path, wanted)] : (best.find((result) => !result[0]!.kinds) ?? best[0]!);
    }

    private resolve(ref: string): Schema {
        return this.root.$defs[ref.replace("#/$defs/", "")]!;
    }

    private pattern(text: string): RegExp {
        const known = this.patterns.get(text) ?? new RegExp(text, "u");
        this.patterns.set(text, known);
        return known;
    }
}

const wrongKind = (node: Node, path: Path, wanted: readonly string[]): Found => ({
    place: node.at,
    path,
    message: `is ${kindOf(node)}; ${allowed(wanted)}`,
    kinds: wanted,
});

/** As it stands in JSON, where a number without fraction is an integer. */
function jsonOf(value: (Node & { kind: "scalar" })["value"]): string | number | boolean | null {
    if (value instanceof Instant) return value.json;
    return typeof value === "bigint" ? Number(value) : value;
}

function hasType(node: Node, type: string): boolean {
    if (node.kind !== "scalar") return type === (node.kind === "mapping" ? "object" : "array");
    const value = jsonOf(node.value);
    if (value === null) return type === "null";
    if (typeof value === "number")
        return Number.isFinite(value) && (type === "number" || (type === "integer" && Number.isInteger(value)));
    return type === typeof value;
}

/** A pattern as people write alternatives. */
const readable = (pattern: string): string =>
    pattern === "^[a-zA-Z0-9._-]+$"
        ? "letters, digits and . _ -"
        : pattern.replace(/^\^\(?|\)?\$$/g, "").replaceAll("|", ", ");

/** Keys that whatever runs a container can have. */
export const containerKeys: readonly string[] = Object.keys(text.$defs.container_spec.properties);
