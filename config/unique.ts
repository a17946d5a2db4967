import type { z } from "zod";
import { identityOf } from "./backup";
import { ownIn } from "./own";
import type { Problems } from "./problems";
import { type AnyInstance, sharedEdge, type SharedEdgeConfig, type StackConfig } from "./stack";

export interface UniqueArgs extends Pick<StackConfig, "project" | "stack" | "instances"> {
    readonly platforms: readonly { readonly name: string; readonly schema: z.ZodType }[];
    readonly sharedEdge: SharedEdgeConfig;
}

/** Reports values that several instances share although their schemas mark them as unique. */
export function checkUnique(
    { project, stack, instances, platforms, sharedEdge: edge }: UniqueArgs,
    problems: Problems,
): void {
    checkReserved("plinth:edge.namespace", edge.namespace, true, problems);
    for (const instance of instances) {
        const path = `plinth:instances.${instance.name}.namespace`;
        const namespace = namespaceOf(instance);
        checkReserved(path, namespace, instance.namespace?.create ?? true, problems);
        if (namespace.length > 63)
            problems.add(path, `"${namespace}" is longer than 63 characters; choose a shorter name or set namespace`);
    }
    const owners = [
        { path: "plinth:edge", platform: "plinth:edge", schema: sharedEdge, namespace: edge.namespace, settings: edge },
        ...instances.map((settings) => ({
            path: `plinth:instances.${settings.name}`,
            platform: settings.platform,
            schema: platforms.find(({ name }) => name === settings.platform)!.schema,
            namespace: namespaceOf(settings),
            settings,
        })),
    ];
    const taken = new Map<string, string>();
    for (const { path, schema, settings, platform, namespace } of owners) {
        const owner = { platform, namespace, identity: identityOf(project, stack, namespace) };
        for (const { path: key, value, own } of ownIn(schema, settings)) {
            const same = own.identity?.(value, owner);
            if (same === undefined) continue;
            const identity = JSON.stringify([own.what, same]);
            const other = taken.get(identity);
            if (other === undefined) taken.set(identity, path);
            else if (other !== path || !own.within)
                problems.add(
                    [path, ...key].join("."),
                    own.taken?.(value, other, owner) ??
                        `is that of ${other} on the same server; every instance needs its own ${own.what}`,
                );
        }
    }
}

/** Reports namespaces that every cluster has. */
function checkReserved(path: string, namespace: string, create: boolean, problems: Problems): void {
    if (/^kube-/.test(namespace)) problems.add(path, `"${namespace}" belongs to Kubernetes itself; choose another`);
    else if (namespace === "default" && create)
        problems.add(
            path,
            `"default" exists in every cluster and cannot be created; choose another, or set create: false`,
        );
}

/** The platform's name if the instance has the same name, else `<platform>-<instance>`; `namespace` overrides it. */
export function namespaceOf(instance: AnyInstance): string {
    if (instance.namespace) return instance.namespace.name;
    return instance.name === instance.platform ? instance.platform : `${instance.platform}-${instance.name}`;
}
