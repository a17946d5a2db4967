import type { Component } from "./component";
import type { Input } from "../config/value";
import type { Node } from "./graph";
import type { Instance } from "./instance";
import { plinthLabels, selectorOf } from "./labels";
import { podTemplate } from "./pod";
import type { PodArgs } from "./podArgs";

export interface DataServerArgs {
    readonly pod: PodArgs;
    /** The checked series of the volume's data. Without it, no pod is created. */
    readonly series: Input<string>;
    /** Whether a run does not wait for it, because it may take hours or never become ready. @default false */
    readonly optional?: boolean;
    /** Several servers, one pod each, which are replaced one at a time. @default one */
    readonly members?: MembersArgs;
}

export interface MembersArgs {
    readonly count: number;
    /** Final name of the Service that resolves to the pods. */
    readonly service: string;
    /** Name of the volume that is another one in each pod: the claims are called NAME-STATEFULSET-ORDINAL. */
    readonly volume: string;
}

/** The name of a member's claim. */
export const memberClaim = (instance: Instance, node: string, volume: string, ordinal: number): string =>
    `${volume}-${instance.objectName(node)}-${ordinal}`;

/**
 * Declares the server of a data service: at most one pod at a time, with half an hour to start; or several members of
 * one, of which each must be ready before the next is replaced.
 */
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
                replicas: args.members?.count ?? 1,
                // The default never replaces a pod that is not ready, so that a rollback from an image that the server,
                // its guard or the registry has refused would be impossible. A single pod needs no ordering, and members
                // find each other, which they can only do if they all start.
                // https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
                podManagementPolicy: "Parallel",
                serviceName: args.members?.service ?? instance.objectName(node.name),
                selector: { matchLabels: selectorOf(node) },
                ...(args.members ? { volumeClaimTemplates: [claimTemplate(args.members)] } : {}),
                template: {
                    ...template,
                    metadata: {
                        ...metadata,
                        annotations: { ...metadata.annotations, [plinthLabels.engine]: args.series },
                    },
                },
            },
        },
        { node },
    );
}

/**
 * In each pod, its own claim takes the place of the volume of this name. The claims are there before the pods, so that
 * nothing is ever made from this: it could not be changed, unlike the claims.
 */
const claimTemplate = ({ volume }: MembersArgs) => ({
    metadata: { name: volume },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
});
