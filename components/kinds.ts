import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Input, Value } from "../config/value";
import { plinthLabels } from "./labels";
import type { Text } from "./languages/text";

/**
 * How long an object exists when its instance is not running.
 *
 * - `instance`: as long as the instance is known to the stack, also when it is stopped or removed.
 * - `address`: while stopped, so that the address (and DNS) stays; gone when removed.
 * - `running`: only while the instance runs.
 */
export type Lifetime = "instance" | "address" | "running";

/** All kinds that components may create, in the order required by `kubectl apply`. */
export const kinds = {
    Namespace: { api: "v1", lifetime: "instance" },
    StorageClass: { api: "storage.k8s.io/v1", lifetime: "instance" },
    PersistentVolume: { api: "v1", lifetime: "instance" },
    ServiceAccount: { api: "v1", lifetime: "instance" },
    ResourceQuota: { api: "v1", lifetime: "instance" },
    LimitRange: { api: "v1", lifetime: "instance" },
    NetworkPolicy: { api: "networking.k8s.io/v1", lifetime: "instance" },
    PersistentVolumeClaim: { api: "v1", lifetime: "instance" },
    Secret: { api: "v1", lifetime: "instance" },
    ConfigMap: { api: "v1", lifetime: "running" },
    Service: { api: "v1", lifetime: "running" },
    StatefulSet: { api: "apps/v1", lifetime: "running" },
    Job: { api: "batch/v1", lifetime: "running" },
    Deployment: { api: "apps/v1", lifetime: "running" },
    CronJob: { api: "batch/v1", lifetime: "running" },
    HorizontalPodAutoscaler: { api: "autoscaling/v2", lifetime: "running" },
    PodDisruptionBudget: { api: "policy/v1", lifetime: "running" },
    Ingress: { api: "networking.k8s.io/v1", lifetime: "running" },
} as const satisfies Record<string, { api: string; lifetime: Lifetime }>;

export type Kind = keyof typeof kinds;

/** Whether an object is of one of these kinds. Operators may have kinds with the same names. */
export const isKnownKind = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): boolean =>
    Object.hasOwn(kinds, kind) && kinds[kind as Kind].api === apiVersion;

/** The type token of an object. For kinds that are not listed above, the API's name is used unchanged. */
export const typeOf = (object: { readonly apiVersion: string; readonly kind: string }): string => {
    const { apiVersion, kind } = object;
    return `kubernetes:${isKnownKind(object) && !apiVersion.includes("/") ? `core/${apiVersion}` : apiVersion}:${kind}`;
};

/** The SDK's input type with Plinth's own values instead of the SDK's. */
export type Fields<T> = T extends Promise<unknown> | pulumi.OutputInstance<unknown>
    ? never
    : T extends string
      ? T | Value<T>
      : T extends readonly (infer Item)[]
        ? Fields<Item>[]
        : T extends object
          ? { [K in keyof T]: Fields<T[K]> }
          : T;

/** The inputs that the provider accepts for a kind. */
interface Accepted {
    Namespace: k8s.core.v1.NamespaceArgs;
    StorageClass: k8s.storage.v1.StorageClassArgs;
    PersistentVolume: k8s.core.v1.PersistentVolumeArgs;
    ServiceAccount: k8s.core.v1.ServiceAccountArgs;
    ResourceQuota: k8s.core.v1.ResourceQuotaArgs;
    LimitRange: k8s.core.v1.LimitRangeArgs;
    NetworkPolicy: k8s.networking.v1.NetworkPolicyArgs;
    PersistentVolumeClaim: k8s.core.v1.PersistentVolumeClaimArgs;
    Secret: k8s.core.v1.SecretArgs;
    Service: k8s.core.v1.ServiceArgs;
    StatefulSet: k8s.apps.v1.StatefulSetArgs;
    Job: k8s.batch.v1.JobArgs;
    Deployment: k8s.apps.v1.DeploymentArgs;
    CronJob: k8s.batch.v1.CronJobArgs;
    HorizontalPodAutoscaler: k8s.autoscaling.v2.HorizontalPodAutoscalerArgs;
    PodDisruptionBudget: k8s.policy.v1.PodDisruptionBudgetArgs;
    Ingress: k8s.networking.v1.IngressArgs;
}

/** The fields of a kind; files must come from the writer of their language. */
export type Args<K extends Kind> = K extends keyof Accepted
    ? Fields<Accepted[K]>
    : { readonly data: Readonly<Record<string, Input<Text>>> };

/** A value of a Secret. Values with a file name must come from the writer of their language. */
export type SecretValue<Key extends string> = Input<Key extends `${string}.${string}` ? Text : string>;

/** Kinds that start pods: they wait for their dependencies, and have the digest of the Secrets that they use. */
export const workloads: readonly string[] = ["StatefulSet", "Deployment", "Job", "CronJob"];

/** The API of CloudNativePG's kinds. */
export const cloudNativePgApi = "postgresql.cnpg.io/v1";

/** The API of mariadb-operator's kinds. */
export const mariadbOperatorApi = "k8s.mariadb.com/v1alpha1";

interface Identified {
    readonly apiVersion: string;
    readonly kind: string;
}

/** Whether an operator owns the volumes of an object's servers, which are deleted with it. */
export const ownsVolumes = ({ apiVersion, kind }: Identified): boolean =>
    apiVersion === cloudNativePgApi && kind === "Cluster";

/** Whether an operator runs servers for an object and leaves their volumes behind, as a StatefulSet does. */
export const leavesVolumes = ({ apiVersion, kind }: Identified): boolean =>
    apiVersion === mariadbOperatorApi && kind === "MariaDB";

/** Whether an operator runs servers for an object. */
export const isOperated = (object: Identified): boolean => ownsVolumes(object) || leavesVolumes(object);

/** Whether mariadb-operator makes a database, an account or its rights of an object, once the servers run. */
export const isMadeInServers = ({ apiVersion, kind }: Identified): boolean =>
    apiVersion === mariadbOperatorApi && ["Database", "User", "Grant"].includes(kind);

/** Whether an operator runs a database's poolers for an object. */
export const isPooler = ({ apiVersion, kind }: Identified): boolean =>
    apiVersion === cloudNativePgApi && kind === "Pooler";

/** Tells CloudNativePG to keep the volumes only, as of an instance that is stopped or removed. */
export const atRest = { "cnpg.io/hibernation": "on" } as const;

/** Whether an operator was told to keep the volumes only. */
export const isAtRest = ({
    metadata: { annotations = {} },
}: {
    readonly metadata: { readonly annotations?: Readonly<Record<string, unknown>> };
}): boolean => Object.entries(atRest).every(([key, value]) => annotations[key] === value);

/** Kinds that must not be lost by mistake. */
export const precious: readonly string[] = ["Namespace", "StorageClass", "PersistentVolume", "PersistentVolumeClaim"];

/** Whether an operator runs a database of the program's for an object, which the user's extra objects are not. */
export const isDatabase = (object: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly annotations?: object };
}): boolean => isOperated(object) && Object.hasOwn(object.metadata.annotations ?? {}, plinthLabels.engine);

/** Whether an object must not be lost by mistake. */
export const isPrecious = (object: Parameters<typeof isDatabase>[0]): boolean =>
    precious.includes(object.kind) || (ownsVolumes(object) && isDatabase(object));

/** Cluster-scoped kinds. */
export const clusterScoped: readonly string[] = ["Namespace", "StorageClass", "PersistentVolume"];

/**
 * Kinds whose pods are replaced when a Secret that they use changes. A Task runs again only for its image and inputs.
 */
export const secretsDigested: readonly string[] = ["StatefulSet", "Deployment"];
