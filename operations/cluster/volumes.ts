import { plinthLabels } from "../../components/labels";
import { namespaceOf } from "../../config/unique";
import { claimOf, type FileSystemUse } from "./claimHealth";
import type { Kubectl } from "./kubectl";
import type { Claim, List, Live, Volume } from "./live";

/** Where the data is stored: `server:/path`, a path on a node, or the driver and its volume handle. */
export function placeOf({ spec }: Volume): string {
    const { csi, nfs, hostPath, local } = spec;
    if (nfs) return `${nfs.server}:${nfs.path}`;
    const node = nodeOf(spec);
    if (hostPath) return `${hostPath.path} on ${node ?? "the node"}`;
    if (local) return `${local.path} on ${node ?? "the node"}`;
    if (!csi) return "not reported by the driver";
    const { server, share, subdir = "" } = attributesOf(csi);
    return server !== undefined && share !== undefined
        ? `${server}:${`/${share}/${subdir}`.replace(/\/+/g, "/").replace(/(.)\/$/, "$1")}`
        : `${csi.driver} ${csi.volumeHandle}`;
}

/** Drivers ignore the case of their parameters' keys. */
const attributesOf = ({ volumeAttributes = {} }: NonNullable<Volume["spec"]["csi"]>): Record<string, string> =>
    Object.fromEntries(Object.entries(volumeAttributes).map(([key, value]) => [key.toLowerCase(), value]));

const nodeOf = ({ nodeAffinity }: Volume["spec"]): string | undefined =>
    nodeAffinity?.required?.nodeSelectorTerms
        ?.flatMap(({ matchExpressions }) => matchExpressions ?? [])
        .find(({ key }) => key === "kubernetes.io/hostname")?.values?.[0];

/**
 * Whether a provisioner created the volume and so deletes its data with it: of a volume created by hand, only the
 * object is deleted. https://kubernetes.io/docs/concepts/storage/persistent-volumes/#delete
 */
export const isProvisioned = ({ metadata }: Volume): boolean =>
    metadata.annotations?.["pv.kubernetes.io/provisioned-by"] !== undefined;

/**
 * Describes what remains after a volume is deleted; undefined if nothing does.
 *
 * csi-driver-nfs can be configured to keep the directory: by `onDelete` of its class, or the fifth part of the handle.
 * https://github.com/kubernetes-csi/csi-driver-nfs/blob/master/docs/driver-parameters.md
 */
export function leftoverOf(volume: Volume): string | undefined {
    const place = placeOf(volume);
    if (!isProvisioned(volume)) return `${place} stays: it was not created by a driver, so none deletes it`;
    const { csi } = volume.spec;
    if (csi?.driver !== "nfs.csi.k8s.io") return undefined;
    const action = (attributesOf(csi)["ondelete"] ?? csi.volumeHandle.split("#")[4] ?? "").toLowerCase();
    if (action === "retain") return `${place} stays: its storage class has onDelete: retain`;
    if (action !== "archive") return undefined;
    return `${place.replace(/([^/]+)$/, "archived-$1")} stays: its storage class has onDelete: archive`;
}

/** A volume of a stack, or a claim that has none yet. Sizes are quantities, usage is in bytes. */
export interface StackVolume {
    /** `namespace/name`, even of a deleted claim. */
    readonly claim: string;
    readonly volume?: string;
    /** The claim's phase while the claim exists, else the volume's. */
    readonly state: string;
    readonly size: string;
    /** Undefined if no kubelet reports it. */
    readonly fileSystem?: FileSystemUse;
    readonly storageClass: string;
    readonly reclaimPolicy?: string;
    /** Undefined if only the namespace shows that it belongs to this stack. */
    readonly instance?: string;
    readonly place?: string;
}

/** All volumes of the cluster. */
export const listVolumes = async (kubectl: Pick<Kubectl, "json">): Promise<Volume[]> =>
    (await kubectl.json<List<Volume>>(["get", "persistentvolumes"])).items;

/** The volume bound to a claim, not one of an earlier claim of the same name. */
export const volumeOf = (claim: Live, volumes: readonly Volume[]): Volume | undefined =>
    volumes.find(
        ({ spec: { claimRef }, status }) =>
            claimRef?.namespace === claim.metadata.namespace &&
            claimRef.name === claim.metadata.name &&
            status?.phase === "Bound",
    );

/** Whether a volume belonged to a former instance of the stack, by the annotation that `forget` and `purge` set. */
export const isFormer = ({ metadata, status }: Volume, owner: string): boolean =>
    status?.phase !== "Bound" && metadata.annotations?.[plinthLabels.stack] === owner;

/** The value that marks the volumes of a stack: `<project>.<stack>`. */
export const ownerOf = ({ config }: Kubectl): string => `${config.project}.${config.stack}`;

/**
 * A stack's claims with their volumes, then the volumes that former instances have left.
 *
 * @param use usage of file systems by `namespace/claim`
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

const volumeFields = (volume: Volume) => ({
    reclaimPolicy: volume.spec.persistentVolumeReclaimPolicy ?? "",
    place: placeOf(volume),
});

/** @param use usage of file systems by `namespace/claim` */
export function claimRow(
    claim: Claim,
    volumes: readonly Volume[],
    use: ReadonlyMap<string, FileSystemUse>,
): StackVolume {
    const { instance, claim: name, namespace, phase, waits: _, ...health } = claimOf(claim, { use });
    const volume = volumeOf(claim, volumes);
    return {
        claim: `${namespace}/${name}`,
        state: claim.metadata.deletionTimestamp ? "Terminating" : phase,
        ...health,
        ...(volume ? { volume: volume.metadata.name, ...volumeFields(volume) } : {}),
        instance,
    };
}

/** @param isMarked whether Plinth's annotation names the volume's owner. */
export function volumeRow(volume: Volume, isMarked: boolean): StackVolume {
    const { metadata, spec, status } = volume;
    const instance = isMarked ? metadata.annotations?.[plinthLabels.instance] : undefined;
    return {
        claim: spec.claimRef ? `${spec.claimRef.namespace}/${spec.claimRef.name}` : "",
        volume: metadata.name,
        state: status?.phase ?? "unknown",
        size: spec.capacity?.["storage"] ?? "",
        storageClass: spec.storageClassName ?? "",
        ...volumeFields(volume),
        ...(instance ? { instance } : {}),
    };
}
