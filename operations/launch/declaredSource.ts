import {
    controlPath,
    type DeclaredSource,
    declaredSourceIn,
    declaredWords,
    ordinalEnv,
    sourceWords,
    supervisorName,
} from "../../components/database/replication";
import { plinthLabels } from "../../components/labels";
import { componentOf } from "../cluster/components";
import type { Pod } from "../cluster/live";
import type { RenderedObject } from "../render/rendering";

/** A replicated database whose declared source, or the members that it may go on without, a launch changes. */
export interface SourceChange {
    readonly namespace: string;
    /** `shop/database`: how messages name it. */
    readonly name: string;
    /** The ConfigMap from which its members read the source. */
    readonly configMap: string;
    /** Contents of that ConfigMap before the launch. */
    readonly before: string;
    /** Label selector for the pods of its members. */
    readonly members: string;
}

type Template = {
    readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
    readonly spec: Pick<Pod["spec"], "containers" | "volumes">;
};

/** Whether an object is the StatefulSet of a member of a replicated database. */
export const isMember = ({ kind, spec }: RenderedObject): boolean =>
    kind === "StatefulSet" &&
    (spec as { readonly template: Template }).template.spec.containers.some(({ name }) => name === supervisorName);

/** The ConfigMap that declares the source to a member. */
function controlOf({ spec }: Template): string | undefined {
    const mounts = spec.containers.find(({ name }) => name === supervisorName)?.volumeMounts;
    const volume = mounts?.find(({ mountPath }) => mountPath === controlPath)?.name;
    return spec.volumes?.find(({ name }) => name === volume)?.configMap?.name;
}

const textOf = (object: RenderedObject | undefined): string =>
    (object?.["data"] as Readonly<Record<string, string>> | undefined)?.["source"] ?? "";

/**
 * The databases whose declared source a launch changes. One that does not exist yet is none of them: its members start
 * with what is declared.
 *
 * @param wanted the stack's objects, in which the term is a placeholder
 * @param live objects in the cluster before the launch
 */
export function sourceChanges(wanted: readonly RenderedObject[], live: readonly RenderedObject[]): SourceChange[] {
    const found = new Map<string, SourceChange>();
    for (const object of wanted.filter(isMember)) {
        const { template } = object["spec"] as { readonly template: Template };
        const configMap = controlOf(template);
        const { namespace = "" } = object.metadata;
        const isControl = ({ kind, metadata }: RenderedObject) =>
            kind === "ConfigMap" && metadata.name === configMap && metadata.namespace === namespace;
        const [before, after] = [textOf(live.find(isControl)), textOf(wanted.find(isControl))];
        if (configMap === undefined || before === "" || !differ(before, after)) continue;
        const labels = template.metadata?.labels ?? {};
        const { instance } = componentOf({ metadata: { ...object.metadata, namespace } });
        const database = labels[plinthLabels.database] ?? "";
        found.set(`${namespace} ${configMap}`, {
            namespace,
            name: `${instance}/${database}`,
            configMap,
            before,
            members: `app.kubernetes.io/instance=${instance},${plinthLabels.database}=${database}`,
        });
    }
    return [...found.values()];
}

function differ(before: string, after: string): boolean {
    const [one, other] = [declaredSourceIn(before), declaredSourceIn(after)];
    return one.source !== other.source || one.lost !== other.lost;
}

/** What a member has done with the declared source, as its log says. */
export type Following =
    /** It has not read it yet. */
    | { readonly is: "behind"; readonly why?: string }
    /** It has; the source among them does not take writes yet. */
    | { readonly is: "informed"; readonly says?: string }
    /** It is the source, and takes writes. */
    | { readonly is: "source" };

/** Ordinal of a member's pod. */
export const ordinalOf = ({ spec }: Pick<Pod, "spec">): string | undefined =>
    spec.containers.find(({ name }) => name === supervisorName)?.env?.find(({ name }) => name === ordinalEnv)?.value;

/** Whether the supervisor of a member runs: others start with what is declared. */
export const hasSupervisor = ({ status }: Pod): boolean =>
    status?.containerStatuses?.some(
        ({ name, state, containerID }) => name === supervisorName && state?.running && containerID,
    ) ?? false;

/** @param log the last lines of a member's supervisor */
export function judgeMember(member: string | undefined, declared: DeclaredSource, log: string): Following {
    const lines = log.split("\n").map((line) => line.trim());
    const wanted = declaredWords(declared);
    const read = lines.findLastIndex((line) => line.startsWith("term "));
    if (lines[read] !== wanted) return { is: "behind" };
    const since = lines.slice(read + 1).filter((line) => line !== "");
    const last = since.at(-1);
    const opened = since.lastIndexOf(sourceWords(declared.source));
    const closed = since.findLastIndex((line) => line.startsWith("was fenced"));
    if (member === declared.source && opened > closed) return { is: "source" };
    return { is: "informed", ...(last === undefined ? {} : { says: last }) };
}
