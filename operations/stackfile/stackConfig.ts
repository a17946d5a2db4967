import { loadStack, type Origins, originsOf, type RawStack } from "../../config/load";
import type { PlatformConfig } from "../../config/platform";
import { rawStack } from "../../config/read";
import type { StackConfig } from "../../config/stack";
import { platforms as registry } from "../../platforms";
import type { Platform } from "../../platforms/platform";
import type { StackFile } from "./stackFile";

/**
 * A stack's configuration, merged, validated and with defaults.
 *
 * @param platforms the known platforms by name. @default the registry's
 * @throws ConfigError that lists every problem
 */
export const stackConfig = (file: StackFile, platforms = registry): StackConfig =>
    loadStack(rawOf(file), known(platforms));

/**
 * The origin of each value in a stack's configuration.
 *
 * @throws ConfigError that lists every problem
 */
export const configOrigins = (file: StackFile, platforms = registry): Origins =>
    originsOf(rawOf(file), known(platforms));

const rawOf = ({ project, stack, config, secretKeys }: StackFile): RawStack =>
    rawStack(project, stack, config, secretKeys);

const known = (platforms: Readonly<Record<string, Platform>>): PlatformConfig[] =>
    Object.values(platforms).map(({ config }) => config);
