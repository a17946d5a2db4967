import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { suggest } from "../config/problems";
import type { AnyInstance } from "../config/stack";
import type { Node } from "./graph";
import { formProblems, withinPatch } from "./form";
import {
    type Args,
    clusterScoped,
    isKnownKind,
    type Kind,
    kinds,
    type Lifetime,
    precious,
    secretsDigested,
    workloads,
} from "./kinds";
import { plinthLabels, selectorOf } from "./labels";
import { consentName, contentHash, objectName } from "./names";
import { patchObject } from "./patch";
import { podOf, secretsOf } from "./references";
import type { Stack } from "./stack";

interface Metadata {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, pulumi.Input<string>>>;
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
    /** Guards that must have agreed before the object is sent. */
    readonly after?: pulumi.Input<pulumi.Resource>[];
}

interface Declared extends ObjectOptions {
    /** None: the stack itself. */
    readonly owner: pulumi.Resource | undefined;
    readonly kind: string;
    /** Logical name. */
    readonly name: string;
    readonly object: KubernetesObject;
}

/** Where the objects of one instance go and what its user wants changed. */
export interface FunnelArgs {
    readonly stack: Stack;
    readonly config: AnyInstance;
    readonly namespace: string;
    readonly objectName: (name: string) => string;
    /** Where messages about the instance point. */
    readonly path: string;
    readonly problem: (keys: readonly (string | number)[], message: string) => void;
}

/** Bytes of annotations that the user may give one object: what the server takes, but for those that are added here. */
const mostAnnotations = 252 * 1024;

const sizeOf = (annotations: Metadata["annotations"] = {}): number =>
    Object.entries(annotations)
        .flat()
        .reduce<number>((sum, text) => sum + (typeof text === "string" ? Buffer.byteLength(text) : 0), 0);

/** The pods of a workload; nothing for what has none. */
const templateOf = (object: KubernetesObject): { readonly metadata?: Pick<Metadata, "annotations"> } =>
    (object["spec"] as { readonly template?: { readonly metadata?: Metadata } } | undefined)?.template ?? {};

/** Kinds named by a hash of their content: a change makes a new object, and the pods that name it roll. */
const hashed: readonly string[] = ["ConfigMap", "Job"];

/**
 * The funnel that every Kubernetes object of an instance passes through.
 *
 * It adds labels, provider and protection, applies the user's patches and omissions, and takes the hashes after
 * that, so that a patched ConfigMap still rolls its pods. Objects are declared first and registered when the whole
 * stack is known to be right. There are no Pulumi transforms: they do not run under mocks, and what is rendered must
 * be exactly what `up` sends.
 */
export class Funnel {
    private readonly declared: Declared[] = [];
    private readonly patched = new Set<number>();
    private readonly omitted = new Set<number>();
    private readonly registered = new Map<Declared, pulumi.CustomResource>();
    private readonly digests = new Map<string, pulumi.Output<string>>();

    constructor(private readonly args: FunnelArgs) {}

    /**
     * Declares an object.
     *
     * @param owner component that the object belongs to; undefined: the stack itself
     * @param name logical name: what patches address, without prefix or hash
     * @returns the object's final name
     */
    add<K extends Kind>(
        owner: pulumi.Resource | undefined,
        kind: K,
        name: string,
        args: Args<K>,
        options: ObjectOptions = {},
    ): string {
        const { metadata, ...body } = args as { metadata?: Partial<Metadata> } & Record<string, unknown>;
        const usual = kind === "Namespace" ? this.args.namespace : this.args.objectName(name);
        return this.declare(owner, name, options, {
            apiVersion: kinds[kind].api,
            kind,
            metadata: {
                name: options.finalName ?? usual,
                ...(clusterScoped.includes(kind) ? {} : { namespace: this.args.namespace }),
                labels: { ...this.labels(options.node), ...metadata?.labels },
                ...this.annotations(metadata?.annotations),
            },
            ...body,
        });
    }

    /**
     * Declares an object of a kind that an operator brings to the cluster.
     *
     * @param labels beside those of every object
     */
    addCustom(
        owner: pulumi.Resource,
        name: string,
        { labels, ...body }: Omit<KubernetesObject, "metadata"> & { labels: Readonly<Record<string, string>> },
    ): void {
        const metadata = {
            name: this.args.objectName(name),
            namespace: this.args.namespace,
            labels: { ...this.labels(), ...labels },
            ...this.annotations(),
        };
        this.declare(owner, name, { fixedName: true }, { ...body, metadata } as KubernetesObject);
    }

    /** Declares the objects that the user adds, as they are written but for labels and annotations. */
    addExtras(owner: pulumi.Resource): void {
        this.args.config.extraObjects.forEach(({ metadata, ...body }, index) => {
            const object: KubernetesObject = {
                ...body,
                metadata: {
                    ...(clusterScoped.includes(body.kind) ? {} : { namespace: this.args.namespace }),
                    ...metadata,
                    labels: { ...this.labels(), ...metadata.labels },
                    ...this.annotations(metadata.annotations),
                },
            };
            const problems = formProblems(object);
            for (const { path, message } of problems) this.args.problem(["extraObjects", index, ...path], message);
            if (problems.length === 0) this.declare(owner, metadata.name, { fixedName: true }, object);
        });
    }

    private declare(
        owner: pulumi.Resource | undefined,
        name: string,
        options: ObjectOptions,
        written: KubernetesObject,
    ): string {
        const { kind } = written;
        let object = this.patch(kind, name, written);
        if (hashed.includes(kind) && !options.fixedName) {
            const { metadata, ...body } = object;
            object = { ...object, metadata: { ...metadata, name: objectName(metadata.name, contentHash(body)) } };
        }
        const twin = this.declared.find((other) => other.kind === kind && other.name === name);
        if (twin) this.args.problem(["extraObjects"], `${kind} "${name}" exists already: it is declared twice`);
        const omission = this.args.config.omit.findIndex((target) => target.kind === kind && target.name === name);
        if (omission >= 0) this.omitted.add(omission);
        else this.declared.push({ ...options, owner, kind, name, object });
        return object.metadata.name;
    }

    private patch(kind: string, name: string, written: KubernetesObject): KubernetesObject {
        return this.args.config.patches.reduce((object, patch, index) => {
            if (patch.kind !== kind || patch.name !== name) return object;
            this.patched.add(index);
            return this.patchOne(object, index, `${kind} "${name}"`);
        }, written);
    }

    /** @returns the object as it was, where the patch does not fit it */
    private patchOne(object: KubernetesObject, index: number, what: string): KubernetesObject {
        const { patch } = this.args.config.patches[index]!;
        const refuse = (message: string, ...place: readonly string[]) => {
            this.args.problem(["patches", index, "patch", ...place], message);
            return object;
        };
        let patched: KubernetesObject;
        try {
            patched = patchObject(object, patch) as unknown as KubernetesObject;
        } catch (error) {
            return refuse(`does not fit ${what}: ${(error as Error).message}`);
        }
        if (isKnownKind(object) && workloads.includes(object.kind) && !podOf(patched))
            return refuse(`takes the pods out of ${what}; leave the object out with omit`);
        const identity = ({ apiVersion, kind, metadata }: KubernetesObject) =>
            JSON.stringify([apiVersion, kind, metadata?.name, metadata?.namespace]);
        if (identity(patched) !== identity(object))
            return refuse(`may not change kind, name or namespace of ${what}: other objects refer to them`);
        const problems = formProblems(patched);
        for (const { path, message } of problems)
            refuse(`does not fit ${what}: ${path.join(".")}: ${message}`, ...withinPatch(patch, path));
        return problems.length > 0 ? object : patched;
    }

    private labels(node?: Node): Record<string, string> {
        const { stack, config } = this.args;
        return {
            ...stack.config.labels,
            ...config.labels,
            "app.kubernetes.io/instance": config.name,
            ...(node ? selectorOf(node) : {}),
            "app.kubernetes.io/part-of": config.platform,
            "app.kubernetes.io/managed-by": "plinth",
            [plinthLabels.stack]: `${stack.config.project}.${stack.config.stack}`,
        };
    }

    /** Nothing at all where there are none: the server drops an empty map, and each run would put it back. */
    private annotations(own: Metadata["annotations"] = {}): Pick<Metadata, "annotations"> {
        const annotations = { ...this.args.stack.config.annotations, ...this.args.config.annotations, ...own };
        return Object.keys(annotations).length > 0 ? { annotations } : {};
    }

    /** Reports every patch and omission that matches no object, and annotations that are too much for one. */
    check(): void {
        for (const { kind, name, object } of this.declared)
            for (const { metadata } of [object, templateOf(object)])
                if (sizeOf(metadata?.annotations) > mostAnnotations)
                    this.args.problem(
                        ["annotations"],
                        `${kind} "${name}" would have more than ${mostAnnotations / 1024} KiB of annotations, with those of all layers; Kubernetes takes 256`,
                    );

        const objects = this.declared.map(({ kind, name }) => `${kind} "${name}"`);
        const report = (key: "patches" | "omit", matched: ReadonlySet<number>) =>
            this.args.config[key].forEach((target, index) => {
                const wanted = `${target.kind} "${target.name}"`;
                if (!matched.has(index))
                    this.args.problem(
                        [key, index],
                        `matches nothing: there is no ${wanted}${suggest(wanted, objects)}`,
                    );
            });
        report("patches", this.patched);
        report("omit", this.omitted);
    }

    /** What is declared: final identity in the cluster, and what the engine knows it by. */
    identities(): { readonly object: string; readonly resource: string }[] {
        return this.declared.map(({ kind, name, object }) => ({
            object: consentName(object),
            resource: `${kind}/${this.args.config.name}-${name}`,
        }));
    }

    /** Registers what belongs to no component: the namespace first, then policies, quota and the user's own objects. */
    registerCommon(): void {
        for (const entry of this.declared) if (entry.kind === "Namespace") this.register(entry, []);
        for (const entry of this.declared) if (!entry.node && entry.kind !== "Namespace") this.register(entry, []);
    }

    /**
     * Registers a component's objects.
     *
     * @param before what its pods start after
     * @returns the resources that others wait for: its pods are up, or its Task is done, when they are
     */
    registerNode(node: Node, before: readonly pulumi.Resource[]): pulumi.Resource[] {
        const own = this.declared.filter((entry) => entry.node === node);
        // Pods come after what they mount; Services beside them, since one without pods settles for ten seconds.
        const supports = own
            .filter(({ kind }) => !workloads.includes(kind) && kind !== "Service")
            .flatMap((entry) => this.register(entry, []) ?? []);
        return own
            .filter((entry) => !this.registered.has(entry))
            .flatMap((entry) => {
                const pods = workloads.includes(entry.kind);
                const resource = this.register(entry, pods ? [...supports, ...before] : []);
                return resource && pods && entry.kind !== "CronJob" ? [resource] : [];
            });
    }

    /** The registered resource of an object, for the few values that only the cluster knows. */
    resource<K extends Kind>(kind: K, name: string): InstanceType<(typeof kinds)[K]["create"]> | undefined {
        const entry = this.declared.find((candidate) => candidate.kind === kind && candidate.name === name);
        return entry && (this.registered.get(entry) as InstanceType<(typeof kinds)[K]["create"]> | undefined);
    }

    private exists(entry: Declared): boolean {
        const { state } = this.args.config;
        const lifetime = entry.lifetime ?? (isKnownKind(entry.object) ? kinds[entry.kind as Kind].lifetime : "running");
        return lifetime === "instance" || state === "running" || (lifetime === "address" && state === "stopped");
    }

    private register(entry: Declared, dependsOn: readonly pulumi.Resource[]): pulumi.CustomResource | undefined {
        if (!this.exists(entry)) return undefined;
        const { stack, config } = this.args;
        const namespace = entry.kind === "Namespace" ? undefined : this.resource("Namespace", "namespace");
        const after = [...dependsOn, ...(namespace ? [namespace] : []), ...(entry.after ?? [])];
        const options: pulumi.CustomResourceOptions = {
            ...(entry.owner ? { parent: entry.owner } : {}),
            provider: stack.provider,
            ...(after.length > 0 ? { dependsOn: after } : {}),
            ...(entry.ignoreChanges ? { ignoreChanges: entry.ignoreChanges } : {}),
            ...(this.isProtected(entry) ? { protect: true } : {}),
        };
        const create = isKnownKind(entry.object) ? kinds[entry.kind as Kind].create : k8s.apiextensions.CustomResource;
        const resource = new (create as new (name: string, args: object, options: object) => pulumi.CustomResource)(
            `${config.name}-${entry.name}`,
            this.withDigest(entry),
            options,
        );
        this.registered.set(entry, resource);
        stack.noteRegistered(this.args.path, `${entry.kind} "${entry.name}"`, resource);
        return resource;
    }

    private isProtected({ kind, object }: Declared): boolean {
        return precious.includes(kind) && this.args.stack.isProtected(consentName(object));
    }

    /** The object with a digest of the Secrets that its pods use, so that a changed value rolls them. */
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

    private digestOf(secrets: readonly Declared[]): pulumi.Output<string> {
        const key = secrets.map(({ name }) => name).join(" ");
        let digest = this.digests.get(key);
        if (!digest) {
            digest = this.args.stack.digest(secrets.map(({ object }) => [object["data"], object["stringData"]]));
            this.digests.set(key, digest);
        }
        return digest;
    }
}
