import { loadStack, type Origins, originsOf, type PlatformConfig, type RawStack } from "../../config/load";
import { rawStack } from "../../config/read";
import type { StackConfig } from "../../config/stack";
import { platforms } from "../../platforms";
import type { StackFile } from "./stackFile";

/**
 * A stack's configuration, merged, checked and complete.
 *
 * @throws ConfigError with every problem found
 */
export const stackConfig = (file: StackFile): StackConfig => loadStack(rawOf(file), known());

/**
 * Where each value of a stack's configuration comes from.
 *
 * @throws ConfigError with every problem found
 */
export const configOrigins = (file: StackFile): Origins => originsOf(rawOf(file), known());

const rawOf = ({ project, stack, config, secretKeys }: StackFile): RawStack =>
    rawStack(project, stack, config, secretKeys);

const known = (): PlatformConfig[] => Object.values(platforms).map(({ config }) => config);
