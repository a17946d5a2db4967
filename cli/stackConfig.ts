import { loadStack } from "../config/load";
import { rawStack } from "../config/read";
import type { ClusterConfig, StackConfig } from "../config/stack";
import { platforms } from "../platforms";
import { readStackFile } from "./stackFile";

/**
 * A stack's configuration, merged, checked and complete.
 *
 * @param folder where the stack files lie. @default the project's own
 * @throws ConfigError with every problem found
 */
export function stackConfig(stack: string, folder?: string): StackConfig {
    const file = readStackFile(stack, folder);
    return loadStack(
        rawStack(file.project, file.stack, file.config, file.secretKeys),
        Object.values(platforms).map(({ config }) => config),
    );
}

export const clusterOf = (stack: string): ClusterConfig => stackConfig(stack).cluster;
