import fc from "fast-check";
import { z } from "zod";
import { instanceFields, server } from "../../config/fields";
import { ownIn } from "../../config/own";
import type { PlatformConfig } from "../../config/platform";

export type Keys = Readonly<Record<string, unknown>>;

/**
 * Values of a schema, as far as its form tells them: alternatives, enumerations, switches and servers. Undefined for
 * what only its platform can say, such as a text with a meaning of its own.
 */
function valuesOf(schema: z.ZodType): fc.Arbitrary<unknown> | undefined {
    if (schema === server) return fc.integer({ min: 1, max: 250 }).map((last) => `10.1.2.${last}`);
    if (
        schema instanceof z.ZodOptional ||
        schema instanceof z.ZodDefault ||
        schema instanceof z.ZodPrefault ||
        schema instanceof z.ZodNullable
    )
        return valuesOf(schema.unwrap() as z.ZodType);
    if (schema instanceof z.ZodLiteral) return fc.constantFrom(...schema.values);
    if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options);
    if (schema instanceof z.ZodBoolean) return fc.boolean();
    if (schema instanceof z.ZodUnion) {
        const options = (schema.options as z.ZodType[]).flatMap((option) => valuesOf(option) ?? []);
        return options.length > 0 ? fc.oneof(...options) : undefined;
    }
    if (schema instanceof z.ZodObject) {
        const keys = Object.entries(schema.shape as Readonly<Record<string, z.ZodType>>);
        const required = keys.filter(([, inner]) => !inner.safeParse(undefined).success).map(([key]) => key);
        const known = keys.flatMap(([key, inner]) => {
            const values = valuesOf(inner);
            return values ? [[key, values] as const] : [];
        });
        const names = known.map(([key]) => key);
        if (!required.every((key) => names.includes(key))) return undefined;
        return fc
            .record(Object.fromEntries(known), { requiredKeys: required })
            .filter((value) => schema.safeParse(value).success);
    }
    return undefined;
}

/**
 * Random instances of a platform: what all platforms have, and its own keys by their form.
 *
 * @param common values of the keys that all platforms have, and of any others that are drawn alike
 * @param more values that mean more than their form says, or belong together; they win. @default none
 */
export function instancesOf(
    { name, schema }: PlatformConfig,
    common: Readonly<Record<string, fc.Arbitrary<unknown>>>,
    more: fc.Arbitrary<Keys> = fc.constant({}),
): fc.Arbitrary<Keys & { readonly platform: string }> {
    if (!(schema instanceof z.ZodObject)) throw new RangeError(`the schema of ${name} is not one of a map`);
    const own = Object.entries(schema.shape as Readonly<Record<string, z.ZodType>>).flatMap(([key, inner]) => {
        const values = Object.hasOwn(instanceFields, key) ? undefined : valuesOf(inner);
        return values ? [[key, values] as const] : [];
    });
    return fc
        .tuple(fc.record({ ...Object.fromEntries(own), ...common }, { requiredKeys: [] }), more)
        .map(([keys, chosen]) => ({ ...keys, ...chosen, platform: name }));
}

/** The same instance with unique values: its own hosts and locations on external servers. */
export function apart(schema: z.ZodType, name: string, keys: Keys): Keys {
    const changed = structuredClone(keys) as Record<string, unknown>;
    // The pods' identity excludes keys, which all of these instances have.
    const storage = changed["objectStorage"] as { identity?: unknown } | undefined;
    if (storage) delete storage.identity;
    ownIn(schema, keys).forEach(({ path, own, value }, index) => {
        if (!own.identity) return;
        const fresh = own.fresh?.(name);
        if (own.what === "host" && typeof value === "string") set(changed, path, `h${index}.${name}.example.org`);
        else if (fresh !== undefined) set(changed, path, fresh);
        else if (path.at(-1) === "host" && own.what !== "host") set(changed, path, `redis.${name}.example.org`);
    });
    return changed;
}

function set(value: Record<string, unknown>, [key, ...rest]: readonly string[], to: unknown): void {
    if (rest.length === 0) value[key!] = to;
    else set((value[key!] ??= {}) as Record<string, unknown>, rest, to);
}
