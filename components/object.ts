import type { Input } from "../config/value";
import type { Component } from "./component";
import type { Node } from "./graph";
import type { Lifetime } from "./kinds";

export interface Metadata {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, Input<string>>>;
}

export interface KubernetesObject {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: Metadata;
    readonly [field: string]: unknown;
}

/** An object of an operator's kind, which gets its name, namespace and common labels like all others. */
export type CustomObject = Omit<KubernetesObject, "metadata"> & Pick<Metadata, "labels" | "annotations">;

/** Options of an object in addition to its fields. */
export interface ObjectOptions {
    /** Component that owns the object. @default none: the object belongs to the instance as a whole */
    readonly node?: Node;
    /** @default the kind's */
    readonly lifetime?: Lifetime;
    /**
     * Whether a ConfigMap or Secret keeps its name, changes in place and replaces no pods, for readers that watch it.
     * @default false
     */
    readonly fixedName?: boolean;
    /** Name in the cluster. @default the logical name with the stack's prefix; for a Namespace the instance's */
    readonly finalName?: string;
    /** Logical name of a ConfigMap of the same component that changes first. @default none */
    readonly after?: string;
    /** Whether a volume may be deleted without consent, because its content can be made anew. @default false */
    readonly disposable?: boolean;
    /** Fields controlled by others, such as the replicas of an autoscaled Deployment. */
    readonly ignoreChanges?: string[];
}

/** A declared object, after the user's patches. */
export interface Declared extends ObjectOptions {
    /** Undefined for the stack itself. */
    readonly owner: Component | undefined;
    readonly kind: string;
    /** Logical name. */
    readonly name: string;
    readonly object: KubernetesObject;
}
