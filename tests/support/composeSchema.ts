import { readFileSync } from "node:fs";
import { join } from "node:path";

interface Schema {
    readonly $ref?: string;
    readonly allOf?: readonly Schema[];
    readonly anyOf?: readonly Schema[];
    readonly oneOf?: readonly Schema[];
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly patternProperties?: Readonly<Record<string, Schema>>;
    readonly additionalProperties?: Schema | boolean;
    readonly items?: Schema;
    readonly $defs?: Readonly<Record<string, Schema>>;
}

/** Several spellings of one thing. */
const wholes = /(list_or_dict|list_of_strings|string_or_list|extra_hosts|command|env_file|label_file)$/;

/** Paths of all properties of the Compose specification's schema: `services.*.ports[].target`. */
export function composeProperties(): string[] {
    const file = join(__dirname, "..", "..", "compose", "schema", "compose-spec.json");
    const schema = JSON.parse(readFileSync(file, "utf8")) as Schema;
    const leaves = (given: Schema, path: string): string[] => {
        const name = given.$ref?.split("/").at(-1);
        if (name !== undefined && wholes.test(name)) return [path];
        const node = name === undefined ? given : schema.$defs![name]!;
        const inner = (child: Schema | boolean | undefined, at: string): string[] => {
            if (typeof child !== "object") return [];
            const found = leaves(child, at);
            return found.length === 1 && found[0] === at ? [] : found;
        };
        const all = [
            ...[node.allOf, node.anyOf, node.oneOf].flatMap((some) => (some ?? []).flatMap((one) => inner(one, path))),
            ...Object.entries(node.properties ?? {}).flatMap(([key, child]) => leaves(child, `${path}.${key}`)),
            ...Object.entries(node.patternProperties ?? {}).flatMap(([key, child]) =>
                key === "^x-" ? [] : leaves(child, `${path}.*`),
            ),
            ...inner(node.items, `${path}[]`),
            ...inner(node.additionalProperties, `${path}.*`),
        ];
        return all.length > 0 ? all : [path];
    };
    return [...new Set(leaves(schema, "").map((path) => path.replace(/^\./, "")))];
}
