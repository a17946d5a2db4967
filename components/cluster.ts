import { contextOf, isContents, isLocal } from "../config/kubeconfig";
import { ConfigError } from "../config/problems";
import type { StackConfig } from "../config/stack";
import { Value } from "../config/value";
import { Resource, types } from "./resource";

/**
 * The Kubernetes provider of a stack.
 *
 * It is identified by the stack, not by its kubeconfig, so that a renewed kubeconfig replaces nothing. Existing objects
 * are never adopted, except in the one run of `launch --recover` or `launch --adopt`.
 *
 * @param kubeconfig path or contents. @default the default locations
 */
export function clusterProvider(config: StackConfig, kubeconfig?: string): Resource {
    return new Resource(types.provider, "cluster", {
        ...(config.cluster.context ? { context: config.cluster.context } : {}),
        // Contents include keys and tokens, which must be encrypted in the state.
        ...(kubeconfig ? { kubeconfig: isContents(kubeconfig) ? Value.secret(kubeconfig) : kubeconfig } : {}),
        clusterIdentifier: `${config.project}.${config.stack}`,
        // Fields changed by hand with kubectl scale or edit belong to another field manager, so that updates would fail
        // without this. It takes back the fields that Plinth sets, on its own objects.
        enablePatchForce: true,
        // Without these, a changed Secret or Caddyfile would be deleted and recreated.
        enableSecretMutable: true,
        enableConfigMapMutable: true,
    });
}

/**
 * Ensures that a stack without a configured context is deployed to a cluster on this machine.
 *
 * @throws ConfigError if the current context is a remote cluster
 */
export function checkContext(config: StackConfig): void {
    if (config.cluster.context || config.cluster.kubeconfig) return;
    const current = contextOf(config.cluster);
    if (current && !isLocal(current))
        throw new ConfigError([
            {
                path: "plinth:cluster.context",
                message: `is missing, and the current context "${current.name}" (${current.server}) is not a local cluster; set the context for the stack "${config.stack}"`,
            },
        ]);
}
