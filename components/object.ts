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

/** What a component may say of an object beside its fields. */
export interface ObjectOptions {
    /** Component whose object this is. @default none: the object belongs to the instance as a whole */
    readonly node?: Node;
    /** @default the kind's */
    readonly lifetime?: Lifetime;
    /**
     * For a ConfigMap or Secret that its reader follows while it runs: it keeps one name, changes in place, and rolls
     * no pod. @default false
     */
    readonly fixedName?: boolean;
    /** Name in the cluster. @default the logical name with the stack's prefix; for a Namespace the instance's */
    readonly finalName?: string;
    /** Fields that someone else decides, such as the replicas of an autoscaled Deployment. */
    readonly ignoreChanges?: string[];
}

/** An object as it is declared, after the user's patches. */
export interface Declared extends ObjectOptions {
    /** None: the stack itself. */
    readonly owner: Component | undefined;
    readonly kind: string;
    /** Logical name. */
    readonly name: string;
    readonly object: KubernetesObject;
}
