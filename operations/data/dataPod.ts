import { randomBytes } from "node:crypto";
import type { PodSpec } from "kubernetes-types/core/v1";
import { plinthLabels } from "../../components/labels";
import { podOf } from "../../components/references";
import { requestsAndLimits } from "../../components/resources";
import { images, resolveImage } from "../../config/images";
import { placementIn, placementOf } from "../../config/placement";
import type { AnyInstance } from "../../config/stack";
import { UserError } from "../system/errors";
import { interruptible } from "../system/interruptible";
import type { Kubectl } from "../cluster/kubectl";
import type { List, Live, Pod } from "../cluster/live";
import { reasonOf } from "../cluster/pods";
import type { Session } from "../session";

/** Where the helper pod mounts the volume. */
export const mountPath = "/volume";

const component = "plinth-data";

/** The parts of a pod spec that determine which volumes it mounts and as which user. */
type Mounting = Pick<
    PodSpec,
    | "securityContext"
    | "imagePullSecrets"
    | "nodeSelector"
    | "tolerations"
    | "priorityClassName"
    | "runtimeClassName"
    | "serviceAccountName"
    | "volumes"
>;

const mounts = ({ volumes = [] }: Mounting, claim: string): boolean =>
    volumes.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim);

/** The pods that currently mount a claim, except helper pods. */
export async function podsWith(kubectl: Kubectl, namespace: string, claim: string): Promise<Pod[]> {
    const { items } = await kubectl.json<List<Pod>>(["get", "pods", "--namespace", namespace]);
    return items.filter(
        ({ metadata, spec, status }) =>
            mounts(spec, claim) &&
            !["Succeeded", "Failed"].includes(status?.phase ?? "") &&
            metadata.labels?.["app.kubernetes.io/name"] !== component,
    );
}

/**
 * How the instance's own pods mount a claim: files on it belong to their user, and no other user may read them.
 *
 * @returns undefined if no configured pod mounts it
 */
export async function mountingOf(session: Session, name: string, claim: string): Promise<Mounting | undefined> {
    const key = "plinth:instances";
    const written = JSON.parse(session.file().config[key] ?? "{}") as Record<string, object>;
    const running = { ...written, [name]: { ...written[name], state: "running" } };
    const { objects } = await session.renderWith({ config: { [key]: JSON.stringify(running) } });
    return objects
        .filter(({ metadata }) => metadata.labels?.["app.kubernetes.io/instance"] === name)
        .flatMap((object) => (podOf(object) as Mounting | undefined) ?? [])
        .find((pod) => mounts(pod, claim));
}

export interface DataPodArgs {
    readonly kubectl: Kubectl;
    readonly instance: AnyInstance;
    readonly namespace: string;
    readonly claim: string;
    readonly readOnly: boolean;
    readonly mounting: Mounting;
    /** The node on which the volume is already mounted, if it can be mounted on one node only. */
    readonly nodeName?: string;
    /** @default the pinned one */
    readonly image?: string;
}

/**
 * A pod that only mounts a volume, as the instance's own pods would. It accepts no connections, as the instance's
 * network policies require of every pod, and ends by itself after a day.
 */
export function dataPod({ kubectl, instance, claim, readOnly, mounting, nodeName, ...args }: DataPodArgs): object {
    const { config } = kubectl;
    const { reference, pullPolicy } = resolveImage(images.busybox, args.image, config.images);
    const { securityContext, imagePullSecrets, nodeSelector, tolerations } = mounting;
    const { priorityClassName, runtimeClassName, serviceAccountName } = mounting;
    const { podAnnotations, podLabels } = placementIn([config.placement, placementOf(instance)]);
    return {
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
            name: `data-${randomBytes(5).toString("hex")}`,
            namespace: args.namespace,
            ...(Object.keys(podAnnotations).length > 0 ? { annotations: podAnnotations } : {}),
            labels: {
                ...podLabels,
                "app.kubernetes.io/instance": instance.name,
                "app.kubernetes.io/name": component,
                "app.kubernetes.io/part-of": instance.platform,
                "app.kubernetes.io/managed-by": "plinth",
                [plinthLabels.stack]: `${config.project}.${config.stack}`,
            },
        },
        spec: {
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            restartPolicy: "Never",
            activeDeadlineSeconds: 86_400,
            terminationGracePeriodSeconds: 1,
            securityContext,
            ...(imagePullSecrets ? { imagePullSecrets } : {}),
            ...(nodeName ? { nodeName } : { ...(nodeSelector ? { nodeSelector } : {}) }),
            ...(tolerations ? { tolerations } : {}),
            ...(priorityClassName ? { priorityClassName } : {}),
            ...(runtimeClassName ? { runtimeClassName } : {}),
            ...(serviceAccountName ? { serviceAccountName } : {}),
            containers: [
                {
                    name: "data",
                    image: reference,
                    imagePullPolicy: pullPolicy,
                    command: ["sh", "-c", "trap 'exit 0' TERM; sleep 86400 & wait"],
                    // Only the volume is writable.
                    resources: requestsAndLimits(
                        { cpu: "50m", memory: "64Mi", ephemeralStorage: "64Mi" },
                        config.cluster.cpuLimits,
                    ),
                    securityContext: {
                        allowPrivilegeEscalation: false,
                        readOnlyRootFilesystem: true,
                        capabilities: { drop: ["ALL"] },
                    },
                    // Not on the volume source: some drivers would have to attach it again for that.
                    volumeMounts: [{ name: "data", mountPath, readOnly }],
                },
            ],
            volumes: [{ name: "data", persistentVolumeClaim: { claimName: claim } }],
        },
    };
}

/**
 * Runs a pod for the duration of some work. It is deleted afterwards, even if the work fails or is interrupted by
 * Ctrl-C.
 *
 * @param work is given the kubectl arguments that address the pod, and a signal that Ctrl-C aborts
 * @throws UserError with the reason if the pod is not ready within three minutes
 */
export async function withPod(
    kubectl: Kubectl,
    pod: object,
    work: (into: readonly string[], signal: AbortSignal) => Promise<void>,
): Promise<void> {
    const { name, namespace, labels } = (pod as Live).metadata;
    const there = ["--namespace", namespace];
    await interruptible(async (signal) => {
        try {
            await removeEnded(kubectl, there, labels!);
            await kubectl.read(["create", "--filename", "-"], JSON.stringify(pod));
            try {
                await kubectl.read(["wait", "--for=condition=Ready", `pod/${name}`, ...there, "--timeout=3m"]);
            } catch (error) {
                signal.throwIfAborted();
                if (!(error instanceof UserError)) throw error;
                const found = await kubectl.json<Pod>(["get", "pod", name, ...there]);
                throw new UserError(`The helper pod does not become ready: ${reasonOf(found) ?? error.message}`);
            }
            signal.throwIfAborted();
            await work(["exec", name, ...there, "--container", "data"], signal);
        } finally {
            await kubectl.read(["delete", "pod", name, ...there, "--ignore-not-found", "--wait=false"]);
        }
    });
}

/** Deletes helper pods of killed runs, which have ended by themselves. */
async function removeEnded(
    kubectl: Kubectl,
    there: readonly string[],
    labels: Readonly<Record<string, string>>,
): Promise<void> {
    const selector = `app.kubernetes.io/name=${component},app.kubernetes.io/instance=${labels["app.kubernetes.io/instance"]}`;
    const { items } = await kubectl.json<List<Pod>>(["get", "pods", ...there, "--selector", selector]);
    for (const { metadata } of items.filter(({ status }) => ["Succeeded", "Failed"].includes(status?.phase ?? "")))
        await kubectl.read(["delete", "pod", metadata.name, ...there]);
}
