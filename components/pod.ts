import type * as k8s from "@pulumi/kubernetes";
import type { Fields } from "./kinds";
import { withAuthorities } from "./authorities";
import { devMounts, withMounts } from "./devMounts";
import type { Edge, Node } from "./graph";
import type { Instance } from "./instance";
import { instanceLabels, plinthLabels, selectorOf } from "./labels";
import { type Expansion, literal } from "./languages/expansion";
import { objectName, pathName } from "./names";
import { placementFor, placementSpec } from "./placement";
import type { ContainerArgs, Mount, PodArgs, Probe, Scratch, Variable, Word } from "./podArgs";
import { withProxy } from "./proxy";
import { pullSecretsOf } from "./pullSecret";
import { resourcesOf } from "./resources";
import { mountsScratch, scratchName, scratchOf } from "./scratch";

export type PodTemplate = Fields<k8s.types.input.core.v1.PodTemplateSpec>;
type ContainerSpec = Fields<k8s.types.input.core.v1.Container>;
type VolumeSpec = Fields<k8s.types.input.core.v1.Volume>;
type ProbeSpec = Fields<k8s.types.input.core.v1.Probe>;

/**
 * A pod template that satisfies the restricted Pod Security level: non-root, no privilege escalation, no capabilities,
 * the runtime's seccomp profile, a read-only root, no service-account token and no Service variables.
 *
 * @throws RangeError if it mounts a claim that might be mounted on another node
 */
export function podTemplate(instance: Instance, node: Node, given: PodArgs): PodTemplate {
    const args = withAuthorities(instance, node, withProxy(instance, node, withDevMounts(instance, node, given)));
    const volumes = new Map<string, VolumeSpec>();
    const restartedAt = instance.restartedAt(node.name);
    const scratch = scratchOf(instance, node, args);
    const requested = new Set<string>();
    const container = (one: ContainerArgs, index: number, init: boolean) => {
        const main = !init && index === 0;
        // Data written only by init containers remains for the lifetime of the pod.
        const left = main ? [...scratch.keys()].filter((name) => !args.containers.some(mountsScratch(name))) : [];
        return containerSpec(instance, node, one, {
            main,
            podUser: args.user,
            volumes,
            scratch,
            left,
            requested: init ? new Set() : requested,
        });
    };
    const initContainers = (args.initContainers ?? []).map((one, index) => container(one, index, true));
    const containers = args.containers.map((one, index) => container(one, index, false));
    const pullSecrets = pullSecretsOf(instance);
    const placement = placementFor(instance, node.name);
    const { affinity, nodeSelector, ...more } = args.more ?? {};
    const annotations = {
        ...args.annotations,
        ...placement.podAnnotations,
        ...(restartedAt ? { [plinthLabels.restartedAt]: restartedAt } : {}),
    };
    for (const claim of claimsOf(args))
        instance.mounts.add(claim, {
            workload: node.name,
            surges: args.surges ?? false,
            sharesNode: args.shareNodeFor !== undefined && args.shareNodeFor === instance.mounts.groupOf(claim),
        });
    return {
        metadata: {
            labels: {
                ...instanceLabels(instance, { ...placement.podLabels, ...selectorOf(node) }),
                ...(args.shareNodeFor ? { [plinthLabels.sharedFiles]: args.shareNodeFor } : {}),
                ...args.labels,
            },
            ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
        },
        spec: {
            automountServiceAccountToken: false,
            // A Service named "redis" would otherwise set REDIS_PORT=tcp://…, which programs might read as their own
            // setting.
            enableServiceLinks: false,
            securityContext: podSecurityContext(args),
            ...(pullSecrets.length > 0 ? { imagePullSecrets: pullSecrets.map((name) => ({ name })) } : {}),
            ...(initContainers.length > 0 ? { initContainers } : {}),
            containers,
            ...(volumes.size > 0 ? { volumes: [...volumes.values()] } : {}),
            terminationGracePeriodSeconds: args.graceSeconds ?? 30,
            ...(args.restartPolicy ? { restartPolicy: args.restartPolicy } : {}),
            ...more,
            ...placementSpec(placement, {
                affinity: args.shareNodeFor ? sameNode(args.shareNodeFor) : affinity,
                nodeSelector,
                ...(args.spread && !args.shareNodeFor
                    ? { spread: args.spread === true ? selectorOf(node) : args.spread }
                    : {}),
            }),
        },
    };
}

/** The pod with folders of the developer's machine in all containers of its main image. */
function withDevMounts(instance: Instance, node: Node, args: PodArgs): PodArgs {
    const all = devMounts(instance, node);
    if (all.length === 0) return args;
    const main = args.containers[0]!.image;
    const mounted = (one: ContainerArgs): ContainerArgs =>
        one.image === main ? { ...one, mounts: withMounts(one.mounts, all) } : one;
    return {
        ...args,
        ...(args.initContainers ? { initContainers: args.initContainers.map(mounted) } : {}),
        containers: args.containers.map(mounted),
    };
}

/** What the restricted Pod Security level asks of a container, and a read-only root. */
export const hardened = () => ({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
});

export function podSecurityContext({
    user,
    group,
    podSecurity,
}: Pick<PodArgs, "user" | "group" | "podSecurity">): Fields<k8s.types.input.core.v1.PodSecurityContext> {
    const common = { seccompProfile: { type: "RuntimeDefault" }, ...podSecurity };
    // The default changes the owner of every file at each mount, which takes minutes on a large volume.
    const quick = { fsGroupChangePolicy: "OnRootMismatch" };
    if (user === "image") return { ...(group === undefined ? {} : { fsGroup: group, ...quick }), ...common };
    const id = group ?? user;
    return { runAsNonRoot: true, runAsUser: user, runAsGroup: id, fsGroup: id, ...quick, ...common };
}

/** Keeps all pods of a ReadWriteOnce volume on one node. The first pod satisfies its own rule. */
function sameNode(claim: string): Fields<k8s.types.input.core.v1.Affinity> {
    const labelSelector = { matchLabels: { [plinthLabels.sharedFiles]: claim } };
    return {
        podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector, topologyKey: "kubernetes.io/hostname" }],
        },
    };
}

interface Surroundings {
    readonly main: boolean;
    readonly podUser: number | "image";
    readonly volumes: Map<string, VolumeSpec>;
    readonly scratch: ReadonlyMap<string, Scratch>;
    /** Names of directories that count towards this container although it does not mount them. */
    readonly left: readonly string[];
    /** Names of directories for which another container already requests space. */
    readonly requested: Set<string>;
}

function containerSpec(
    instance: Instance,
    node: Node,
    args: ContainerArgs,
    { main, podUser, volumes, scratch, left, requested }: Surroundings,
): ContainerSpec {
    const image = instance.image(args.image);
    const env = Object.entries<Variable>({
        ...Object.assign({}, ...(args.uses ?? []).map((edge) => edge.env)),
        ...args.env,
        ...(main ? instance.env(node.name) : {}),
    });
    const ports = [
        ...Object.entries(args.ports ?? {}).map(([name, containerPort]) => ({ name, containerPort })),
        ...Object.entries(args.udp ?? {}).map(([name, containerPort]) => ({ name, containerPort, protocol: "UDP" })),
    ];
    const { startup, readiness, liveness } = args.probes ?? {};
    const own = [...scratch].filter(([name]) => left.includes(name) || mountsScratch(name)(args));
    const resources = resourcesOf(instance, node, args, { main, directories: new Map(own), requested });
    for (const [name] of own) requested.add(name);
    return {
        name: args.name,
        image: image.reference,
        imagePullPolicy: image.pullPolicy,
        ...(args.command ? { command: args.command.map(word) } : {}),
        ...(args.args?.length ? { args: args.args.map(word) } : {}),
        ...(args.workingDir ? { workingDir: args.workingDir } : {}),
        ...(env.length > 0 ? { env: env.map(([name, value]) => variable(name, value)) } : {}),
        ...(ports.length > 0 ? { ports } : {}),
        resources: args.devices ? { ...resources, limits: { ...resources.limits, ...args.devices } } : resources,
        ...(startup ? { startupProbe: probe(startup) } : {}),
        ...(readiness ? { readinessProbe: probe(readiness) } : {}),
        ...(liveness ? { livenessProbe: probe(liveness) } : {}),
        ...(args.preStop !== undefined ? { lifecycle: { preStop: preStop(args.preStop) } } : {}),
        // Message that `status` and the engine show for a failed container.
        terminationMessagePolicy: "FallbackToLogsOnError",
        ...securityContext(args, podUser),
        ...(args.mounts?.length
            ? { volumeMounts: args.mounts.map((mount) => mountSpec(mount, volumes, scratch)) }
            : {}),
        ...args.more,
    };
}

function securityContext(
    args: ContainerArgs,
    podUser: number | "image",
): { securityContext?: Fields<k8s.types.input.core.v1.SecurityContext> } {
    if (args.securityContext)
        return Object.keys(args.securityContext).length > 0 ? { securityContext: args.securityContext } : {};
    const own = args.user !== undefined && args.user !== podUser ? { runAsUser: args.user } : {};
    if (podUser === "image") return Object.keys(own).length > 0 ? { securityContext: own } : {};
    return {
        securityContext: {
            ...hardened(),
            ...(args.readOnlyRoot === undefined ? {} : { readOnlyRootFilesystem: args.readOnlyRoot }),
            ...(args.capabilities ? { capabilities: { drop: ["ALL"], add: [...args.capabilities] } } : {}),
            ...own,
        },
    };
}

const word = (one: Word): Expansion => (typeof one === "string" ? literal(one) : one.composed);

function variable(name: string, value: Variable): Fields<k8s.types.input.core.v1.EnvVar> {
    if (typeof value !== "object") return { name, value: literal(String(value)) };
    if ("composed" in value) return { name, value: value.composed };
    return { name, valueFrom: { secretKeyRef: { name: value.secret, key: value.key } } };
}

/** The kubelet also expands probe commands. */
function probe({ command, ...rest }: Probe): ProbeSpec {
    return { ...(command ? { exec: { command: command.map(word) } } : {}), ...rest };
}

// Unlike probe commands, hook commands are not expanded.
const preStop = (action: readonly string[] | number): Fields<k8s.types.input.core.v1.LifecycleHandler> =>
    typeof action === "number" ? { sleep: { seconds: action } } : { exec: { command: [...action] } };

function mountSpec(
    mount: Mount,
    volumes: Map<string, VolumeSpec>,
    scratch: ReadonlyMap<string, Scratch>,
): Fields<k8s.types.input.core.v1.VolumeMount> {
    const volume = volumeSpec(mount, scratch);
    volumes.set(volume.name as string, volume);
    const base = { name: volume.name, mountPath: mount.path };
    if ("claim" in mount)
        return {
            ...base,
            ...(mount.subPath ? { subPath: mount.subPath } : {}),
            ...(mount.readOnly ? { readOnly: true } : {}),
        };
    if ("hostPath" in mount) return { ...base, ...(mount.readOnly ? { readOnly: true } : {}) };
    if ("scratch" in mount) return { ...base, ...(mount.file ? { subPath: mount.file } : {}) };
    return { ...base, readOnly: true, ...(mount.file ? { subPath: mount.file } : {}) };
}

function volumeSpec(mount: Mount, scratch: ReadonlyMap<string, Scratch>): VolumeSpec {
    if ("scratch" in mount) {
        const name = scratchName(mount);
        const { size, memory } = scratch.get(name)!;
        return { name, emptyDir: { sizeLimit: size, ...(memory ? { medium: "Memory" } : {}) } };
    }
    if ("claim" in mount) return { name: mount.name ?? mount.claim, persistentVolumeClaim: { claimName: mount.claim } };
    if ("configMap" in mount)
        return {
            name: mount.configMap,
            configMap: { name: mount.configMap, ...filesOf(mount) },
        };
    if ("hostPath" in mount) return { name: hostVolume(mount.hostPath), hostPath: { path: mount.hostPath } };
    return {
        name: `${mount.secret}-secret`,
        secret: { secretName: mount.secret, ...(mount.optional ? { optional: true } : {}), ...filesOf(mount) },
    };
}

const filesOf = ({ mode, items }: { readonly mode?: number; readonly items?: readonly object[] }) => ({
    ...(mode ? { defaultMode: mode } : {}),
    ...(items ? { items: items.map((item) => ({ ...(item as { key: string; path: string; mode?: number }) })) } : {}),
});

const hostVolume = (path: string): string => objectName("host", pathName(path));

/** Names of the claims that a pod mounts. */
const claimsOf = ({ initContainers = [], containers }: PodArgs): Set<string> =>
    new Set(
        [...initContainers, ...containers].flatMap(({ mounts = [] }) =>
            mounts.flatMap((mount) => ("claim" in mount ? [mount.claim] : [])),
        ),
    );

/** All uses of a pod, from its containers, without duplicates. */
export const usesOf = (pod: Pick<PodArgs, "containers" | "initContainers">): Edge[] =>
    [...(pod.initContainers ?? []), ...pod.containers].flatMap(({ uses }) => uses ?? []);
