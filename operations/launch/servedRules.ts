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

/** Whether a pod follows the rules of the last launch: who may come in, by which certificate, and to what. */
export type Verdict =
    | { readonly is: "new" }
    /** Not yet: time may help. */
    | { readonly is: "old"; readonly why: string }
    /** It will not: time does not help. */
    | { readonly is: "refused"; readonly why: string }
    /** We may not look. */
    | { readonly is: "unseen"; readonly why: string };

/** Whether pods of this specification are an edge's. */
export const isEdge = ({
    spec,
}: {
    readonly spec: { readonly containers: readonly { readonly name: string }[] };
}): boolean => spec.containers.some(({ name }) => name === reloadContainer);

/**
 * Whether visitors may reach something in it. What does not run lets nobody in, and begins with the new rules; a
 * simulated node runs nothing, and knows no container by name.
 */
export const letsIn = ({ spec, status }: Pod): boolean =>
    spec.containers.some(
        ({ name, ports = [] }) =>
            ports.some((port) => port.name === "http") &&
            status?.containerStatuses?.some((one) => one.name === name && one.state?.running && one.containerID),
    );

/** Where the files come from that a pod finds at a path, and by which key; undefined where it has none there. */
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
 * The configuration that an edge's pod should serve, by its digest.
 *
 * @param read what the cluster has for a path in the pod; undefined where it has nothing
 */
export async function wantedBy(read: (path: string) => Promise<Buffer | undefined>): Promise<string> {
    const text = async (file: string) => (await read(`${configFolder}/${file}`))?.toString() ?? "";
    const [caddyfile, list] = await Promise.all([text("Caddyfile"), text("certificates")]);
    const certificates = await Promise.all(certificatesIn(list).map(async (path) => (await read(path)) ?? ""));
    return digestOf(caddyfile, list, certificates);
}

/**
 * @param wanted digest of the configuration that the cluster has for it
 * @param log the last lines of its reload container
 */
export function judgeEdge(pod: Pod, wanted: string, log: string): Verdict {
    const lines = log.split("\n").flatMap(parsed);
    // What it said before it went over to others counts no more.
    const others = lines.findLastIndex(({ configuration, served }) => served !== undefined && configuration !== wanted);
    const own = lines.slice(others + 1).filter(({ configuration }) => configuration === wanted);
    const served = own.findLast((line) => line.served !== undefined)?.served;
    if (served) return { is: "new" };
    if (pod.metadata.deletionTimestamp !== undefined) return { is: "old", why: "is ending" };
    const errors = [...new Set(own.filter(({ level }) => level === "error").map(({ msg }) => msg))];
    if (served === false) return { is: "refused", why: errors.join("; ") };
    return { is: "old", why: errors.at(-1) ?? reasonOf(pod) ?? "has not said that it serves them" };
}

function parsed(line: string): ReloadLine[] {
    try {
        return [JSON.parse(line) as ReloadLine];
    } catch {
        // Cut off, or of the shell itself.
        return [];
    }
}

/**
 * What a tier judges by is in ConfigMaps that are named by their content: a pod with others follows other rules.
 *
 * @param template what its Deployment asks for; undefined where the stack does not declare it any more
 */
export function judgeTier(pod: Pod, template: Volumes | undefined): Verdict {
    const names = ({ volumes = [] }: Volumes) =>
        volumes
            .flatMap(({ configMap }) => configMap?.name ?? [])
            .sort()
            .join();
    if (template && names(template) === names(pod.spec)) return { is: "new" };
    const ends = pod.metadata.deletionTimestamp !== undefined;
    return { is: "old", why: ends ? "is ending" : isReady(pod) ? "is of a former version" : (reasonOf(pod) ?? "") };
}
