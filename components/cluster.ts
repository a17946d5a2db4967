import { contextOf, isContents, isLocal } from "../config/kubeconfig";
import { ConfigError } from "../config/problems";
import type { StackConfig } from "../config/stack";
import { Value } from "../config/value";
import { Resource, types } from "./resource";

/**
 * The one provider of a stack.
 *
 * It is identified by the stack, not by its kubeconfig, so that a renewed kubeconfig replaces nothing. Objects that
 * exist already are never taken over: `launch --recover` allows that for one run after an interrupted one.
 *
 * @param kubeconfig path or contents. @default the usual places
 */
export function clusterProvider(config: StackConfig, kubeconfig?: string): Resource {
    return new Resource(types.provider, "cluster", {
        ...(config.cluster.context ? { context: config.cluster.context } : {}),
        // Contents hold keys and tokens, which stand in the state encrypted only.
        ...(kubeconfig ? { kubeconfig: isContents(kubeconfig) ? Value.secret(kubeconfig) : kubeconfig } : {}),
        clusterIdentifier: `${config.project}.${config.stack}`,
        // What was changed by hand, with kubectl scale or edit, belongs to another field manager since: without this an
        // update could only fail. It takes back the fields that this program states, on objects that are its own.
        enablePatchForce: true,
        // Without these a changed Secret or Caddyfile would be deleted first and made anew.
        enableSecretMutable: true,
        enableConfigMapMutable: true,
    });
}

/**
 * Makes sure that a stack which names no context goes to a cluster on this machine.
 *
 * @throws ConfigError when the current context is a remote cluster
 */
export function checkContext(config: StackConfig): void {
    if (config.cluster.context || config.cluster.kubeconfig) return;
    const current = contextOf(config.cluster);
    if (current && !isLocal(current))
        throw new ConfigError([
            {
                path: "plinth:cluster.context",
                message: `is missing, and the current context "${current.name}" (${current.server}) is no local cluster; name the context that the stack "${config.stack}" is meant for`,
            },
        ]);
}
