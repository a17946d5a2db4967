import { loadStack, type RawStack } from "./load";
import type { PlatformConfig } from "./platform";
import { placeholder, type SecretText } from "./secrets";
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
    /** Where the paths in instances begin: the folder of the stack file. @default the project's */
    readonly stackFolder?: string;
    /** Whether secret values that files of instances contain are replaced by placeholders. @default false */
    readonly hidesSecrets?: boolean;
}

/**
 * Reads the stack's configuration. Nothing else does.
 *
 * @throws ConfigError that lists every problem
 */
export function readStack(
    { project, stack: name, config, secretKeys = [], folder, stackFolder, hidesSecrets = false }: Given,
    platforms: readonly PlatformConfig[],
): { stack: StackConfig; secrets: SecretValues } {
    const raw = rawStack(project, name, config, secretKeys, stackFolder ?? folder);
    const stack = loadStack(raw, platforms);
    const written = (raw.values["secrets"] ?? {}) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    const owners = new Set([...Object.keys(written), ...stack.instances.map((instance) => instance.name)]);
    const secrets = [...owners].map((owner) => {
        const set = new Map(Object.entries(written[owner] ?? {}));
        const values = stack.facts[owner]?.values ?? {};
        const keys = [...Object.keys(values).filter((key) => !set.has(key)), ...set.keys()];
        const valueOf = (key: string): Value<string> =>
            set.has(key)
                ? Value.secret(String(set.get(key)))
                : textOf(values[key]!, valueOf, hidesSecrets ? placeholder(`${owner}-${key}`) : undefined);
        return [owner, tableOf(keys.map((key) => [key, valueOf(key)]))] as const;
    });
    return { stack, secrets: tableOf(secrets.filter(([, values]) => Object.keys(values).length > 0)) };
}

/** @param instead of literal parts that are secret. @default these */
function textOf(
    { parts, plainParts = false }: SecretText,
    valueOf: (key: string) => Value<string>,
    instead: string | undefined,
): Value<string> {
    if (!plainParts && instead !== undefined && !parts.some((part) => typeof part === "object"))
        return Value.secret(instead);
    const values = parts.map((part) =>
        typeof part === "object" ? valueOf(part.key) : Value.secret(plainParts ? part : (instead ?? part)),
    );
    return Value.all(values).map((all) => all.join(""));
}

/** A record without inherited properties such as `constructor`. */
const tableOf = <T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> =>
    Object.setPrototypeOf(Object.fromEntries(entries), null) as Record<string, T>;

/**
 * The user's configuration, parsed from the engine's.
 *
 * @param encrypted full keys with an encrypted value
 * @param folder of the stack file
 */
export function rawStack(
    project: string,
    stack: string,
    config: Readonly<Record<string, string>>,
    encrypted: readonly string[],
    folder?: string,
): RawStack {
    const short = (key: string) => key.slice("plinth:".length);
    const own = Object.entries(config).filter(([key]) => key.startsWith("plinth:"));
    return {
        project,
        stack,
        values: Object.fromEntries(own.map(([key, text]) => [short(key), parse(text)])),
        encrypted: encrypted.filter((key) => key.startsWith("plinth:")).map(short),
        ...(folder === undefined ? {} : { folder }),
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
