import type { Component } from "./component";
import type { Input } from "../config/value";
import { engineAnnotation } from "./database/series";
import type { Node } from "./graph";
import type { Instance } from "./instance";
import { selectorOf } from "./labels";
import { podTemplate } from "./pod";
import type { PodArgs } from "./podArgs";

export interface DataServerArgs {
    readonly pod: PodArgs;
    /** The checked series of the volume's data. Without it, no pod is created. */
    readonly series: Input<string>;
    /** Whether a run does not wait for it, because it may take hours or never become ready. @default false */
    readonly optional?: boolean;
}

/** Declares one server of a data service: at most one pod at a time, with half an hour to start. */
export function dataServer(instance: Instance, owner: Component, node: Node, args: DataServerArgs): void {
    const template = podTemplate(instance, node, args.pod);
    const metadata = template.metadata as { readonly annotations: Readonly<Record<string, string>> };
    instance.add(
        owner,
        "StatefulSet",
        node.name,
        {
            metadata: {
                annotations: args.optional
                    ? { "pulumi.com/skipAwait": "true" }
                    : // As long as the startup probe allows.
                      { "pulumi.com/timeoutSeconds": "1800" },
            },
            spec: {
                replicas: 1,
                // The default never replaces a pod that is not ready, so that a rollback from an image that the server,
                // its guard or the registry has refused would be impossible. A single pod needs no ordering.
                // https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
                podManagementPolicy: "Parallel",
                serviceName: instance.objectName(node.name),
                selector: { matchLabels: selectorOf(node) },
                template: {
                    ...template,
                    metadata: {
                        ...metadata,
                        annotations: { ...metadata.annotations, [engineAnnotation]: args.series },
                    },
                },
            },
        },
        { node },
    );
}
