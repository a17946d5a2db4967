import {
    certificatesIn,
    configFolder,
    digestOf,
    reloadContainer,
    type ReloadLine,
} from "../../components/loadBalancer/reload";
import type { PodSpec } from "kubernetes-types/core/v1";
import type { Pod } from "../cluster/live";
import { isReady, reasonOf } from "../cluster/pods";

type Volumes = Pick<PodSpec, "volumes">;

/** Whether a pod applies the access rules of the last launch: who may access what, with which certificate. */
export type Verdict =
    | { readonly is: "new" }
    /** Not yet: time may help. */
    | { readonly is: "old"; readonly why: string }
    /** It will not: time does not help. */
    | { readonly is: "refused"; readonly why: string }
    /** We may not look. */
    | { readonly is: "unseen"; readonly why: string };

/** Whether pods with this specification belong to an edge. */
export const isEdge = ({
    spec,
}: {
    readonly spec: { readonly containers: readonly { readonly name: string }[] };
}): boolean => spec.containers.some(({ name }) => name === reloadContainer);

/**
 * Whether a pod can serve visitors. A pod without running containers admits no one and starts with the new rules;
 * simulated nodes run no containers.
 */
export const admitsVisitors = ({ spec, status }: Pod): boolean =>
    spec.containers.some(
        ({ name, ports = [] }) =>
            ports.some((port) => port.name === "http") &&
            status?.containerStatuses?.some((one) => one.name === name && one.state?.running && one.containerID),
    );

/** The ConfigMap or Secret, and the key in it, from which a pod's file at a path comes; undefined if there is none. */
export function sourceOf(
    { spec }: Pod,
    path: string,
): { readonly kind: "configmap" | "secret"; readonly name: string; readonly key: string } | undefined {
    const mounts = spec.containers.find(({ name }) => name === reloadContainer)?.volumeMounts ?? [];
    const mount = mounts.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
    const volume = spec.volumes?.find(({ name }) => name === mount?.name);
    const key = path.slice((mount?.mountPath.length ?? 0) + 1);
    if (volume?.configMap) return { kind: "configmap", name: volume.configMap.name ?? "", key };
    return volume?.secret && { kind: "secret", name: volume.secret.secretName ?? "", key };
}

/**
 * Digest of the configuration that an edge's pod should serve.
 *
 * @param read returns the contents in the cluster for a path in the pod; undefined if there are none
 */
export async function wantedBy(read: (path: string) => Promise<Buffer | undefined>): Promise<string> {
    const text = async (file: string) => (await read(`${configFolder}/${file}`))?.toString() ?? "";
    const [caddyfile, list] = await Promise.all([text("Caddyfile"), text("certificates")]);
    const certificates = await Promise.all(certificatesIn(list).map(async (path) => (await read(path)) ?? ""));
    return digestOf(caddyfile, list, certificates);
}

/**
 * @param wanted digest of the configuration in the cluster for it
 * @param log the last lines of its reload container
 */
export function judgeEdge(pod: Pod, wanted: string, log: string): Verdict {
    const lines = log.split("\n").flatMap(parsed);
    // Lines from before the last change of the configuration do not count.
    const others = lines.findLastIndex(({ configuration, served }) => served !== undefined && configuration !== wanted);
    const own = lines.slice(others + 1).filter(({ configuration }) => configuration === wanted);
    const served = own.findLast((line) => line.served !== undefined)?.served;
    if (served) return { is: "new" };
    if (pod.metadata.deletionTimestamp !== undefined) return { is: "old", why: "is terminating" };
    const errors = [...new Set(own.filter(({ level }) => level === "error").map(({ msg }) => msg))];
    if (served === false) return { is: "refused", why: errors.join("; ") };
    return { is: "old", why: errors.at(-1) ?? reasonOf(pod) ?? "has not reported that it serves them" };
}

function parsed(line: string): ReloadLine[] {
    try {
        return [JSON.parse(line) as ReloadLine];
    } catch {
        // Truncated, or written by the shell itself.
        return [];
    }
}

/**
 * A tier's rules are in ConfigMaps named by their content: a pod that mounts different ones applies different rules.
 *
 * @param template pod template of its Deployment; undefined if the stack no longer declares it
 */
export function judgeTier(pod: Pod, template: Volumes | undefined): Verdict {
    const names = ({ volumes = [] }: Volumes) =>
        volumes
            .flatMap(({ configMap }) => configMap?.name ?? [])
            .sort()
            .join();
    if (template && names(template) === names(pod.spec)) return { is: "new" };
    const ends = pod.metadata.deletionTimestamp !== undefined;
    return { is: "old", why: ends ? "is terminating" : isReady(pod) ? "is an old version" : (reasonOf(pod) ?? "") };
}
