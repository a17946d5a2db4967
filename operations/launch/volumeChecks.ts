import type { PersistentVolumeClaimSpec } from "kubernetes-types/core/v1";
import { plinthLabels } from "../../components/labels";
import { show } from "../../config/problems";
import { parseQuantity } from "../../config/quantity";
import { UserError } from "../system/errors";
import type { Kubectl } from "../cluster/kubectl";
import { KubectlError } from "../cluster/kubectlError";
import type { List, StorageClass, Volume } from "../cluster/live";
import type { Existing } from "../cluster/ownership";
import type { RenderedObject, Rendering } from "../render/rendering";
import { listVolumes, placeOf } from "../cluster/volumes";

type ClaimSpec = Required<Pick<PersistentVolumeClaimSpec, "accessModes" | "resources">> & PersistentVolumeClaimSpec;

/** A claim in the cluster. */
type LiveClaim = RenderedObject & { readonly metadata: { readonly uid?: string } };

/** What is known about a stack's volumes in the cluster before a run. */
export interface VolumeFacts {
    readonly rendering: Pick<Rendering, "objects" | "outputs">;
    /** Existing objects with the names of the stack's, no matter who owns them. */
    readonly live: readonly RenderedObject[];
    /** Foreign claims among them that the run would adopt. @default none */
    readonly adopted?: readonly RenderedObject[];
    /** Undefined if the account may not list them: checks that need them are skipped. */
    readonly volumes: readonly Volume[] | undefined;
    /** Undefined as for `volumes`. */
    readonly classes: readonly StorageClass[] | undefined;
}

export interface VolumeFindings {
    /** Reasons to refuse the run, one line each. */
    readonly problems: readonly string[];
    /** Names of volumes that still refer to a deleted claim, with the claim that is to get them. */
    readonly stale: readonly { readonly volume: string; readonly namespace: string; readonly claim: string }[];
}

/**
 * Reads the facts from the cluster. Cluster-scoped objects are only read if needed, because not every account may list
 * them.
 *
 * @param existing existing objects with the names of the stack's
 * @param adopts whether something is to be adopted, which is never done unchecked
 * @returns `unseen`: kinds that the account may not list
 */
export async function volumeFacts(
    kubectl: Kubectl,
    rendering: Rendering,
    { own, foreign }: Existing,
    adopts: boolean,
): Promise<VolumeFacts & { readonly foreign: readonly RenderedObject[]; readonly unseen: readonly string[] }> {
    const live = [...own, ...foreign];
    const claims = rendering.objects.filter(({ kind }) => kind === "PersistentVolumeClaim");
    const named = namesExisting(rendering);
    const grows = claims.some((claim) => {
        const there = live.find((one) => one.kind === claim.kind && sameName(one, claim));
        return there && parseQuantity(sizeOf(claim)) > parseQuantity(sizeOf(there));
    });
    const listClasses = async () => (await kubectl.json<List<StorageClass>>(["get", "storageclasses"])).items;
    const unseen: string[] = [];
    const unlessForbidden = async <T>(kind: string, list: () => Promise<T>): Promise<T | undefined> => {
        try {
            return await list();
        } catch (error) {
            if (!(error instanceof KubectlError && error.kind === "forbidden")) throw error;
            if (adopts)
                throw new UserError(
                    `Nothing was changed: adopted objects must be checked first, but this account may not list ${kind}. Run this once with an account that may.\n  ${error.message}`,
                );
            unseen.push(kind);
            return undefined;
        }
    };
    return {
        rendering,
        live,
        foreign,
        volumes: named ? await unlessForbidden("persistentvolumes", () => listVolumes(kubectl)) : [],
        classes: named || grows ? await unlessForbidden("storageclasses", listClasses) : [],
        unseen,
    };
}

/** Whether any claim of the stack is to use an existing volume. */
export const namesExisting = (rendering: Pick<Rendering, "objects">): boolean =>
    rendering.objects.some((object) => existingOf(rendering, object) !== undefined);

/** The volume that a claim adopts: one that the stack does not create itself. */
export function existingOf({ objects }: Pick<Rendering, "objects">, claim: RenderedObject): string | undefined {
    if (claim.kind !== "PersistentVolumeClaim") return undefined;
    const { volumeName } = specOf(claim);
    const own = objects.some(({ kind, metadata }) => kind === "PersistentVolume" && metadata.name === volumeName);
    return own ? undefined : volumeName;
}

const specOf = ({ spec }: RenderedObject): ClaimSpec => spec as ClaimSpec;
const sizeOf = (claim: RenderedObject): string => specOf(claim).resources.requests?.["storage"] ?? "0";

/**
 * Finds changes of the stack's volumes that Kubernetes would refuse or leave pending forever: a smaller size, expansion
 * that the class does not support, an existing volume that does not fit its claim.
 */
export function checkVolumes(facts: VolumeFacts): VolumeFindings {
    const { rendering, live, adopted = [], volumes } = facts;
    const found = rendering.objects
        .filter(({ kind }) => kind === "PersistentVolumeClaim")
        .map((claim) => {
            const key = keyOf(rendering, claim);
            const there = live.find((one) => one.kind === claim.kind && sameName(one, claim)) as LiveClaim | undefined;
            const existing = existingOf(rendering, claim);
            const volume = volumes?.find(({ metadata }) => metadata.name === existing);
            const problems = [
                ...(there ? sizeProblems(key, claim, there, facts.classes) : []),
                ...(there && adopted.some((one) => sameName(one, claim)) ? fieldProblems(key, claim, there) : []),
                ...(existing && volumes ? existingProblems(key, claim, volume, facts.classes, existing) : []),
            ];
            const taken = volume && claimOn(volume, claim, there);
            if (taken === "bound")
                problems.push(
                    `${key}.existing: "${existing}" is in use by the claim ${volume!.spec.claimRef!.namespace}/${volume!.spec.claimRef!.name}; delete that claim first, with the volume's reclaim policy at Retain`,
                );
            const { namespace = "", name } = claim.metadata;
            return { problems, stale: taken === "stale" ? [{ volume: existing!, namespace, claim: name }] : [] };
        });
    return { problems: found.flatMap(({ problems }) => problems), stale: found.flatMap(({ stale }) => stale) };
}

/**
 * Changes of a claim that Kubernetes would refuse, one line each, by what it was declared as before.
 *
 * @returns `unclear`: what only the cluster can tell
 */
export function changesOfClaim(
    rendering: Pick<Rendering, "outputs">,
    claim: RenderedObject,
    before: RenderedObject,
): { readonly refused: readonly string[]; readonly unclear: readonly string[] } {
    const key = keyOf(rendering, claim);
    const [now, then] = [claim, before].map((one) => specOf(one).storageClassName);
    // The cluster's default class at that time may be the one that is named now.
    const isFirst = now !== undefined && then === undefined;
    const there = isFirst ? { ...before, spec: { ...specOf(before), storageClassName: now } } : before;
    return {
        refused: [...sizeProblems(key, claim, before, undefined), ...fieldProblems(key, claim, there)],
        unclear: isFirst
            ? [
                  `${key}.storageClass: ${show(now)} is named for the first time, and a claim keeps the class that it has: launch refuses any but the one shown by ./plinth status`,
              ]
            : [],
    };
}

const sameName = (a: RenderedObject, b: RenderedObject): boolean =>
    a.metadata.name === b.metadata.name && a.metadata.namespace === b.metadata.namespace;

/** Path in the stack file of the claim's volume. */
function keyOf({ outputs }: Pick<Rendering, "outputs">, { metadata }: RenderedObject): string {
    for (const [instance, { namespace, volumes }] of Object.entries(outputs.instances))
        for (const [volume, { claim }] of Object.entries(volumes))
            if (namespace === metadata.namespace && claim === metadata.name)
                return `plinth:instances.${instance}.volumes.${volume}`;
    return `the claim ${metadata.namespace}/${metadata.name}`;
}

function sizeProblems(
    key: string,
    claim: RenderedObject,
    there: LiveClaim,
    classes: readonly StorageClass[] | undefined,
): string[] {
    const [wanted, has] = [sizeOf(claim), sizeOf(there)];
    if (parseQuantity(wanted) < parseQuantity(has))
        return [
            `${key}.size: ${show(wanted)} is less than the ${has} of the claim ${there.metadata.namespace}/${there.metadata.name}, and volumes cannot shrink; allowed: ${has} or more`,
        ];
    if (parseQuantity(wanted) === parseQuantity(has) || !classes) return [];
    const name = specOf(there).storageClassName ?? "";
    if (classes.find(({ metadata }) => metadata.name === name)?.allowVolumeExpansion) return [];
    const why =
        name === ""
            ? "it has no storage class, which expansion requires"
            : `its class "${name}" does not support volume expansion`;
    return [
        `${key}.size: ${show(wanted)} is more than the ${has} of the claim ${there.metadata.namespace}/${there.metadata.name}, and ${why}; allowed: ${has}`,
    ];
}

/** Immutable fields of an existing claim that would change. */
function fieldProblems(key: string, claim: RenderedObject, there: LiveClaim): string[] {
    const [wanted, has] = [specOf(claim), specOf(there)];
    const claimed = `${there.metadata.namespace}/${there.metadata.name}`;
    return [
        ...(wanted.storageClassName !== undefined && wanted.storageClassName !== (has.storageClassName ?? "")
            ? [
                  `${key}.storageClass: ${show(wanted.storageClassName)} is not that of the claim ${claimed}; allowed: ${show(has.storageClassName ?? "")}`,
              ]
            : []),
        ...(wanted.accessModes.join() !== has.accessModes.join()
            ? [
                  `${key}: the claim ${claimed} is ${has.accessModes.join(", ")}, but the stack's would be ${wanted.accessModes.join(", ")}; allowed: the same access mode, by setting or removing sharedFiles: oneNode`,
              ]
            : []),
        ...(wanted.volumeName !== undefined && wanted.volumeName !== has.volumeName
            ? [
                  `${key}: the claim ${claimed} has ${has.volumeName ? `the volume ${has.volumeName}` : "no volume yet"}, not ${wanted.volumeName}; remove existing, local, nfs or csi`,
              ]
            : []),
    ];
}

const defaultMark = "storageclass.kubernetes.io/is-default-class";

function existingProblems(
    key: string,
    claim: RenderedObject,
    volume: Volume | undefined,
    classes: readonly StorageClass[] | undefined,
    name: string,
): string[] {
    if (!volume)
        return [
            `${key}.existing: the PersistentVolume "${name}" does not exist; allowed: one listed by kubectl get persistentvolumes`,
        ];
    const { storageClassName = "", capacity, accessModes = [] } = volume.spec;
    // Without the list of classes, the default class is unknown.
    const usual = classes
        ? (classes.find(({ metadata }) => metadata.annotations?.[defaultMark] === "true")?.metadata.name ?? "")
        : storageClassName;
    const wanted = specOf(claim).storageClassName ?? usual;
    const has = capacity?.["storage"] ?? "0";
    return [
        ...(wanted === storageClassName
            ? []
            : [
                  `${key}.storageClass: ${show(wanted)} is not that of the volume ${name}, so that it would never be bound; allowed: ${show(storageClassName)}`,
              ]),
        ...(parseQuantity(sizeOf(claim)) <= parseQuantity(has)
            ? []
            : [`${key}.size: ${show(sizeOf(claim))} is more than the volume ${name} has; allowed: at most ${has}`]),
        ...specOf(claim)
            .accessModes.filter((mode) => !accessModes.includes(mode))
            .map(
                (mode) =>
                    `${key}.existing: the volume ${name} (${placeOf(volume)}) is not ${mode}; allowed: a volume that is, or sharedFiles: oneNode`,
            ),
    ];
}

/**
 * Whether another claim uses the volume or has used it: a deleted claim leaves its UID in the volume, which prevents
 * binding to any other.
 */
function claimOn(
    { spec: { claimRef }, status }: Volume,
    claim: RenderedObject,
    there: LiveClaim | undefined,
): "bound" | "stale" | undefined {
    if (!claimRef) return undefined;
    const ours = claimRef.namespace === claim.metadata.namespace && claimRef.name === claim.metadata.name;
    if (ours && (claimRef.uid === undefined || claimRef.uid === there?.metadata.uid)) return undefined;
    return status?.phase === "Bound" ? "bound" : "stale";
}

/**
 * The patch that assigns a volume of a deleted claim, with its data, to a new one, and removes Plinth's annotations of
 * the previous owner.
 */
export const reassignArgs = ({ volume, namespace, claim }: VolumeFindings["stale"][number]): string[] => [
    ...["patch", "persistentvolume", volume, "--type", "merge", "--patch"],
    JSON.stringify({
        metadata: {
            annotations: { [plinthLabels.stack]: null, [plinthLabels.instance]: null, [plinthLabels.purge]: null },
        },
        spec: {
            persistentVolumeReclaimPolicy: "Retain",
            claimRef: { namespace, name: claim, uid: null, resourceVersion: null },
        },
    }),
];
