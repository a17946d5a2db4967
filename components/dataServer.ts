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
    /** What reads the volume's data, once that is checked: without it there is no pod. */
    readonly series: Input<string>;
    /** Whether a run goes on without it: for what may take hours, or may never come back. @default false */
    readonly optional?: boolean;
}

/** Declares one server of a data service: a pod that is never doubled, with half an hour to start. */
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
                // The default never replaces a pod that is not ready: the way back from an image that the server, its
                // guard or the registry has refused would be closed. One pod has no order to keep.
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
