import { consentName } from "../../components/names";
import { contextOf } from "../../config/kubeconfig";
import type { StackConfig } from "../../config/stack";
import type { Resource } from "../engine/state";
import { irreplaceable } from "./losses";
import type { RenderedObject } from "../render/rendering";

/** The cluster of the configuration, where a stack was deployed to another one. */
export interface OtherCluster {
    /** The context that leads to it. */
    readonly context: string;
    /** What it lacks, and what to do. */
    readonly refusal: string;
}

type Identified = RenderedObject & { readonly metadata: { readonly uid?: string } };

/** What of a stack's state no two clusters have alike: volumes, namespaces and Secrets have a UID. */
export const lastingIn = (resources: readonly Resource[]): Identified[] =>
    resources.flatMap(({ outputs }) => (irreplaceable.includes(outputs?.kind ?? "") ? (outputs as Identified) : []));

/**
 * Finds out whether the configuration leads to the cluster that a stack was deployed to.
 *
 * What the state has of volumes, namespaces and Secrets is compared by UID, which no two clusters give: path and context
 * of a kubeconfig may stay while the cluster behind them changes, and change while it stays.
 *
 * @param live what the cluster has of these, and perhaps of others
 * @param resources of the stack's state
 * @param recover whether an interrupted run is gone on with, as the next one has to, too
 * @returns undefined where anything is found, or nothing was deployed yet
 */
export function otherCluster(
    { stack, cluster }: Pick<StackConfig, "stack" | "cluster">,
    live: readonly RenderedObject[],
    resources: readonly Resource[],
    { recover = false }: { recover?: boolean } = {},
): OtherCluster | undefined {
    const lasting = lastingIn(resources);
    if (lasting.length === 0) return undefined;
    const uids = (live as Identified[]).map(({ metadata }) => metadata.uid);
    if (lasting.some(({ metadata }) => uids.includes(metadata.uid))) return undefined;
    const { name: context, server } = contextOf(cluster)!;
    const lines = lasting
        .filter(({ kind }) => kind !== "Secret")
        .map(
            (object) =>
                `  ${consentName(object)}${live.some((one) => isNamed(one, object)) ? ", but another of that name" : ""}`,
        );
    return {
        context,
        refusal:
            `Nothing was changed: the cluster of the context "${context}" (${server}) has nothing of what "${stack}" was deployed with:\n${lines.join("\n")}\n` +
            "It is another cluster, or everything was deleted there. Where the context leads to the wrong one, put that right.\n" +
            "Where the other is lost or given up, all of it is made anew here: a claim with a new, empty volume, a password as the state knows it.\n" +
            `What the other cluster has stays there as it is.\n  ./plinth launch ${stack} --new-cluster ${context}${recover ? " --recover" : ""}`,
    };
}

const isNamed = (one: RenderedObject, other: RenderedObject): boolean => consentName(one) === consentName(other);
