import { loadStack, type Origins, originsOf, type RawStack } from "../../config/load";
import type { PlatformConfig } from "../../config/platform";
import { rawStack } from "../../config/read";
import type { StackConfig } from "../../config/stack";
import { platforms as registry } from "../../platforms";
import type { Platform } from "../../platforms/platform";
import type { StackFile } from "./stackFile";

/**
 * A stack's configuration, merged, checked and complete.
 *
 * @param platforms those that there are, by name. @default the registry's
 * @throws ConfigError with every problem found
 */
export const stackConfig = (file: StackFile, platforms = registry): StackConfig =>
    loadStack(rawOf(file), known(platforms));

/**
 * Where each value of a stack's configuration comes from.
 *
 * @throws ConfigError with every problem found
 */
export const configOrigins = (file: StackFile, platforms = registry): Origins =>
    originsOf(rawOf(file), known(platforms));

const rawOf = ({ project, stack, config, secretKeys }: StackFile): RawStack =>
    rawStack(project, stack, config, secretKeys);

const known = (platforms: Readonly<Record<string, Platform>>): PlatformConfig[] =>
    Object.values(platforms).map(({ config }) => config);
