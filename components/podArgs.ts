import type * as k8s from "@pulumi/kubernetes";
import type { Fields } from "./kinds";
import type { ResourcesConfig } from "../config/fields";
import type { Image } from "../config/images";
import type { Composed, Edge, Setting } from "./graph";

type ProbeSpec = Fields<k8s.types.input.core.v1.Probe>;
type ContainerSpec = Fields<k8s.types.input.core.v1.Container>;
type PodSpec = Fields<k8s.types.input.core.v1.PodSpec>;
type SecurityContext = Fields<k8s.types.input.core.v1.SecurityContext>;
type PodSecurityContext = Fields<k8s.types.input.core.v1.PodSecurityContext>;

/** One word of a command: unchanged, or composed of variables of the container. */
export type Word = string | Composed;

/** Kubernetes' own type, except for the command of an exec probe. */
export type Probe = Omit<ProbeSpec, "exec"> & { readonly command?: readonly Word[] };

export type Variable = Setting | Composed | number;

/** A directory that is empty when its pod starts and is deleted with it. */
export interface Scratch {
    /** Size limit. On a node's disk, a pod that exceeds it is evicted; in memory, the write fails. */
    readonly size: string;
    /** Whether it is in memory, where it counts towards the container's limit. @default false */
    readonly memory?: boolean;
}

/** A mount in a container's file system. */
export type Mount =
    /** A directory with the lifetime of the pod, or one of its files. @default name: derived from the path */
    | { readonly path: string; readonly scratch: Scratch; readonly name?: string; readonly file?: string }
    /** A claim, or one directory of it. @default name: the claim's */
    | {
          readonly path: string;
          readonly claim: string;
          readonly name?: string;
          readonly subPath?: string;
          readonly readOnly?: boolean;
      }
    /** A ConfigMap as a directory, which follows changes; or one of its files, which does not. */
    | ({ readonly path: string; readonly configMap: string } & FilesOfMount)
    /** A Secret as a directory, or one of its files. With `optional` pods start without it, too. */
    | ({ readonly path: string; readonly secret: string; readonly optional?: boolean } & FilesOfMount)
    /** A path of the node, for which Pod Security has to be privileged. */
    | { readonly path: string; readonly hostPath: string; readonly readOnly?: boolean };

interface FilesOfMount {
    /** The only file to mount, at the path itself. @default all, below the path */
    readonly file?: string;
    /** Permissions. @default 0644 */
    readonly mode?: number;
    /** Paths of keys below the mount, for files in folders. @default the keys */
    readonly items?: readonly { readonly key: string; readonly path: string; readonly mode?: number }[];
}

/** One container: the parts of Kubernetes' own type that Plinth needs. */
export interface ContainerArgs {
    readonly name: string;
    readonly image: Image;
    /** Replaces the image's entrypoint. */
    readonly command?: readonly Word[];
    readonly args?: readonly Word[];
    /** Plain values, references to secrets, or compositions of both. Plain values are not expanded. */
    readonly env?: Readonly<Record<string, Variable>>;
    /** Services that this container connects to; their settings are added to its environment. */
    readonly uses?: readonly Edge[];
    /** TCP ports by name. */
    readonly ports?: Readonly<Record<string, number>>;
    /** UDP ports by name. @default none */
    readonly udp?: Readonly<Record<string, number>>;
    /** Default requests and limits. */
    readonly resources: ResourcesConfig;
    readonly probes?: { readonly startup?: Probe; readonly readiness?: Probe; readonly liveness?: Probe };
    readonly mounts?: readonly Mount[];
    readonly workingDir?: string;
    /** Command to run before the stop signal, or seconds to wait for balancers to notice. */
    readonly preStop?: readonly string[] | number;
    /** Runs as this user instead of the pod's. */
    readonly user?: number;
    /** Linux capabilities to keep; all others are dropped. @default none */
    readonly capabilities?: readonly string[];
    /** False for programs that must write outside their mounts. @default true */
    readonly readOnlyRoot?: boolean;
    /** Devices of the node, by the names that their plug-ins give them: `nvidia.com/gpu: 1`. @default none */
    readonly devices?: Readonly<Record<string, string>>;
    /** Whether it may fill the node's disk, since nobody knows how much its image writes. @default false */
    readonly unboundedDisk?: boolean;
    /** Instead of what the restricted level asks for. @default that, or nothing in a pod that runs as its images do */
    readonly securityContext?: SecurityContext;
    /** Further fields of Kubernetes' own type. @default none */
    readonly more?: Partial<ContainerSpec>;
}

export interface PodArgs {
    /** Additional labels, for Services that select some of the component's pods. @default none */
    readonly labels?: Readonly<Record<string, string>>;
    /** Containers that must complete before the others start. @default none */
    readonly initContainers?: readonly ContainerArgs[];
    /** The first is the main one: `env`, `resources` and `exec` under the component's name refer to it. */
    readonly containers: readonly ContainerArgs[];
    /**
     * Numeric user, because Kubernetes cannot check names; or `image`: containers run as their images do, with a
     * writable root and the runtime's capabilities, which needs Pod Security baseline.
     */
    readonly user: number | "image";
    /** Fields of the pod's security context besides those that follow from the user. @default none */
    readonly podSecurity?: PodSecurityContext;
    /** @default none */
    readonly annotations?: Readonly<Record<string, string>>;
    /** Further fields of Kubernetes' own type. @default none */
    readonly more?: Partial<PodSpec>;
    /** ConfigMaps with authorities of servers that it connects to, besides those of its uses. @default none */
    readonly authorities?: readonly string[];
    /** Group of the processes and of files on volumes. @default the user's ID */
    readonly group?: number;
    /** Seconds between the stop signal and the kill. @default 30 */
    readonly graceSeconds?: number;
    /** Claim, or group of claims, that these pods share on one node, for clusters without a shared class. */
    readonly shareNodeFor?: string;
    /**
     * Whether to spread over nodes and zones, for two or more replicas; or the labels of all pods to spread. @default
     * false
     */
    readonly spread?: boolean | Readonly<Record<string, string>>;
    /** Whether a new pod may start while the old one is still running. @default false */
    readonly surges?: boolean;
    /** @default "Always" */
    readonly restartPolicy?: "Always" | "Never" | "OnFailure";
}
