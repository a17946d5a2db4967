import { loadStack, type RawStack } from "./load";
import type { PlatformConfig } from "./platform";
import type { StackConfig } from "./stack";
import { Value } from "./value";

/** The user's secret values, by instance and key. Names are plain text, values never are. */
export type SecretValues = Readonly<Record<string, Readonly<Record<string, Value<string>>>>>;

/** A stack's configuration as the engine passes it. */
export interface Given {
    readonly project: string;
    readonly stack: string;
    /** Values by full key, objects as JSON. */
    readonly config: Readonly<Record<string, string>>;
    /** Keys with an encrypted value. @default none */
    readonly secretKeys?: readonly string[];
    /** Where the paths of `plinth:platforms` begin: the folder of the file that holds them. @default the project's */
    readonly folder?: string;
}

/**
 * Reads the stack's configuration. Nothing else does.
 *
 * @throws ConfigError that lists every problem
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

/** A record without inherited properties such as `constructor`. */
const tableOf = <T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> =>
    Object.setPrototypeOf(Object.fromEntries(entries), null) as Record<string, T>;

/**
 * The user's configuration, parsed from the engine's.
 *
 * @param encrypted full keys with an encrypted value
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

/** The engine passes objects as JSON, and scalars as written. */
function parse(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}
