import type * as k8s from "@pulumi/kubernetes";
import type { Fields } from "./kinds";
import type { ResourcesConfig } from "../config/fields";
import type { Image } from "../config/images";
import type { Composed, Edge, Setting } from "./graph";

type ProbeSpec = Fields<k8s.types.input.core.v1.Probe>;

/** Kubernetes' own type, but for the command of a probe that runs one. */
export type Probe = Omit<ProbeSpec, "exec"> & { readonly command?: readonly string[] };

export type Variable = Setting | Composed | number;

/** A directory that is empty when its pod starts and gone with it. */
export interface Scratch {
    /** What it may hold. On a node's disk a pod with more is evicted, in memory a write beyond it fails. */
    readonly size: string;
    /** In RAM, where it counts against the container's limit. @default false */
    readonly memory?: boolean;
}

/** What stands at a path of a container's file system. */
export type Mount =
    /** A directory that lives as long as the pod. @default name: made of the path */
    | { readonly path: string; readonly scratch: Scratch; readonly name?: string }
    /** A claim, or one directory of it. */
    | { readonly path: string; readonly claim: string; readonly subPath?: string; readonly readOnly?: boolean }
    /** A ConfigMap as a directory, which follows changes; or one of its files, which does not. */
    | { readonly path: string; readonly configMap: string; readonly file?: string; readonly mode?: number }
    /** A Secret as a directory, or one of its files. With `optional` pods start without it, too. */
    | { readonly path: string; readonly secret: string; readonly file?: string; readonly optional?: boolean };

/** One container; everything a pod of this program needs of Kubernetes' own type, in the field's terms. */
export interface ContainerArgs {
    readonly name: string;
    readonly image: Image;
    /** Replaces the image's entrypoint. */
    readonly command?: readonly string[];
    readonly args?: readonly string[];
    /** Plain values, references to secret ones, or both composed. What is plain reaches the program as it is. */
    readonly env?: Readonly<Record<string, Variable>>;
    /** Services that this container connects to; their settings join its environment. */
    readonly uses?: readonly Edge[];
    /** TCP ports by name. */
    readonly ports?: Readonly<Record<string, number>>;
    /** Requests and limits, unless the user sets others. */
    readonly resources: ResourcesConfig;
    readonly probes?: { readonly startup?: Probe; readonly readiness?: Probe; readonly liveness?: Probe };
    readonly mounts?: readonly Mount[];
    readonly workingDir?: string;
    /** Command that runs before the stop signal, or seconds to wait so that balancers notice first. */
    readonly preStop?: readonly string[] | number;
    /** Runs as this user instead of the pod's. */
    readonly user?: number;
    /** Linux capabilities kept; all others are dropped. @default none */
    readonly capabilities?: readonly string[];
    /** Switch for programs that must write beside their mounts. @default true */
    readonly readOnlyRoot?: boolean;
}

export interface PodArgs {
    /** Labels beside those of the component, for Services that select some of its pods. @default none */
    readonly labels?: Readonly<Record<string, string>>;
    /** Runs to its end before the containers start. @default none */
    readonly initContainers?: readonly ContainerArgs[];
    /** The first is the main one: `env`, `resources` and `exec` of the component's name mean it. */
    readonly containers: readonly ContainerArgs[];
    /** Numeric user, as Kubernetes cannot check a name. */
    readonly user: number;
    /** Group of the processes and of the files on volumes. @default the user's number */
    readonly group?: number;
    /** Seconds between the stop signal and the kill. @default 30 */
    readonly graceSeconds?: number;
    /** Claim whose files these pods share on one node, for clusters without a shared class. */
    readonly shareNodeFor?: string;
    /** Spread over nodes and zones: for two replicas and more; or for all pods with these labels. @default false */
    readonly spread?: boolean | Readonly<Record<string, string>>;
    /** Whether a new pod may start while the old one still runs. @default false */
    readonly surges?: boolean;
    /** @default "Always" */
    readonly restartPolicy?: "Always" | "Never" | "OnFailure";
}
