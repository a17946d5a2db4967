import { componentOf } from "./components";
import { podReason, type TierHealth } from "./health";
import type { Condition, Event, Live, Pod } from "./live";
import { isReady, restartsOf } from "./pods";

/**
 * An object from which an operator makes a database, or a pooler before one, with the fields that are read here:
 * CloudNativePG's, or mariadb-operator's.
 */
export interface OperatedServers extends Live {
    readonly spec: {
        readonly instances?: number;
        readonly replicas?: number;
        readonly imageName?: string;
        readonly image?: string;
    };
    readonly status?: {
        readonly conditions?: readonly Condition[];
        readonly readyInstances?: number;
        /** Those that are ready. */
        readonly replicas?: number;
        readonly phase?: string;
        readonly phaseReason?: string;
    };
}

/**
 * @param pods all pods of the namespace; may contain others
 * @param events warnings of the namespace; may contain others. @default none
 */
export function operatedTier(object: OperatedServers, pods: readonly Pod[], events: readonly Event[] = []): TierHealth {
    const { metadata, spec, status, kind } = object;
    const { instance, name: component, namespace } = componentOf(object);
    const own = pods.filter((pod) => {
        const of = componentOf(pod);
        return of.namespace === namespace && of.instance === instance && of.name === component;
    });
    const desired = spec.instances ?? spec.replicas ?? 1;
    // Of a pooler it counts pods, ready or not.
    const isPooler = kind === "Pooler";
    const ready = isPooler ? own.filter(isReady).length : (status?.readyInstances ?? status?.replicas ?? 0);
    const condition = status?.conditions?.find(({ type }) => type === "Ready");
    const ok = ready >= desired && (isPooler || condition?.status === "True");
    const reason = ok ? undefined : (podReason(own, events) ?? saidBy(object) ?? "its operator has not taken it up");
    return {
        instance,
        component,
        namespace,
        kind,
        ready,
        desired,
        image: spec.imageName ?? spec.image ?? "",
        created: metadata.creationTimestamp,
        restarts: own.reduce((sum, pod) => sum + restartsOf(pod), 0),
        ok,
        ...(reason ? { reason } : {}),
    };
}

/** What an operator says of its work. */
function saidBy({ status }: OperatedServers): string | undefined {
    const { phase, phaseReason, conditions = [] } = status ?? {};
    if (phase !== undefined && phase !== "") return phaseReason ? `${phase}: ${phaseReason}` : phase;
    return conditions.find(({ type }) => type === "Ready")?.message;
}
