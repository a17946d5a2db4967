import { Document, stringify } from "yaml";
import { extraFor, omissionFor, patchFor } from "./customisations";
import { Dice } from "./dice";
import { Grammar, type Schema } from "./grammar";
import { type Base, bases, instanceSchemas, partsOf, samples, secretsOf, stackSchemas } from "./ground";
import { mutateText } from "./textMutations";
import { mutateTree } from "./treeMutations";
import { nastyTexts, prototypeKeys, withKey } from "./values";

/** A stack's file that differs from a fixture's. */
export interface Mutant {
    /** What it follows from: the same seed yields the same mutant. */
    readonly seed: number;
    /** The fixture, and each step from it, in words. */
    readonly story: readonly string[];
    readonly file: Buffer;
}

type Plain = Record<string, unknown>;

const grammar = new Grammar(samples);

export function mutantOf(seed: number): Mutant {
    const dice = new Dice(seed);
    // Neighbouring seeds would begin alike.
    for (let turn = 0; turn < 3; turn += 1) dice.below(2);
    const base = dice.among(bases);
    const config = startOf(base, dice);
    const story = [base.name];
    const kind = dice.below(20);
    if (kind < 2) {
        let file = Buffer.from(dice.chance(0.3) ? base.text : stringify({ config }, { indent: 4 }));
        for (let left = 1 + dice.below(2); left > 0; left -= 1) {
            const [next, what] = mutateText(file, dice);
            file = Buffer.from(next);
            story.push(what);
        }
        return { seed, story, file };
    }
    for (let left = kind < 5 ? dice.below(2) : 1 + dice.below(3); left > 0; left -= 1)
        story.push(vary(config, base, dice));
    const document = new Document({ config });
    if (kind < 5) for (let left = 1 + dice.below(2); left > 0; left -= 1) story.push(mutateTree(document, dice));
    return { seed, story, file: Buffer.from(document.toString({ lineWidth: 0 })) };
}

/** A copy of a fixture's configuration, mostly with a single instance and with all secrets that it may want. */
function startOf({ config }: Base, dice: Dice): Plain {
    const copy = structuredClone(config) as Plain;
    const instances = copy["plinth:instances"] as Record<string, Plain>;
    const names = Object.keys(instances);
    const kept = names.length > 1 && dice.chance(0.85) ? [dice.among(names)] : names;
    copy["plinth:instances"] = Object.fromEntries(kept.map((name) => [name, instances[name]]));
    const secrets = (copy["plinth:secrets"] ?? {}) as Plain;
    const own = kept.map((name) => {
        const written = secrets[name] as Plain | undefined;
        return [name, dice.chance(0.9) ? { ...secretsOf(platformOf(copy, name)), ...written } : written] as const;
    });
    copy["plinth:secrets"] = Object.fromEntries([
        ...own.filter(([, values]) => values !== undefined),
        ...Object.entries(secrets).filter(([name]) => name === "images"),
    ]);
    return copy;
}

const platformOf = (config: Plain, name: string): string => {
    const instance = (config["plinth:instances"] as Record<string, Plain>)[name]!;
    return String(instance["platform"] ?? (config["plinth:defaults"] as Plain | undefined)?.["platform"]);
};

/** Writes something that the schema allows, or nearly. @returns what was done, in words */
function vary(config: Plain, base: Base, dice: Dice): string {
    const instances = config["plinth:instances"] as Record<string, Plain>;
    const name = dice.among(Object.keys(instances));
    const instance = instances[name]!;
    switch (dice.below(16)) {
        case 0: {
            const key = dice.among([...stackSchemas.keys()]);
            return vaguely(config, key, stackSchemas.get(key)!, base, dice);
        }
        case 1: {
            const list = dice.among(["patches", "omit", "extraObjects"]);
            const make = { patches: patchFor, omit: omissionFor, extraObjects: extraFor }[list]!;
            instance[list] = [...((instance[list] as unknown[] | undefined) ?? []), make(base, dice)];
            return `${name}.${list}`;
        }
        case 2:
        case 3: {
            const list = dice.among(["patches", "extraObjects"]);
            instance[list] = [(list === "patches" ? patchFor : extraFor)(base, dice)];
            return `${name}.${list}`;
        }
        case 4: {
            const other = dice.among(["b", "shop-2", "x".repeat(40), "x".repeat(41), ...prototypeKeys, ...nastyTexts]);
            Object.assign(
                instances,
                withKey(other, {
                    ...structuredClone(instance),
                    ...(dice.chance(0.7) ? { host: "b.example.org" } : {}),
                }),
            );
            return `another instance ${JSON.stringify(other)}`;
        }
        case 5: {
            const map = dice.among([
                "labels",
                "annotations",
                "env",
                "images",
                "replicas",
                "resources",
                "volumes",
                "quota",
            ]);
            const key = dice.among([...prototypeKeys, ...nastyTexts]);
            const near = Object.values((instance[map] ?? {}) as Plain)[0];
            instance[map] = {
                ...(instance[map] as Plain | undefined),
                ...withKey(key, near ?? dice.among(["1", 1, {}, { a: "b" }])),
            };
            return `${name}.${map} with ${JSON.stringify(key)}`;
        }
        case 6: {
            const layer = dice.among(["plinth:defaults", "plinth:base"]);
            const target = (config[layer] ??= {}) as Plain;
            const schema = instanceSchemas.get(platformOf(config, name));
            const key = dice.among(Object.keys(schema?.properties ?? { labels: {} }));
            return `${layer}: ${vaguely(target, key, schema?.properties?.[key] ?? {}, base, dice)}`;
        }
        default: {
            const { properties = {} } = instanceSchemas.get(platformOf(config, name)) ?? {};
            const key = dice.among(Object.keys(properties).filter((candidate) => candidate !== "platform"));
            return `${name}.${vaguely(instance, key, properties[key]!, base, dice)}`;
        }
    }
}

/** Writes a value at a key that its schema allows: all of it, or one part of what is there. */
function vaguely(target: Plain, key: string, schema: Schema, base: Base, dice: Dice): string {
    const parts = partsOf(base, key);
    if (parts !== undefined && typeof schema.additionalProperties === "object") {
        if (parts.length === 0) return key;
        const part = dice.among(parts);
        target[key] = {
            ...(target[key] as Plain | undefined),
            [part]: grammar.value(schema.additionalProperties, dice, part, 1),
        };
        return `${key}.${part}`;
    }
    const alternative = schema.anyOf ? alternativeOf(schema.anyOf, target[key]) : schema;
    if (isPlain(target[key]) && alternative?.properties && dice.chance(0.6)) {
        const inner = dice.among(Object.keys(alternative.properties));
        target[key] = { ...target[key], [inner]: grammar.value(alternative.properties[inner]!, dice, inner, 1) };
        return `${key}.${inner}`;
    }
    target[key] = grammar.value(schema, dice, key);
    return key;
}

/** The alternative whose constants a value has. */
const alternativeOf = (alternatives: readonly Schema[], value: unknown): Schema | undefined =>
    alternatives.find(
        ({ properties }) =>
            properties !== undefined &&
            isPlain(value) &&
            Object.entries(properties).every(([key, schema]) => !("const" in schema) || value[key] === schema.const),
    );

const isPlain = (value: unknown): value is Plain =>
    typeof value === "object" && value !== null && !Array.isArray(value);
