import * as pulumi from "@pulumi/pulumi";
import { loadStack, type RawStack } from "./load";
import type { PlatformConfig } from "./platform";
import type { StackConfig } from "./stack";

/** Secret values as the user set them, by instance and key. Their names are plain, their values never are. */
export type SecretValues = Readonly<Record<string, Readonly<Record<string, pulumi.Output<string>>>>>;

/**
 * Reads the stack's configuration: the only place that does.
 *
 * @throws ConfigError with every problem found
 */
export function readStack(platforms: readonly PlatformConfig[]): { stack: StackConfig; secrets: SecretValues } {
    const config = pulumi.runtime.allConfig();
    // Exported by the SDK but left out of its types.
    const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };
    const raw = rawStack(pulumi.getProject(), pulumi.getStack(), config, Object.keys(config).filter(isConfigSecret));
    const stack = loadStack(raw, platforms);
    const secrets = Object.entries((raw.values["secrets"] ?? {}) as Record<string, Record<string, unknown>>).map(
        ([instance, keys]) =>
            [
                instance,
                tableOf(Object.entries(keys).map(([key, value]) => [key, pulumi.secret(String(value))])),
            ] as const,
    );
    return { stack, secrets: tableOf(secrets) };
}

/** A record in which nothing is found but what it was made of: other objects have a `constructor`. */
const tableOf = <T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> =>
    Object.setPrototypeOf(Object.fromEntries(entries), null) as Record<string, T>;

/**
 * What the user wrote, out of the configuration as the engine hands it over.
 *
 * @param encrypted full keys that hold an encrypted value
 */
export function rawStack(
    project: string,
    stack: string,
    config: Readonly<Record<string, string>>,
    encrypted: readonly string[],
): RawStack {
    const short = (key: string) => key.slice("plinth:".length);
    const own = Object.entries(config).filter(([key]) => key.startsWith("plinth:"));
    return {
        project,
        stack,
        values: Object.fromEntries(own.map(([key, text]) => [short(key), parse(text)])),
        encrypted: encrypted.filter((key) => key.startsWith("plinth:")).map(short),
    };
}

/** The engine hands objects over as JSON, and scalars as they were written. */
function parse(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}
