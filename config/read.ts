import * as pulumi from "@pulumi/pulumi";
import { type PlatformConfig, loadStack, type RawStack } from "./load";
import type { StackConfig } from "./stack";

/** Secret values as the user set them, by instance and key. Their names are plain, their values never are. */
export type SecretValues = Readonly<Record<string, Readonly<Record<string, pulumi.Output<string>>>>>;

/**
 * Reads the stack's configuration: the only place that does.
 *
 * @throws ConfigError with every problem found
 */
export function readStack(platforms: readonly PlatformConfig[]): { stack: StackConfig; secrets: SecretValues } {
    const values: Record<string, unknown> = {};
    for (const [key, text] of Object.entries(pulumi.runtime.allConfig())) {
        if (key.startsWith("plinth:")) values[key.slice("plinth:".length)] = parse(text);
    }
    const raw: RawStack = { project: pulumi.getProject(), stack: pulumi.getStack(), values };
    const stack = loadStack(raw, platforms);
    const secrets = Object.entries((values["secrets"] ?? {}) as Record<string, Record<string, unknown>>).map(
        ([instance, keys]) => [instance, Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, pulumi.secret(String(value))]))] as const,
    );
    return { stack, secrets: Object.fromEntries(secrets) };
}

/** The engine hands objects over as JSON, and scalars as they were written. */
function parse(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}
