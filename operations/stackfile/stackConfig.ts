import { loadStack, type Origins, originsOf, type RawStack } from "../../config/load";
import type { PlatformConfig } from "../../config/platform";
import { rawStack } from "../../config/read";
import type { StackConfig } from "../../config/stack";
import { platforms as builtIn } from "../../platforms";
import { platformsOf } from "../../platforms/elsewhere";
import type { Platforms } from "../../platforms/platform";
import { readStackFile, type StackFile, stackNames } from "./stackFile";

/**
 * A stack's configuration, merged, validated and with defaults.
 *
 * @param platforms those beside `plinth:platforms`. @default the built-in ones
 * @throws ConfigError with every problem found
 */
export const stackConfig = (file: StackFile, platforms?: Platforms): StackConfig =>
    loadStack(rawOf(file), known(file, platforms));

/**
 * The origin of each value in a stack's configuration.
 *
 * @throws ConfigError that lists every problem
 */
export const configOrigins = (file: StackFile, platforms?: Platforms): Origins =>
    originsOf(rawOf(file), known(file, platforms));

/**
 * Every platform that an instance may have in any of the stacks: the built-in ones, and those that the files name.
 *
 * @param folder of the stack files. @default the project's
 * @throws ConfigError with what cannot be read or loaded
 */
export const allPlatforms = (folder?: string): Platforms =>
    stackNames(folder).reduce<Platforms>(
        (all, stack) => ({ ...all, ...platformsOf(readStackFile(stack, folder)) }),
        builtIn,
    );

const rawOf = ({ project, stack, config, secretKeys, stackFolder }: StackFile): RawStack =>
    rawStack(project, stack, config, secretKeys, stackFolder);

const known = (file: StackFile, platforms: Platforms | undefined): PlatformConfig[] =>
    Object.values(platformsOf(file, platforms)).map(({ config }) => config);
