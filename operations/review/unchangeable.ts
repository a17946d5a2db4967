import { isDeepStrictEqual } from "node:util";
import { consentName } from "../../components/names";
import { changesOfClaim } from "../launch/volumeChecks";
import { type RenderedObject, type Rendering, titleOf } from "../render/rendering";

/** Changes between two renderings that Kubernetes does not make to objects that exist. */
export interface Unchangeable {
    /** Of claims, which `launch` refuses: one line each, with the key. */
    readonly refused: readonly string[];
    /** Of claims, which `launch` refuses if the cluster has something else: one line each, with the key. */
    readonly unclear: readonly string[];
    /** Of other objects, which the engine deletes and creates again. */
    readonly replaced: readonly string[];
}

/** Fields of a spec that may change; of other kinds, those that may not. */
const changeable: Readonly<Record<string, readonly string[]>> = {
    // https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/apps/validation/validation.go (ValidateStatefulSetUpdate)
    StatefulSet: [
        ...["replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "minReadySeconds"],
        "persistentVolumeClaimRetentionPolicy",
    ],
};
const fixed: Readonly<Record<string, readonly string[]>> = {
    Deployment: ["selector"],
    Job: ["selector", "template", "completionMode"],
    // Of what is rendered: one without has an address of the API server's choice.
    // https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidateServiceUpdate)
    Service: ["clusterIP"],
    PersistentVolume: ["csi", "nfs", "local", "hostPath", "nodeAffinity", "volumeMode"],
};

/**
 * Compares what is deployed, as far as a base commit tells, with what would be.
 *
 * @param base its objects
 * @param acceptLoss objects that may be recreated empty
 */
export function unchangeable(
    base: readonly RenderedObject[],
    rendering: Pick<Rendering, "objects" | "outputs">,
    acceptLoss: readonly string[],
): Unchangeable {
    const before = new Map(base.map((object) => [consentName(object), object]));
    const pairs = rendering.objects.flatMap((object) => {
        const was = before.get(consentName(object));
        return was ? [{ object, was }] : [];
    });
    const claims = pairs
        .filter(({ object }) => object.kind === "PersistentVolumeClaim" && !acceptLoss.includes(consentName(object)))
        .map(({ object, was }) => changesOfClaim(rendering, object, was));
    return {
        refused: claims.flatMap(({ refused }) => refused),
        unclear: claims.flatMap(({ unclear }) => unclear),
        replaced: pairs.flatMap(({ object, was }) => {
            const fields = fixedFields(object, was);
            if (fields.length === 0) return [];
            return [
                `${titleOf(object)}: ${fields.join(", ")} cannot be changed, so the engine deletes it and creates it again`,
            ];
        }),
    };
}

function fixedFields({ kind, spec }: RenderedObject, was: RenderedObject): string[] {
    const [now, then] = [spec, was["spec"]] as Readonly<Record<string, unknown>>[];
    if (!now || !then) return [];
    const all = new Set([...Object.keys(now), ...Object.keys(then)]);
    const isFixed = (field: string) =>
        changeable[kind] ? !changeable[kind].includes(field) : (fixed[kind]?.includes(field) ?? false);
    return [...all]
        .filter((field) => isFixed(field) && !isDeepStrictEqual(now[field], then[field]))
        .map((field) => `spec.${field}`)
        .sort();
}
