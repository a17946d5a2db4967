import type { AnyInstance } from "../config/stack";
import type { Value } from "../config/value";
import type { Node } from "./graph";
import {
    isKnownKind,
    isMadeInServers,
    isOperated,
    isPrecious,
    type Kind,
    kinds,
    secretsDigested,
    typeOf,
    workloads,
} from "./kinds";
import { plinthLabels } from "./labels";
import { consentName } from "./names";
import type { Declared, KubernetesObject, Metadata } from "./object";
import { secretsOf } from "./references";
import { Resource } from "./resource";
import type { Stack } from "./stack";

export interface ObjectPlanArgs {
    readonly stack: Stack;
    readonly config: AnyInstance;
    /** Path that messages about the instance refer to. */
    readonly path: string;
}

/** Whether an object is complete when pods are ready, or what they make is there. */
const needsPods = ({ kind, object }: Declared): boolean =>
    workloads.includes(kind) || isOperated(object) || isMadeInServers(object);

/**
 * Turns an instance's declared objects into resources: which of them exist, in which order, with which dependencies.
 */
export class ObjectPlan {
    private readonly planned = new Map<Declared, Resource>();
    private readonly digests = new Map<string, Value<string>>();

    constructor(
        private readonly args: ObjectPlanArgs,
        /** Complete before the first of them is planned. */
        private readonly declared: readonly Declared[],
    ) {}

    /** Plans objects without a component: the namespace first, then policies, quota and the user's extra objects. */
    addCommon(): void {
        for (const entry of this.declared) if (entry.kind === "Namespace") this.add(entry, []);
        for (const entry of this.declared) if (!entry.node && entry.kind !== "Namespace") this.add(entry, []);
    }

    /**
     * Plans a component's objects.
     *
     * @param before resources that its pods depend on
     * @returns the resources that others depend on, which are complete when its pods are ready or its Task is done
     */
    addNode(node: Node, before: readonly Resource[]): Resource[] {
        const own = this.declared.filter((entry) => entry.node === node);
        // Pods depend on what they mount, but not on Services, which take ten seconds to become ready without pods.
        const supports = own
            .filter((entry) => !needsPods(entry) && entry.kind !== "Service")
            .flatMap((entry) => this.add(entry, []) ?? []);
        return own
            .filter((entry) => !this.planned.has(entry))
            .flatMap((entry) => {
                const pods = needsPods(entry);
                const previous = supports.filter(({ name }) => name === `${this.args.config.name}-${entry.after}`);
                const resource = this.add(entry, pods ? [...supports, ...before] : previous);
                return resource && pods && entry.kind !== "CronJob" ? [resource] : [];
            });
    }

    /** The planned resource of an object, for values that only the cluster knows. */
    resource(kind: Kind, name: string): Resource | undefined {
        const entry = this.declared.find((candidate) => candidate.kind === kind && candidate.name === name);
        return entry && this.planned.get(entry);
    }

    private exists(entry: Declared): boolean {
        const { state } = this.args.config;
        const lifetime = entry.lifetime ?? (isKnownKind(entry.object) ? kinds[entry.kind as Kind].lifetime : "running");
        return lifetime === "instance" || state === "running" || (lifetime === "address" && state === "stopped");
    }

    private add(entry: Declared, dependsOn: readonly Resource[]): Resource | undefined {
        if (!this.exists(entry)) return undefined;
        const { stack, config, path } = this.args;
        const namespace = entry.kind === "Namespace" ? undefined : this.resource("Namespace", "namespace");
        const after = [...dependsOn, ...(namespace ? [namespace] : [])];
        const resource = new Resource(
            typeOf(entry.object),
            `${config.name}-${entry.name}`,
            this.withDigest(entry),
            {
                ...(entry.owner ? { parent: entry.owner.resource } : {}),
                provider: stack.provider,
                ...(after.length > 0 ? { dependsOn: after } : {}),
                ...(entry.ignoreChanges ? { ignoreChanges: entry.ignoreChanges } : {}),
                ...(this.isProtected(entry) ? { protect: true } : {}),
            },
            { path, what: `${entry.kind} "${entry.name}"` },
        );
        this.planned.set(entry, resource);
        stack.plan.push(resource);
        return resource;
    }

    private isProtected({ object, disposable = false }: Declared): boolean {
        return isPrecious(object) && !disposable && this.args.stack.isProtected(consentName(object));
    }

    /** The object with a digest of the Secrets that its pods use, so that a changed value replaces them. */
    private withDigest(entry: Declared): KubernetesObject {
        if (!secretsDigested.includes(entry.kind) || !isKnownKind(entry.object)) return entry.object;
        const object = entry.object as KubernetesObject & { spec: { template: { metadata?: Metadata; spec: object } } };
        const names = secretsOf(object.spec.template.spec);
        const used = this.declared.filter(
            ({ kind, fixedName, object: secret }) => kind === "Secret" && !fixedName && names.has(secret.metadata.name),
        );
        if (used.length === 0) return object;
        const { template } = object.spec;
        const annotations = { ...template.metadata?.annotations, [plinthLabels.secrets]: this.digestOf(used) };
        return {
            ...object,
            spec: { ...object.spec, template: { ...template, metadata: { ...template.metadata, annotations } } },
        } as KubernetesObject;
    }

    private digestOf(secrets: readonly Declared[]): Value<string> {
        const key = secrets.map(({ name }) => name).join(" ");
        let digest = this.digests.get(key);
        if (!digest) {
            digest = this.args.stack.digest(secrets.map(({ object }) => [object["data"], object["stringData"]]));
            this.digests.set(key, digest);
        }
        return digest;
    }
}
