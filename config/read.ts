import { loadStack, type RawStack } from "./load";
import type { PlatformConfig } from "./platform";
import type { StackConfig } from "./stack";
import { Value } from "./value";

/** Secret values as the user set them, by instance and key. Their names are plain, their values never are. */
export type SecretValues = Readonly<Record<string, Readonly<Record<string, Value<string>>>>>;

/** A stack's configuration as the engine hands it over. */
export interface Given {
    readonly project: string;
    readonly stack: string;
    /** By full key; objects as JSON. */
    readonly config: Readonly<Record<string, string>>;
    /** Keys of the configuration that hold an encrypted value. @default none */
    readonly secretKeys?: readonly string[];
    /** Where the paths of `plinth:platforms` begin: the folder of the file that holds them. @default the project's */
    readonly folder?: string;
}

/**
 * Reads the stack's configuration: the only place that does.
 *
 * @throws ConfigError with every problem found
 */
export function readStack(
    { project, stack: name, config, secretKeys = [] }: Given,
    platforms: readonly PlatformConfig[],
): { stack: StackConfig; secrets: SecretValues } {
    const raw = rawStack(project, name, config, secretKeys);
    const stack = loadStack(raw, platforms);
    const secrets = Object.entries((raw.values["secrets"] ?? {}) as Record<string, Record<string, unknown>>).map(
        ([instance, keys]) =>
            [
                instance,
                tableOf(Object.entries(keys).map(([key, value]) => [key, Value.secret(String(value))])),
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
