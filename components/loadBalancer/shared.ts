import { http } from "../../config/fields";
import type { AnyInstance, SharedEdgeConfig } from "../../config/stack";
import { Instance } from "../instance";
import type { Stack } from "../stack";
import { sharedName } from "./edgeNames";
import type { Tenant } from "./site";

/** Creates the instance whose only component is the shared balancer. */
export function sharedInstance(stack: Stack, tenants: readonly Tenant[]): Instance {
    if (stack.config.instances.some(({ name }) => name === sharedName))
        stack.problems.add(
            `plinth:instances.${sharedName}`,
            "is the name of the shared balancer (edge.type: shared); choose another name",
        );
    const config = instanceConfig(stack.config.sharedEdge, tenants);
    return new Instance(stack, config, { images: {}, secrets: {} }, "plinth:edge");
}

/** The balancer is deleted when its last instance is removed; for stopped instances, it still answers visitors. */
function instanceConfig(shared: SharedEdgeConfig, all: readonly Tenant[]): AnyInstance {
    const needed = all.some(({ instance }) => instance.config.state !== "removed");
    return {
        ...shared,
        name: sharedName,
        platform: sharedName,
        host: "",
        namespace: { name: shared.namespace, create: true },
        state: needed ? "running" : "removed",
        http: http.parse({}),
        egress: [],
        aliases: [],
        redirects: [],
    };
}
