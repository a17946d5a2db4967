import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import type { RenderedObject } from "../../operations/render/rendering";
import { stackNames } from "../../operations/stackfile/stackFile";
import { imagesOf } from "../../platforms/platform";
import { jsonSchemaOf } from "../../config/jsonSchema";
import { stackFields } from "../../config/stack";
import { platforms } from "../support/storagePlatform";
import type { Samples, Schema } from "./grammar";

/** Material for mutants: the fixture stacks, what they render, and the schemas of what may be written. */

type Keys = Readonly<Record<string, unknown>>;

export interface Base {
    readonly name: string;
    readonly text: string;
    readonly config: Keys;
    /** As the golden file has them. */
    readonly objects: readonly RenderedObject[];
}

const tests = join(__dirname, "..");
const read = (...path: string[]) => readFileSync(join(tests, ...path), "utf8");

export const bases: readonly Base[] = stackNames(join(tests, "stacks"))
    .sort()
    .map((name) => {
        const text = read("stacks", `Pulumi.${name}.yaml`);
        let objects: RenderedObject[] | undefined;
        return {
            name,
            text,
            config: (parse(text) as { config: Keys }).config,
            get objects() {
                return (objects ??= parseAllDocuments(read("golden", `${name}.yaml`)).map(
                    (document) => document.toJS() as RenderedObject,
                ));
            },
        };
    });

/** By the platform's name. */
export const instanceSchemas = new Map<string, Schema>(
    Object.entries(platforms).map(([name, { config }]) => [name, jsonSchemaOf(config.schema) as Schema]),
);

/** By the key of the configuration, with the project's name. */
export const stackSchemas = new Map<string, Schema>(
    Object.entries(stackFields).map(([key, schema]) => [`plinth:${key}`, jsonSchemaOf(schema) as Schema]),
);

/**
 * Every secret that a platform knows, as if encrypted in the stack's file; except those of Qualtrics, which require
 * its other keys.
 */
export const secretsOf = (platform: string): Keys =>
    Object.fromEntries(
        Object.keys(platforms[platform]?.config.secrets ?? {})
            .filter((key) => !key.startsWith("qualtrics"))
            .map((key) => [key, { secure: "v1:AAAA:AAAA" }]),
    );

/** Texts of the fixtures by the key that they stand at, so that a mutant has hosts where hosts belong. */
export const samples: Samples = collected();

function collected(): Map<string, string[]> {
    const found = new Map<string, string[]>();
    const add = (key: string, text: string) => {
        if (!found.get(key)?.includes(text)) found.set(key, [...(found.get(key) ?? []), text]);
    };
    const visit = (key: string, value: unknown): void => {
        if (typeof value === "string") add(key, value);
        else if (Array.isArray(value)) value.forEach((item) => visit(key, item));
        else if (typeof value === "object" && value !== null)
            Object.entries(value).forEach(([inner, content]) => visit(inner, content));
    };
    for (const { config } of bases) visit("", config);
    return found;
}

/** A name of the golden files without prefix and hash: what patches address. */
export const logicalName = (name: string): string => name.replace(/^acme-/, "").replace(/-[0-9a-f]{10}$/, "");

const isWorkload = ({ kind }: RenderedObject): boolean => /^(Deployment|StatefulSet|CronJob|Job)$/.test(kind);

/** Keys that mean something in the maps of an instance whose keys are names, by the key of the map. */
export function partsOf({ objects }: Base, map: string): readonly string[] | undefined {
    const named = (wanted: (object: RenderedObject) => boolean) =>
        objects.filter(wanted).map(({ metadata }) => logicalName(metadata.name));
    switch (map) {
        case "volumes":
            return named(({ kind }) => kind === "PersistentVolumeClaim");
        case "images": {
            const text = JSON.stringify(objects);
            return imagesOf(platforms).flatMap(({ name, reference }) =>
                text.includes(reference.replace(/^docker\.io\//, "")) ? [name] : [],
            );
        }
        case "replicas":
        case "resources":
        case "env":
        case "restartedAt":
            return named(isWorkload);
        default:
            return undefined;
    }
}
