import { checkContext, clusterProvider } from "../components/cluster";
import { Instance } from "../components/instance";
import { declareSharedEdge } from "../components/loadBalancer";
import { type StackOutputs, stackOutputs } from "../components/outputs";
import { planStack } from "../components/planStack";
import type { Resource } from "../components/resource";
import { Stack } from "../components/stack";
import { platformFor } from "../config/platform";
import { ConfigError } from "../config/problems";
import { kubeconfigOf } from "../config/kubeconfig";
import { type Given, readStack } from "../config/read";
import { firstLine, placeIn, platformsOf, traced } from "./elsewhere";
import type { Platforms } from "./platform";

export interface ProgramOptions {
    /** Whether nothing is sent to a cluster, so that the current one does not matter. @default false */
    readonly offline?: boolean;
    /** Those beside `plinth:platforms`. @default the built-in ones: tests bring platforms of their own for single components */
    readonly platforms?: Platforms;
}

/** A valid stack of which nothing has been registered yet. */
export interface Program {
    /** Resources, each after those that it refers to. */
    readonly plan: readonly Resource[];
    readonly outputs: StackOutputs;
    readonly stack: Stack;
}

/**
 * The whole program: one platform for each instance in the stack's configuration.
 *
 * @throws ConfigError that lists every problem
 */
export function declareProgram(given: Given, { offline = false, platforms: known }: ProgramOptions = {}): Program {
    const platforms = platformsOf(given, known);
    const { stack: config, secrets } = readStack(
        given,
        Object.values(platforms).map((platform) => platform.config),
    );
    if (!offline) checkContext(config);
    const kubeconfig = offline ? undefined : kubeconfigOf(config.cluster);

    const stack = new Stack(config, secrets, clusterProvider(config, kubeconfig));
    const deployed = config.instances.flatMap((settings) => {
        const platform = platforms[settings.platform]!;
        const facts = config.facts[settings.name];
        const instance = new Instance<string>(stack, settings, platformFor(platform.config, facts));
        try {
            return [{ instance, result: traced(() => platform.declare(instance, facts?.source)) }];
        } catch (error) {
            // What is wrong in an instance's files has a place of its own.
            if (error instanceof ConfigError)
                for (const { path, message, lacks } of error.problems) stack.problems.add(path, message, lacks);
            else
                instance.problem(
                    [],
                    `the platform ${settings.platform} failed${placeIn(platform, error)}: ${firstLine(error)}`,
                );
            return [];
        }
    });
    // What others lack of a half declared instance is no problem of its own.
    if (deployed.length < config.instances.length) stack.problems.throwIfAny();
    const instances = deployed.map(({ instance }) => instance);
    const sharedEdge = declareSharedEdge(stack, instances);
    planStack(stack, [...instances, ...(sharedEdge ? [sharedEdge] : [])]);
    return { plan: stack.plan, outputs: stackOutputs(stack, deployed, sharedEdge), stack };
}
