import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import { type Kind, kinds, typeOf } from "../kinds";
import { types } from "../resource";

/** Makes a resource of a class of the SDK's: only these know what else the engine must be told of it. */
export type Create = (name: string, inputs: object, options: pulumi.CustomResourceOptions) => pulumi.CustomResource;

/** A class that takes its inputs as they are: what is in them, this program's own types say. */
type Class = new (name: string, inputs: never, options: pulumi.CustomResourceOptions) => pulumi.CustomResource;

const creating =
    (made: Class): Create =>
    (name, inputs, options) =>
        new made(name, inputs as never, options);

const ofKinds: Readonly<Record<Kind, Class>> = {
    Namespace: k8s.core.v1.Namespace,
    StorageClass: k8s.storage.v1.StorageClass,
    PersistentVolume: k8s.core.v1.PersistentVolume,
    ServiceAccount: k8s.core.v1.ServiceAccount,
    ResourceQuota: k8s.core.v1.ResourceQuota,
    LimitRange: k8s.core.v1.LimitRange,
    NetworkPolicy: k8s.networking.v1.NetworkPolicy,
    PersistentVolumeClaim: k8s.core.v1.PersistentVolumeClaim,
    Secret: k8s.core.v1.Secret,
    ConfigMap: k8s.core.v1.ConfigMap,
    Service: k8s.core.v1.Service,
    StatefulSet: k8s.apps.v1.StatefulSet,
    Job: k8s.batch.v1.Job,
    Deployment: k8s.apps.v1.Deployment,
    CronJob: k8s.batch.v1.CronJob,
    HorizontalPodAutoscaler: k8s.autoscaling.v2.HorizontalPodAutoscaler,
    PodDisruptionBudget: k8s.policy.v1.PodDisruptionBudget,
    Ingress: k8s.networking.v1.Ingress,
};

const byType: ReadonlyMap<string, Class> = new Map<string, Class>([
    [types.provider, k8s.Provider],
    [types.password, random.RandomPassword],
    [types.id, random.RandomId],
    [types.privateKey, tls.PrivateKey],
    ...Object.entries(ofKinds).map(([kind, made]): [string, Class] => [
        typeOf({ apiVersion: kinds[kind as Kind].api, kind }),
        made,
    ]),
]);

/** What makes resources of a type; for kinds of Kubernetes that components do not create, what takes any. */
export const createOf = (type: string): Create => creating(byType.get(type) ?? k8s.apiextensions.CustomResource);
