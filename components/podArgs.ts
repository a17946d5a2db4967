import type * as k8s from "@pulumi/kubernetes";
import type { Fields } from "./kinds";
import type { ResourcesConfig } from "../config/fields";
import type { Image } from "../config/images";
import type { Composed, Edge, Setting } from "./graph";

type ProbeSpec = Fields<k8s.types.input.core.v1.Probe>;

/** Kubernetes' own type, except for the command of an exec probe. */
export type Probe = Omit<ProbeSpec, "exec"> & { readonly command?: readonly string[] };

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
    /** A directory with the lifetime of the pod. @default name: derived from the path */
    | { readonly path: string; readonly scratch: Scratch; readonly name?: string }
    /** A claim, or one directory of it. */
    | { readonly path: string; readonly claim: string; readonly subPath?: string; readonly readOnly?: boolean }
    /** A ConfigMap as a directory, which follows changes; or one of its files, which does not. */
    | { readonly path: string; readonly configMap: string; readonly file?: string; readonly mode?: number }
    /** A Secret as a directory, or one of its files. With `optional` pods start without it, too. */
    | { readonly path: string; readonly secret: string; readonly file?: string; readonly optional?: boolean };

/** One container: the parts of Kubernetes' own type that Plinth needs. */
export interface ContainerArgs {
    readonly name: string;
    readonly image: Image;
    /** Replaces the image's entrypoint. */
    readonly command?: readonly string[];
    readonly args?: readonly string[];
    /** Plain values, references to secrets, or compositions of both. Plain values are not expanded. */
    readonly env?: Readonly<Record<string, Variable>>;
    /** Services that this container connects to; their settings are added to its environment. */
    readonly uses?: readonly Edge[];
    /** TCP ports by name. */
    readonly ports?: Readonly<Record<string, number>>;
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
}

export interface PodArgs {
    /** Additional labels, for Services that select some of the component's pods. @default none */
    readonly labels?: Readonly<Record<string, string>>;
    /** Containers that must complete before the others start. @default none */
    readonly initContainers?: readonly ContainerArgs[];
    /** The first is the main one: `env`, `resources` and `exec` under the component's name refer to it. */
    readonly containers: readonly ContainerArgs[];
    /** Numeric user, because Kubernetes cannot check names. */
    readonly user: number;
    /** Group of the processes and of files on volumes. @default the user's ID */
    readonly group?: number;
    /** Seconds between the stop signal and the kill. @default 30 */
    readonly graceSeconds?: number;
    /**
     * Claims that these pods share on one node, for clusters without a shared class. All pods of the node name the same
     * ones, in the same order.
     */
    readonly shareNodeFor?: string | readonly string[];
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
