import type { ClusterConfig } from "../../config/stack";
import type { ApiResource } from "../cluster/live";
import { type Finding, ok, problem, warning } from "./finding";

export interface OpenShiftFacts {
    readonly apiResources: readonly ApiResource[];
    readonly cluster: Pick<ClusterConfig, "openshift">;
}

/** Whether the stack knows what kind of cluster it is: its pods' users depend on it. */
export function openshift({ apiResources, cluster }: OpenShiftFacts): Finding {
    const isOpenShift = apiResources.some(
        ({ kind, apiVersion }) =>
            kind === "SecurityContextConstraints" && apiVersion.startsWith("security.openshift.io/"),
    );
    if (isOpenShift === cluster.openshift) return ok(isOpenShift ? "chooses users and groups of pods" : "is none");
    return isOpenShift
        ? problem(
              "the cluster is one, whose security context constraints refuse pods with users and groups of their own",
              "set plinth:cluster.openshift: true",
          )
        : warning(
              "the cluster is none, so that pods run as the users of their images, and those of root do not start",
              "remove plinth:cluster.openshift",
          );
}
