import fc from "fast-check";
import type { Dice } from "./dice";
import { nastyTexts, nastyValue } from "./values";

/** A JSON Schema, as far as those of the configuration go. */
export interface Schema {
    readonly type?: string | readonly string[];
    readonly const?: unknown;
    readonly enum?: readonly unknown[];
    readonly anyOf?: readonly Schema[];
    readonly oneOf?: readonly Schema[];
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly required?: readonly string[];
    readonly propertyNames?: Schema;
    readonly additionalProperties?: Schema | boolean;
    readonly items?: Schema;
    readonly minItems?: number;
    readonly minimum?: number;
    readonly maximum?: number;
    readonly pattern?: string;
    readonly minLength?: number;
    readonly maxLength?: number;
}

/** Useful strings, by the key that they belong to. */
export type Samples = ReadonlyMap<string, readonly string[]>;

/** Strings that fit many rules that the schema does not show. */
const usualTexts = [
    "10Gi",
    "512Mi",
    "1",
    "250m",
    "0",
    "example.org",
    "a.example.org",
    "192.0.2.1",
    "2001:db8::1",
    "192.0.2.0/24",
    "2001:db8::/32",
    "ops@example.org",
    "https://example.org",
    "https://s3.example.org:9000/path",
    "registry.example.org/team/web:2.1",
    "a",
    "abc",
    "A_b-c.d9",
    "a".repeat(63),
    "Europe/Paris",
    "0 3 * * *",
    "*/5 * * * *",
    "/srv/data",
    "general/locale/code",
];

/** Makes values that a schema allows: ordinary ones, those at its bounds, and unintended ones that it allows. */
export class Grammar {
    private readonly arbitraries = new Map<string, fc.Arbitrary<string> | undefined>();

    constructor(private readonly samples: Samples) {}

    value(schema: Schema, dice: Dice, key = "", depth = 0): unknown {
        if ("const" in schema) return schema.const;
        if (schema.enum) return dice.among(schema.enum);
        const alternatives = schema.anyOf ?? schema.oneOf;
        if (alternatives) return this.value(dice.among(alternatives), dice, key, depth);
        const { type } = schema;
        switch (typeof type === "string" ? type : type && dice.among(type)) {
            case "object":
                return this.object(schema, dice, depth);
            case "array":
                return this.list(schema, dice, key, depth);
            case "boolean":
                return dice.chance(0.5);
            case "integer":
            case "number":
                return number(schema, dice);
            case "string":
                return this.text(schema, dice, key);
            default:
                return dice.chance(0.5) ? nastyValue(dice) : this.text({}, dice, key);
        }
    }

    private object(schema: Schema, dice: Dice, depth: number): object {
        const { properties = {}, required = [], additionalProperties, propertyNames = {} } = schema;
        const share = 0.5 / (depth + 1);
        const written = Object.entries(properties).flatMap(([key, inner]) =>
            required.includes(key) || dice.chance(share)
                ? [[key, this.value(inner, dice, key, depth + 1)] as const]
                : [],
        );
        if (typeof additionalProperties === "object")
            for (let count = dice.below(3); count > 0; count -= 1) {
                const key = this.text(propertyNames, dice, "");
                written.push([key, this.value(additionalProperties, dice, key, depth + 1)]);
            }
        return Object.fromEntries(written);
    }

    private list({ items = {}, minItems = 0 }: Schema, dice: Dice, key: string, depth: number): unknown[] {
        const length = Math.max(minItems, dice.below(3));
        return Array.from({ length }, () => this.value(items, dice, key, depth + 1));
    }

    private text(schema: Schema, dice: Dice, key: string): string {
        const pattern = schema.pattern === undefined ? undefined : new RegExp(schema.pattern);
        const { minLength = 0, maxLength = Infinity } = schema;
        const fits = (text: string) =>
            (pattern?.test(text) ?? true) && text.length >= minLength && text.length <= maxLength;
        const own = (this.samples.get(key) ?? []).filter(fits);
        const known = own.length > 0 && dice.chance(0.8) ? own : usualTexts.filter(fits);
        const nasty = nastyTexts.filter(fits);
        const other = schema.pattern === undefined ? fc.string() : this.matching(schema.pattern);
        const kind = dice.below(10);
        if (kind === 0 && nasty.length > 0) return dice.among(nasty);
        if (kind === 1 && other) return dice.of(other);
        return known.length > 0 ? dice.among(known) : other ? dice.of(other) : dice.among(nastyTexts);
    }

    /** Undefined for patterns that look ahead, which fast-check cannot follow. */
    private matching(pattern: string): fc.Arbitrary<string> | undefined {
        if (!this.arbitraries.has(pattern)) this.arbitraries.set(pattern, arbitraryOf(pattern));
        return this.arbitraries.get(pattern);
    }
}

function arbitraryOf(pattern: string): fc.Arbitrary<string> | undefined {
    try {
        return fc.stringMatching(new RegExp(pattern));
    } catch {
        return undefined;
    }
}

function number({ minimum = -10, maximum = 100_000 }: Schema, dice: Dice): number {
    const middle = Math.max(minimum, Math.min(maximum, dice.among([0, 1, 2, 3, 10, 60, 100, 1000, 30_080])));
    const bounds = [minimum, maximum, Math.min(minimum + 1, maximum), 2 ** 31 - 1, 2 ** 31];
    return dice.chance(0.85) ? middle : dice.among(bounds.filter((bound) => bound >= minimum && bound <= maximum));
}
