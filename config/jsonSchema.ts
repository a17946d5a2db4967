import { z } from "zod";
import { credentialsOwner } from "./credentials";
import type { PlatformConfig } from "./platform";
import { ruleOf } from "./secrets";
import { stackFields } from "./stack";

/** What may be written of one part, in full: with the keys that it must have. */
export const jsonSchemaOf = (schema: z.ZodType): Record<string, unknown> =>
    z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });

/**
 * JSON Schema of a stack file, for completion and checks in editors.
 *
 * It describes what may be written, not what is complete: a key may also stand in a lower layer, so none is required.
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

/** Without required keys; alternatives that only these told apart may then overlap. */
function optional(schema: unknown): unknown {
    if (Array.isArray(schema)) return schema.map(optional);
    if (typeof schema !== "object" || schema === null) return schema;
    const { required: _, $schema: __, oneOf, ...rest } = schema as Record<string, unknown>;
    return Object.fromEntries(
        Object.entries({ ...rest, ...(oneOf ? { anyOf: oneOf } : {}) }).map(([key, inner]) => [key, optional(inner)]),
    );
}
