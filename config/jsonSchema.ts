import { z } from "zod";
import { credentialsOwner } from "./credentials";
import type { PlatformConfig } from "./platform";
import { ruleOf } from "./secrets";
import { stackFields } from "./stack";

/** JSON Schema of one complete part, including its required keys. */
export const jsonSchemaOf = (schema: z.ZodType): Record<string, unknown> =>
    z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });

/**
 * JSON Schema of a stack file, for completion and checks in editors.
 *
 * No key is required, because it may be set in a lower layer.
 */
export function stackJsonSchema(platforms: readonly PlatformConfig[]): object {
    const instance = { anyOf: platforms.map(({ schema }) => optional(jsonSchemaOf(schema))) };
    const own = Object.entries(stackFields).map(([key, schema]) => [`plinth:${key}`, jsonSchemaOf(schema)] as const);
    const values = platforms.flatMap(({ secrets }) =>
        Object.keys(secrets).map((key) => [key, { description: ruleOf(secrets, key)!.purpose }] as const),
    );
    return {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        title: "A stack of Plinth",
        type: "object",
        properties: {
            config: {
                type: "object",
                properties: {
                    ...Object.fromEntries(own),
                    "plinth:defaults": instance,
                    "plinth:instances": { type: "object", additionalProperties: instance },
                    "plinth:secrets": {
                        type: "object",
                        properties: { [credentialsOwner]: { type: "object" } },
                        additionalProperties: {
                            type: "object",
                            properties: Object.fromEntries(values),
                            additionalProperties: false,
                        },
                    },
                },
            },
        },
    };
}

/** Removes required keys. Alternatives that differed only in these may then overlap. */
function optional(schema: unknown): unknown {
    if (Array.isArray(schema)) return schema.map(optional);
    if (typeof schema !== "object" || schema === null) return schema;
    const { required: _, $schema: __, oneOf, ...rest } = schema as Record<string, unknown>;
    return Object.fromEntries(
        Object.entries({ ...rest, ...(oneOf ? { anyOf: oneOf } : {}) }).map(([key, inner]) => [key, optional(inner)]),
    );
}
