import * as pulumi from "@pulumi/pulumi";
import { checkContext, clusterProvider } from "./components/cluster";
import { Instance } from "./components/instance";
import { declareSharedEdge } from "./components/loadBalancer";
import { type StackOutputs, stackOutputs } from "./components/outputs";
import { register } from "./components/register";
import { Stack } from "./components/stack";
import { kubeconfigOf } from "./config/kubeconfig";
import { readStack } from "./config/read";
import { platforms as registry } from "./platforms";
import type { Platform } from "./platforms/platform";

interface ProgramOptions {
    /** Nothing will be sent to a cluster, so that it does not matter which one is current. @default false */
    readonly offline?: boolean;
    /** By name. @default the registry's: tests bring platforms of their own for single components */
    readonly platforms?: Readonly<Record<string, Platform>>;
}

/**
 * The whole program: one platform per instance of the stack's configuration.
 *
 * Everything is declared and checked before the first object is registered, so that a mistake changes nothing.
 */
function plinth({ offline = false, platforms = registry }: ProgramOptions = {}): StackOutputs | Promise<StackOutputs> {
    const { stack: config, secrets } = readStack(Object.values(platforms).map((platform) => platform.config));
    if (!offline) checkContext(config);
    const kubeconfig = offline ? undefined : kubeconfigOf(config.cluster);

    const stack = new Stack(config, secrets, () => clusterProvider(config, kubeconfig));
    const deployed = config.instances.map((settings) => {
        const platform = platforms[settings.platform]!;
        const instance = new Instance<string>(stack, settings, platform.config);
        return { instance, result: platform.declare(instance) };
    });
    const sharedEdge = declareSharedEdge(stack);
    register(stack, [...deployed.map(({ instance }) => instance), ...(sharedEdge ? [sharedEdge] : [])]);

    if (!offline) for (const warning of stack.warnings) void pulumi.log.warn(warning);
    const outputs = stackOutputs(stack, deployed);
    // The engine itself fails when a value cannot be had.
    return offline ? stack.allSent().then(() => outputs) : outputs;
}

// The engine calls what the program exports, and takes the result as the stack's outputs.
export = plinth;
