import type { DaemonSet as AnyDaemonSet, DeploymentStatus, StatefulSetStatus } from "kubernetes-types/apps/v1";
import type { CronJob as AnyCronJob, Job as AnyJob } from "kubernetes-types/batch/v1";
import type {
    Container,
    ContainerStatus as AnyContainerStatus,
    Event as AnyEvent,
    Node as AnyNode,
    NodeSystemInfo,
    PersistentVolume as AnyVolume,
    PersistentVolumeClaim as AnyClaim,
    PodCondition,
    PodSpec,
    PodStatus,
    Service as AnyService,
} from "kubernetes-types/core/v1";
import type { ObjectMeta } from "kubernetes-types/meta/v1";
import type { Ingress as AnyIngress } from "kubernetes-types/networking/v1";
import type { StorageClass as AnyStorageClass } from "kubernetes-types/storage/v1";

/**
 * Objects as the cluster returns them. The package's types also cover manifests, in which most fields are optional;
 * these types require the fields that the server fills in, as far as they are read here.
 */

type Filled<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]-?: NonNullable<T[P]> };

/** A namespaced object, with the fields that all kinds have in common. */
export interface Live {
    readonly kind: string;
    readonly metadata: Filled<ObjectMeta, "name" | "namespace" | "creationTimestamp">;
}

/** A cluster-scoped object, or one whose namespace does not matter. */
interface ClusterScoped {
    readonly metadata: Filled<ObjectMeta, "name">;
}

type BodyOf<T, K extends keyof T> = Omit<Filled<T, K>, "apiVersion" | "kind" | "metadata">;

export interface Pod extends Live {
    readonly spec: PodSpec;
    readonly status?: Omit<PodStatus, "containerStatuses" | "initContainerStatuses"> & {
        readonly containerStatuses?: readonly ContainerStatus[];
        readonly initContainerStatuses?: readonly ContainerStatus[];
    };
}
export type ContainerStatus = Omit<AnyContainerStatus, "image" | "imageID">;
export type ContainerState = NonNullable<ContainerStatus["state"]>;
export type Condition = Omit<PodCondition, "lastProbeTime">;

/** The pod template of a workload. */
interface Template {
    readonly metadata?: ObjectMeta;
    readonly spec: PodSpec;
}

/** A Deployment or StatefulSet. */
export interface Workload extends Live {
    readonly spec: { readonly replicas?: number; readonly template: Template };
    readonly status?: Partial<DeploymentStatus | StatefulSetStatus>;
}

export interface Job extends Live {
    readonly spec: Omit<NonNullable<AnyJob["spec"]>, "template"> & { readonly template: Template };
    readonly status?: AnyJob["status"];
}

export type CronJob = Live & {
    readonly spec: Pick<NonNullable<AnyCronJob["spec"]>, "schedule" | "suspend">;
} & Pick<AnyCronJob, "status">;

export type Claim = Live & BodyOf<AnyClaim, "spec">;
export type Event = Live & Filled<AnyEvent, "message" | "involvedObject">;
export type Ingress = Live & BodyOf<AnyIngress, "spec">;
export type Service = Live & BodyOf<AnyService, "spec">;
export type Volume = ClusterScoped & BodyOf<AnyVolume, "spec">;
export type StorageClass = ClusterScoped & BodyOf<AnyStorageClass, never>;

export interface Node extends ClusterScoped {
    readonly spec: NonNullable<AnyNode["spec"]>;
    readonly status: Omit<NonNullable<AnyNode["status"]>, "nodeInfo"> & {
        readonly nodeInfo: Pick<NodeSystemInfo, "architecture" | "kubeletVersion">;
    };
}

/** Only the fields that show which containers it runs. */
export interface DaemonSet extends ClusterScoped {
    readonly spec: {
        readonly template: { readonly spec: { readonly containers: readonly Pick<Container, "image" | "args">[] } };
    };
    readonly status?: AnyDaemonSet["status"];
}

/** An APIService, which serves an API group from outside the API server. The package has no types for it. */
export interface ApiService extends ClusterScoped {
    readonly status?: { readonly conditions?: readonly Condition[] };
}

/** A Gateway of the Gateway API, with the fields that the server fills in. The package has no types for it. */
export interface Gateway extends Live {
    readonly spec: {
        readonly listeners?: readonly {
            readonly name: string;
            readonly allowedRoutes?: { readonly namespaces?: { readonly from?: string } };
        }[];
    };
    readonly status?: { readonly addresses?: readonly { readonly value?: string }[] };
}

/** One line of `kubectl api-resources`. */
export interface ApiResource {
    /** Plural, as used in RBAC: `deployments`. */
    readonly name: string;
    /** `apps/v1` */
    readonly apiVersion: string;
    readonly kind: string;
}

/** A list of objects of one kind. */
export interface List<T> {
    readonly items: T[];
}
