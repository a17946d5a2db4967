import { plinthLabels } from "../../components/labels";
import { namespaceOf } from "../../config/unique";
import { claimOf, type FileSystemUse } from "./health";
import type { Kubectl } from "./kubectl";
import type { Claim, List, Live, Volume } from "./live";

/** Where the bytes are: `server:/path`, a path on a node, or the driver and its name for the volume. */
export function placeOf({ spec }: Volume): string {
    const { csi, nfs, hostPath, local } = spec;
    if (nfs) return `${nfs.server}:${nfs.path}`;
    const node = nodeOf(spec);
    if (hostPath) return `${hostPath.path} on ${node ?? "the node"}`;
    if (local) return `${local.path} on ${node ?? "the node"}`;
    if (!csi) return "the driver does not tell";
    const { server, share, subdir = "" } = attributesOf(csi);
    return server !== undefined && share !== undefined
        ? `${server}:${`/${share}/${subdir}`.replace(/\/+/g, "/").replace(/(.)\/$/, "$1")}`
        : `${csi.driver} ${csi.volumeHandle}`;
}

/** Drivers read the keys of their parameters in any case. */
const attributesOf = ({ volumeAttributes = {} }: NonNullable<Volume["spec"]["csi"]>): Record<string, string> =>
    Object.fromEntries(Object.entries(volumeAttributes).map(([key, value]) => [key.toLowerCase(), value]));

const nodeOf = ({ nodeAffinity }: Volume["spec"]): string | undefined =>
    nodeAffinity?.required?.nodeSelectorTerms
        ?.flatMap(({ matchExpressions }) => matchExpressions ?? [])
        .find(({ key }) => key === "kubernetes.io/hostname")?.values?.[0];

/**
 * Whether a provisioner made the volume, and takes the bytes away with it: one that was made by hand goes as an object
 * only. https://kubernetes.io/docs/concepts/storage/persistent-volumes/#delete
 */
export const isProvisioned = ({ metadata }: Volume): boolean =>
    metadata.annotations?.["pv.kubernetes.io/provisioned-by"] !== undefined;

/**
 * What stays of a volume that is deleted, in words; undefined when nothing does.
 *
 * csi-driver-nfs may be told to keep the directory: `onDelete` of its class, or the fifth part of the handle.
 * https://github.com/kubernetes-csi/csi-driver-nfs/blob/master/docs/driver-parameters.md
 */
export function remainsOf(volume: Volume): string | undefined {
    const place = placeOf(volume);
    if (!isProvisioned(volume)) return `${place} stays: no driver has made it, so none erases it`;
    const { csi } = volume.spec;
    if (csi?.driver !== "nfs.csi.k8s.io") return undefined;
    const action = (attributesOf(csi)["ondelete"] ?? csi.volumeHandle.split("#")[4] ?? "").toLowerCase();
    if (action === "retain") return `${place} stays: the class says onDelete: retain`;
    if (action !== "archive") return undefined;
    return `${place.replace(/([^/]+)$/, "archived-$1")} stays: the class says onDelete: archive`;
}

/** A volume of a stack, or a claim that has none yet. Sizes as quantities, use in bytes. */
export interface StackVolume {
    /** `namespace/name`; of a claim that is gone, too. */
    readonly claim: string;
    readonly volume?: string;
    /** The claim's phase while there is a claim, else the volume's. */
    readonly state: string;
    readonly size: string;
    /** Undefined where no kubelet tells. */
    readonly fileSystem?: FileSystemUse;
    readonly storageClass: string;
    readonly reclaimPolicy?: string;
    /** Undefined where only the namespace speaks for this stack. */
    readonly instance?: string;
    readonly place?: string;
}

/** All volumes of the cluster. */
export const listVolumes = async (kubectl: Kubectl): Promise<Volume[]> =>
    (await kubectl.json<List<Volume>>(["get", "persistentvolumes"])).items;

/** The volume that a claim has, whatever else of that name there was before. */
export const volumeOf = (claim: Live, volumes: readonly Volume[]): Volume | undefined =>
    volumes.find(
        ({ spec: { claimRef }, status }) =>
            claimRef?.namespace === claim.metadata.namespace &&
            claimRef.name === claim.metadata.name &&
            status?.phase === "Bound",
    );

/** Whether a volume is one of a former instance of the stack: our mark says so. */
export const isFormer = ({ metadata, status }: Volume, owner: string): boolean =>
    status?.phase !== "Bound" && metadata.annotations?.[plinthLabels.stack] === owner;

/** What marks the volumes of a stack: `<project>.<stack>`. */
export const ownerOf = ({ config }: Kubectl): string => `${config.project}.${config.stack}`;

/**
 * A stack's claims with their volumes, then the volumes that former instances have left.
 *
 * @param use of file systems by `namespace/claim`
 */
export async function stackVolumes(
    kubectl: Kubectl,
    claims: readonly Claim[],
    use: ReadonlyMap<string, FileSystemUse>,
): Promise<StackVolume[]> {
    const volumes = await listVolumes(kubectl);
    const { config } = kubectl;
    const namespaces = new Set([
        ...config.instances.map(namespaceOf),
        ...claims.map(({ metadata }) => metadata.namespace),
    ]);
    const left = volumes.filter(
        (volume) =>
            isFormer(volume, ownerOf(kubectl)) ||
            (volume.metadata.annotations?.[plinthLabels.stack] === undefined &&
                ["Released", "Failed"].includes(volume.status?.phase ?? "") &&
                namespaces.has(volume.spec.claimRef?.namespace ?? "")),
    );
    return [
        ...claims.map((claim) => claimRow(claim, volumes, use)),
        ...left.map((volume) => volumeRow(volume, isFormer(volume, ownerOf(kubectl)))),
    ];
}

const told = (volume: Volume) => ({
    reclaimPolicy: volume.spec.persistentVolumeReclaimPolicy ?? "",
    place: placeOf(volume),
});

/** @param use of file systems by `namespace/claim` */
export function claimRow(
    claim: Claim,
    volumes: readonly Volume[],
    use: ReadonlyMap<string, FileSystemUse>,
): StackVolume {
    const { instance, claim: name, namespace, phase, ...health } = claimOf(claim, use);
    const volume = volumeOf(claim, volumes);
    return {
        claim: `${namespace}/${name}`,
        state: claim.metadata.deletionTimestamp ? "Terminating" : phase,
        ...health,
        ...(volume ? { volume: volume.metadata.name, ...told(volume) } : {}),
        instance,
    };
}

/** @param isMarked whether our mark says whose the volume is. */
export function volumeRow(volume: Volume, isMarked: boolean): StackVolume {
    const { metadata, spec, status } = volume;
    const instance = isMarked ? metadata.annotations?.[plinthLabels.instance] : undefined;
    return {
        claim: spec.claimRef ? `${spec.claimRef.namespace}/${spec.claimRef.name}` : "",
        volume: metadata.name,
        state: status?.phase ?? "unknown",
        size: spec.capacity?.["storage"] ?? "",
        storageClass: spec.storageClassName ?? "",
        ...told(volume),
        ...(instance ? { instance } : {}),
    };
}
