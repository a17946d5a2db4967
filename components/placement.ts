import type * as k8s from "@pulumi/kubernetes";
import { type PlacementConfig, placementIn, placementOf } from "../config/placement";
import { formProblems } from "./form";
import type { Instance } from "./instance";
import type { Fields } from "./kinds";
import type { Stack } from "./stack";

type PodSpec = Fields<k8s.types.input.core.v1.PodSpec>;
type Affinity = NonNullable<PodSpec["affinity"]>;

/**
 * The fields of a pod that tell where it runs.
 *
 * @param own what the component itself needs: to share a node, to spread, and what its source says
 */
export function placementSpec(
    placement: PlacementConfig,
    own: Pick<PodSpec, "affinity" | "nodeSelector"> & { readonly spread?: Readonly<Record<string, string>> },
): Omit<PodSpec, "containers"> {
    const { tolerations, priorityClassName, runtimeClassName, serviceAccount } = placement;
    const nodeSelector = { ...own.nodeSelector, ...placement.nodeSelector };
    const affinity = together(placement.affinity, own.affinity);
    const spread = own.spread && spreadOf(own.spread, placement.topologySpread);
    return {
        ...(serviceAccount ? { serviceAccountName: serviceAccount.name } : {}),
        ...(Object.keys(nodeSelector).length > 0 ? { nodeSelector } : {}),
        ...(tolerations.length > 0 ? { tolerations } : {}),
        ...(priorityClassName === undefined ? {} : { priorityClassName }),
        ...(runtimeClassName === undefined ? {} : { runtimeClassName }),
        ...(affinity ? { affinity } : {}),
        ...(spread && spread.length > 0 ? { topologySpreadConstraints: spread } : {}),
    };
}

const required = "requiredDuringSchedulingIgnoredDuringExecution";

/** Both must hold: the user's, and that pods share a node. */
function together(users: PlacementConfig["affinity"], own: PodSpec["affinity"]): Affinity | undefined {
    const ownPods = (own as { readonly podAffinity?: object } | undefined)?.podAffinity;
    // Two lists of what is required of other pods add up. Of everything else, the user's counts.
    if (!users?.podAffinity || !ownPods) return users || own ? ({ ...own, ...users } as Affinity) : undefined;
    const terms = (affinity: object) => ((affinity as Record<string, unknown[]>)[required] ?? []) as object[];
    const podAffinity = { ...users.podAffinity, [required]: [...terms(users.podAffinity), ...terms(ownPods)] };
    return { ...own, ...users, podAffinity } as Affinity;
}

const usual = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway" as const,
}));

const spreadOf = (
    matchLabels: Readonly<Record<string, string>>,
    wanted: PlacementConfig["topologySpread"] = usual,
): Fields<k8s.types.input.core.v1.TopologySpreadConstraint>[] =>
    wanted.map((constraint) => ({ ...constraint, labelSelector: { matchLabels } }));

/** Where a component's pods run: as the component, the instance and the stack say, the first of these above all. */
export function placementFor(instance: Instance, component: string): PlacementConfig {
    instance.addressed.note("components", component);
    const own = instance.config.components[component];
    return placementIn([instance.stack.config.placement, instance.config, ...(own ? [own] : [])].map(placementOf));
}

/** Declares the accounts that pods run as, and reports what Kubernetes could not parse. */
export function declarePlacement(stack: Stack, instances: readonly Instance[]): void {
    checkAffinity(stack.config.placement, (keys, message) =>
        stack.problems.add(["plinth:affinity", ...keys].join("."), message),
    );
    for (const instance of instances) {
        const { components } = instance.config;
        const levels: [path: readonly string[], PlacementConfig][] = [
            [[], placementOf(instance.config)],
            ...Object.entries(components).map(([name, own]): [string[], PlacementConfig] => [
                ["components", name],
                own,
            ]),
        ];
        for (const [path, level] of levels)
            checkAffinity(level, (keys, message) => instance.problem([...path, "affinity", ...keys], message));
        const wanted = [stack.config.placement, ...levels.map(([, level]) => level)].flatMap(({ serviceAccount }) =>
            serviceAccount?.create ? [serviceAccount] : [],
        );
        for (const { name, annotations } of new Map(wanted.map((account) => [account.name, account])).values())
            instance.add(
                instance.owner,
                "ServiceAccount",
                name,
                { metadata: { annotations }, automountServiceAccountToken: false },
                { finalName: name },
            );
    }
}

/** Only the API defines the form of an affinity. */
function checkAffinity(
    { affinity }: PlacementConfig,
    problem: (keys: readonly string[], message: string) => void,
): void {
    const pod = { apiVersion: "v1", kind: "Pod", spec: { affinity, containers: [] } };
    if (affinity !== undefined)
        for (const { path, message } of formProblems(pod)) if (path[1] === "affinity") problem(path.slice(2), message);
}
