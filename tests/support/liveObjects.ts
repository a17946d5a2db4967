import { setTimeout as sleep } from "node:timers/promises";
import { kinds } from "../../components/kinds";
import { plinthLabels } from "../../components/labels";
import type { RenderedObject } from "../../operations/render/rendering";
import type { ApiServer } from "./apiServer";

/** An object as stored by the server. */
export interface Live extends RenderedObject {
    readonly metadata: RenderedObject["metadata"] & {
        readonly uid: string;
        readonly generation?: number;
        readonly resourceVersion: string;
    };
    readonly spec?: { readonly replicas?: number; readonly type?: string };
    readonly status?: {
        readonly observedGeneration?: number;
        readonly replicas?: number;
        readonly updatedReplicas?: number;
        readonly readyReplicas?: number;
        readonly phase?: string;
        readonly conditions?: readonly { readonly type: string; readonly status: string }[];
        readonly loadBalancer?: { readonly ingress?: readonly unknown[] };
    };
}

/** What a test does with the rendered objects of a stack on an API server. */
export class LiveObjects {
    constructor(private readonly server: ApiServer) {}

    /**
     * Applies objects with strict validation and admission.
     *
     * @throws with the server's message if it refuses one or warns about one
     */
    async apply(objects: readonly object[]): Promise<void> {
        const warnings = await this.server.apply(objects);
        if (warnings.length > 0) throw new Error(warnings.join("\n"));
    }

    live(objects: readonly RenderedObject[]): Promise<Live[]> {
        return this.server.get<Live>(objects);
    }

    /** Waits until everything has settled. @throws with what has not after four minutes */
    async settle(objects: readonly RenderedObject[]): Promise<Live[]> {
        const end = Date.now() + 240_000;
        for (let waiting = objects; waiting.length > 0; await sleep(500)) {
            const unsettled = new Set(
                (await this.live(waiting)).filter((object) => !isSettled(object, objects)).map(id),
            );
            waiting = waiting.filter((object) => unsettled.has(id(object)));
            if (Date.now() > end) throw new Error(`not settled: ${waiting.map(id).join(", ")}`);
        }
        return this.live(objects);
    }

    /** Brings the cluster to exactly these objects: others with the stack's label are deleted, as by the engine. */
    async deploy(objects: readonly RenderedObject[], stack: string): Promise<Live[]> {
        await this.apply(objects);
        const wanted = new Set(objects.map(id));
        const selector = `${plinthLabels.stack}=plinth.${stack}`;
        const found = await Promise.all(
            Object.entries(kinds).map(([kind, { api }]) => this.server.list<Live>(api, kind, selector)),
        );
        await this.server.remove(found.flat().filter((object) => !wanted.has(id(object))));
        return this.settle(objects);
    }

    /** Deletes without waiting: a namespace takes time, and most others do not depend on it. */
    async remove(objects: readonly RenderedObject[]): Promise<void> {
        const own = objects.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name);
        // A namespace is deleted with its contents; objects in other namespaces one by one.
        await this.server.remove(
            objects.filter(({ kind, metadata }) => kind === "Namespace" || !own.includes(metadata.namespace!)),
        );
    }

    /** Waits until terminating namespaces of these objects are deleted. */
    async vacated(objects: readonly RenderedObject[]): Promise<void> {
        for (const namespace of objects.filter(({ kind }) => kind === "Namespace"))
            while (await this.server.exists(namespace)) await sleep(300);
    }
}

export const id = ({ kind, metadata }: RenderedObject): string =>
    [kind, [metadata.namespace, metadata.name].filter(Boolean).join("/")].join(" ");

export function isSettled({ kind, metadata, spec, status }: Live, all: readonly RenderedObject[]): boolean {
    if (kind === "Deployment" || kind === "StatefulSet") {
        const replicas = spec?.replicas ?? 1;
        const counts = [status?.replicas ?? 0, status?.updatedReplicas ?? 0, status?.readyReplicas ?? 0];
        return status?.observedGeneration === metadata.generation && counts.every((count) => count === replicas);
    }
    if (kind === "Job")
        return (status?.conditions ?? []).some(({ type, status: is }) => type === "Complete" && is === "True");
    // Volumes are created for the first pod that uses them.
    if (kind === "PersistentVolumeClaim") return status?.phase === "Bound" || !isMounted(metadata, all);
    if (kind === "Service" && spec?.type === "LoadBalancer") return (status?.loadBalancer?.ingress ?? []).length > 0;
    return true;
}

/** Whether a pod that runs all the time, or once, mounts a claim. */
const isMounted = ({ name, namespace }: RenderedObject["metadata"], all: readonly RenderedObject[]): boolean =>
    all.some(
        ({ kind, metadata, spec }) =>
            ["Deployment", "StatefulSet", "Job"].includes(kind) &&
            metadata.namespace === namespace &&
            JSON.stringify(spec).includes(`"claimName":"${name}"`),
    );
