import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Text } from "./languages/text";

/**
 * How long an object lives when its instance does not run.
 *
 * - `instance`: as long as the instance is known to the stack, also when it is stopped or removed.
 * - `address`: while stopped, so that the address (and DNS) stays; gone when removed.
 * - `running`: only while the instance runs.
 */
export type Lifetime = "instance" | "address" | "running";

/** Every kind of object that components may create, in the order in which `kubectl apply` wants them. */
export const kinds = {
    Namespace: { api: "v1", create: k8s.core.v1.Namespace, lifetime: "instance" },
    StorageClass: { api: "storage.k8s.io/v1", create: k8s.storage.v1.StorageClass, lifetime: "instance" },
    PersistentVolume: { api: "v1", create: k8s.core.v1.PersistentVolume, lifetime: "instance" },
    ResourceQuota: { api: "v1", create: k8s.core.v1.ResourceQuota, lifetime: "instance" },
    LimitRange: { api: "v1", create: k8s.core.v1.LimitRange, lifetime: "instance" },
    NetworkPolicy: { api: "networking.k8s.io/v1", create: k8s.networking.v1.NetworkPolicy, lifetime: "instance" },
    PersistentVolumeClaim: { api: "v1", create: k8s.core.v1.PersistentVolumeClaim, lifetime: "instance" },
    Secret: { api: "v1", create: k8s.core.v1.Secret, lifetime: "instance" },
    ConfigMap: { api: "v1", create: k8s.core.v1.ConfigMap, lifetime: "running" },
    Service: { api: "v1", create: k8s.core.v1.Service, lifetime: "running" },
    StatefulSet: { api: "apps/v1", create: k8s.apps.v1.StatefulSet, lifetime: "running" },
    Job: { api: "batch/v1", create: k8s.batch.v1.Job, lifetime: "running" },
    Deployment: { api: "apps/v1", create: k8s.apps.v1.Deployment, lifetime: "running" },
    CronJob: { api: "batch/v1", create: k8s.batch.v1.CronJob, lifetime: "running" },
    HorizontalPodAutoscaler: {
        api: "autoscaling/v2",
        create: k8s.autoscaling.v2.HorizontalPodAutoscaler,
        lifetime: "running",
    },
    PodDisruptionBudget: { api: "policy/v1", create: k8s.policy.v1.PodDisruptionBudget, lifetime: "running" },
    Ingress: { api: "networking.k8s.io/v1", create: k8s.networking.v1.Ingress, lifetime: "running" },
} as const satisfies Record<string, { api: string; create: unknown; lifetime: Lifetime }>;

export type Kind = keyof typeof kinds;

/** Whether an object is of one of these kinds: operators have kinds of their own with the same names. */
export const isKnownKind = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): boolean =>
    Object.hasOwn(kinds, kind) && kinds[kind as Kind].api === apiVersion;

/** What the provider accepts for a kind; files come from the writer of their language. */
export type Args<K extends Kind> = K extends "ConfigMap"
    ? { readonly data: Readonly<Record<string, pulumi.Input<Text>>> }
    : NonNullable<ConstructorParameters<(typeof kinds)[K]["create"]>[1]>;

/** A value of a Secret: what is named as a file is one, and comes from the writer of its language. */
export type SecretValue<Key extends string> = pulumi.Input<Key extends `${string}.${string}` ? Text : string>;

/** Kinds that start pods: they wait for what they start after, and carry the digest of the Secrets they use. */
export const workloads: readonly string[] = ["StatefulSet", "Deployment", "Job", "CronJob"];

/** Kinds that must not be lost by a mistake. */
export const precious: readonly string[] = ["Namespace", "StorageClass", "PersistentVolume", "PersistentVolumeClaim"];

/** Kinds that are in no namespace. */
export const clusterScoped: readonly string[] = ["Namespace", "StorageClass", "PersistentVolume"];

/** Kinds whose pods roll when a Secret that they use changes. A Task runs again for its image and inputs only. */
export const secretsDigested: readonly string[] = ["StatefulSet", "Deployment"];
