import { consentName } from "../../components/names";
import { contextOf } from "../../config/kubeconfig";
import type { StackConfig } from "../../config/stack";
import type { Resource } from "../engine/state";
import { irreplaceable } from "./losses";
import type { RenderedObject } from "../render/rendering";

/** The configured cluster, if the stack was deployed to a different one. */
export interface OtherCluster {
    /** Its kubeconfig context. */
    readonly context: string;
    /** Message with what is missing there and what to do. */
    readonly refusal: string;
}

type Identified = RenderedObject & { readonly metadata: { readonly uid?: string } };

/** The resources of a stack's state that identify a cluster: volumes, namespaces and Secrets, by their UID. */
export const identifyingIn = (resources: readonly Resource[]): Identified[] =>
    resources.flatMap(({ outputs }) => (irreplaceable.includes(outputs?.kind ?? "") ? (outputs as Identified) : []));

/**
 * Checks whether the configured cluster is the one that a stack was deployed to.
 *
 * Volumes, namespaces and Secrets in the state are compared by UID, which is unique across clusters: path and context
 * of a kubeconfig may stay the same while the cluster changes, and vice versa.
 *
 * @param live such objects in the cluster; may contain others
 * @param resources of the stack's state
 * @param recover whether this run recovers an interrupted one, so that the suggested command must do so too
 * @returns undefined if any of them is found, or nothing was deployed yet
 */
export function otherCluster(
    { stack, cluster }: Pick<StackConfig, "stack" | "cluster">,
    live: readonly RenderedObject[],
    resources: readonly Resource[],
    { recover = false }: { recover?: boolean } = {},
): OtherCluster | undefined {
    const lasting = identifyingIn(resources);
    if (lasting.length === 0) return undefined;
    const uids = (live as Identified[]).map(({ metadata }) => metadata.uid);
    if (lasting.some(({ metadata }) => uids.includes(metadata.uid))) return undefined;
    const { name: context, server } = contextOf(cluster)!;
    const lines = lasting
        .filter(({ kind }) => kind !== "Secret")
        .map(
            (object) =>
                `  ${consentName(object)}${live.some((one) => isSameObject(one, object)) ? ", but a different one with that name exists" : ""}`,
        );
    return {
        context,
        refusal:
            `Nothing was changed: the cluster of the context "${context}" (${server}) contains none of the objects that "${stack}" was deployed with:\n${lines.join("\n")}\n` +
            "It is a different cluster, or everything in it was deleted. If the context points to the wrong cluster, correct it.\n" +
            "If the other cluster is lost or abandoned, everything can be recreated here: claims with new, empty volumes, passwords from the state.\n" +
            `Objects in the other cluster are left as they are.\n  ./plinth launch ${stack} --new-cluster ${context}${recover ? " --recover" : ""}`,
    };
}

const isSameObject = (one: RenderedObject, other: RenderedObject): boolean => consentName(one) === consentName(other);
