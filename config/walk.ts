import { z } from "zod";

/** The value at a path, or undefined if the path does not exist. */
export function at(value: unknown, path: readonly PropertyKey[]): unknown {
    return path.reduce<unknown>(
        (inner, key) =>
            typeof inner === "object" && inner !== null && Object.hasOwn(inner, key)
                ? (inner as Record<PropertyKey, unknown>)[key]
                : undefined,
        value,
    );
}

/**
 * Strips defaults, optionals and transforms, and selects the alternative that matches the value's discriminator.
 *
 * @param passed called with every schema on the way, including the last one
 */
export function unwrap(schema: z.ZodType, value: unknown, passed: (schema: z.ZodType) => void = () => {}): z.ZodType {
    passed(schema);
    if (
        schema instanceof z.ZodOptional ||
        schema instanceof z.ZodDefault ||
        schema instanceof z.ZodPrefault ||
        schema instanceof z.ZodNullable
    )
        return unwrap(schema.unwrap() as z.ZodType, value, passed);
    if (schema instanceof z.ZodPipe) return unwrap(schema.in as z.ZodType, value, passed);
    if (schema instanceof z.ZodUnion) {
        const options = schema.options as z.ZodType[];
        const discriminator = schema instanceof z.ZodDiscriminatedUnion ? schema.def.discriminator : undefined;
        const chosen = options.find((option) =>
            option instanceof z.ZodObject && discriminator !== undefined
                ? (option.shape[discriminator] as z.ZodType).safeParse(at(value, [discriminator])).success
                : option instanceof z.ZodObject,
        );
        return chosen ? unwrap(chosen, value, passed) : schema;
    }
    return schema;
}
