import { loadStack, type Origins, originsOf, type RawStack } from "../../config/load";
import type { PlatformConfig } from "../../config/platform";
import { rawStack } from "../../config/read";
import type { ClusterConfig, StackConfig } from "../../config/stack";
import { platforms as registry } from "../../platforms";
import type { Platform } from "../../platforms/platform";
import { readStackFile } from "./stackFile";

/**
 * A stack's configuration, merged, checked and complete.
 *
 * @param folder where the stack files lie. @default the project's own
 * @param platforms those that there are, by name. @default the registry's
 * @throws ConfigError with every problem found
 */
export function stackConfig(stack: string, folder?: string, platforms = registry): StackConfig {
    return loadStack(readRaw(stack, folder), known(platforms));
}

/**
 * A stack's configuration as {@link stackConfig} has it, and where each value of it comes from.
 *
 * @throws ConfigError with every problem found
 */
export function tracedConfig(stack: string, folder?: string): { config: StackConfig; origins: Origins } {
    const raw = readRaw(stack, folder);
    return { config: loadStack(raw, known(registry)), origins: originsOf(raw, known(registry)) };
}

function readRaw(stack: string, folder: string | undefined): RawStack {
    const { project, config, secretKeys } = readStackFile(stack, folder);
    return rawStack(project, stack, config, secretKeys);
}

const known = (platforms: Readonly<Record<string, Platform>>): PlatformConfig[] =>
    Object.values(platforms).map(({ config }) => config);

export const clusterOf = (stack: string): ClusterConfig => stackConfig(stack).cluster;
