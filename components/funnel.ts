import type { AddedList } from "../config/addedLists";
import { suggest } from "../config/problems";
import type { AnyInstance } from "../config/stack";
import type { Component } from "./component";
import { formProblems, withinPatch } from "./form";
import type { Node } from "./graph";
import { type Args, clusterScoped, isKnownKind, type Kind, kinds, workloads } from "./kinds";
import { componentLabels, instanceLabels, stackLabel } from "./labels";
import { consentName, contentHash, objectName } from "./names";
import type { CustomObject, Declared, KubernetesObject, Metadata, ObjectOptions } from "./object";
import { ObjectPlan } from "./objectPlan";
import { withoutUsers } from "./openshift";
import { patchObject } from "./patch";
import { podOf } from "./references";
import type { Stack } from "./stack";

/** The context of one instance's objects, with the user's changes to them. */
export interface FunnelArgs {
    readonly stack: Stack;
    readonly config: AnyInstance;
    readonly namespace: string;
    readonly objectName: (name: string) => string;
    /** Path that messages about the instance refer to. */
    readonly path: string;
    readonly problem: (keys: readonly (string | number)[], message: string) => void;
}

/** Maximum bytes of user annotations on one object: the server's limit minus those that are added here. */
const mostAnnotations = 252 * 1024;

const sizeOf = (annotations: Metadata["annotations"] = {}): number =>
    Object.entries(annotations)
        .flat()
        .reduce<number>((sum, text) => sum + (typeof text === "string" ? Buffer.byteLength(text) : 0), 0);

/** The pod template of a workload; undefined for other kinds. */
const templateOf = (object: KubernetesObject): { readonly metadata?: Pick<Metadata, "annotations"> } =>
    (object["spec"] as { readonly template?: { readonly metadata?: Metadata } } | undefined)?.template ?? {};

/** Kinds named by a hash of their content: a change creates a new object and replaces the pods that use it. */
const hashed: readonly string[] = ["ConfigMap", "Job"];

/**
 * The funnel that all Kubernetes objects of an instance pass through.
 *
 * It adds labels, provider and protection, applies the user's patches and omissions, and computes hashes after that, so
 * that a patched ConfigMap still replaces its pods. Objects are declared first, and planned once the whole stack is
 * known to be valid. No Pulumi transforms are used: what is rendered without the SDK must be exactly what `up` sends.
 */
export class Funnel {
    private readonly declared: Declared[] = [];
    private readonly patched = new Set<number>();
    private readonly omitted = new Set<number>();
    /** Kinds and names of what is declared. */
    private readonly names = new Set<string>();
    /** Turns the declared objects into resources. */
    readonly plan: ObjectPlan;

    constructor(private readonly args: FunnelArgs) {
        this.plan = new ObjectPlan(args, this.declared);
    }

    /**
     * Declares an object.
     *
     * @param owner component that the object belongs to; undefined for the stack itself
     * @param name logical name, as used in patches, without prefix or hash
     * @returns the object's final name
     */
    add<K extends Kind>(
        owner: Component | undefined,
        kind: K,
        name: string,
        args: Args<K>,
        options: ObjectOptions = {},
    ): string {
        const { metadata, ...given } = args as { metadata?: Partial<Metadata> } & Record<string, unknown>;
        const body = this.args.stack.config.cluster.openshift ? withoutUsers(kind, given) : given;
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
            ...(kind === "Service" ? this.families(body) : {}),
        });
    }

    /** What the cluster asks of all Services. */
    private families({ spec }: Record<string, unknown>): { readonly spec?: object } {
        const { ipFamilyPolicy } = this.args.stack.config.cluster;
        return ipFamilyPolicy === undefined ? {} : { spec: { ...(spec as object), ipFamilyPolicy } };
    }

    /**
     * Declares an object of an operator's kind.
     *
     * @param labels added to those of all objects, as `annotations` are
     * @returns the object's final name
     */
    addCustom(
        owner: Component,
        name: string,
        { labels, annotations, ...body }: CustomObject,
        options: Pick<ObjectOptions, "node" | "lifetime"> = {},
    ): string {
        const metadata = {
            name: this.args.objectName(name),
            namespace: this.args.namespace,
            labels: { ...this.labels(options.node), ...labels },
            ...this.annotations(annotations),
        };
        return this.declare(owner, name, { ...options, fixedName: true }, { ...body, metadata } as KubernetesObject);
    }

    /** Declares the user's extra objects, unchanged except for labels and annotations. */
    addExtras(owner: Component): void {
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
            for (const { path, message } of problems)
                this.args.stack.problems.add([this.placeOf("extraObjects", index), ...path].join("."), message);
            if (problems.length === 0) this.declare(owner, metadata.name, { fixedName: true }, object);
        });
    }

    private declare(
        owner: Component | undefined,
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
        const key = `${kind} ${name}`;
        if (this.names.has(key))
            this.args.problem(["extraObjects"], `${kind} "${name}" already exists: it is declared twice`);
        const omission = this.args.config.omit.findIndex((target) => target.kind === kind && target.name === name);
        if (omission >= 0) this.omitted.add(omission);
        else {
            this.declared.push({ ...options, owner, kind, name, object });
            this.names.add(key);
        }
        return object.metadata.name;
    }

    private patch(kind: string, name: string, written: KubernetesObject): KubernetesObject {
        return this.args.config.patches.reduce((object, patch, index) => {
            if (patch.kind !== kind || patch.name !== name) return object;
            this.patched.add(index);
            return this.patchOne(object, index, `${kind} "${name}"`);
        }, written);
    }

    /** @returns the unpatched object if the patch does not fit */
    private patchOne(object: KubernetesObject, index: number, what: string): KubernetesObject {
        const { patch } = this.args.config.patches[index]!;
        const refuse = (message: string, ...place: readonly string[]) => {
            this.args.stack.problems.add([this.placeOf("patches", index), "patch", ...place].join("."), message);
            return object;
        };
        let patched: KubernetesObject;
        try {
            patched = patchObject(object, patch) as unknown as KubernetesObject;
        } catch (error) {
            return refuse(`does not fit ${what}: ${(error as Error).message}`);
        }
        if (isKnownKind(object) && workloads.includes(object.kind) && !podOf(patched))
            return refuse(`removes the pods from ${what}; to remove the object, use omit`);
        const identity = ({ apiVersion, kind, metadata }: KubernetesObject) =>
            JSON.stringify([apiVersion, kind, metadata?.name, metadata?.namespace]);
        if (identity(patched) !== identity(object))
            return refuse(`may not change kind, name or namespace of ${what}: other objects refer to them`);
        const problems = formProblems(patched);
        for (const { path, message } of problems)
            refuse(`does not fit ${what}: ${path.join(".")}: ${message}`, ...withinPatch(patch, path));
        return problems.length > 0 ? object : patched;
    }

    /** Path of an entry where the user has written it, which may be for all instances. */
    private placeOf(key: AddedList, index: number): string {
        const { stack, config, path } = this.args;
        return stack.config.places[config.name]?.[key][index] ?? `${path}.${key}.${index}`;
    }

    private labels(node?: Node): Record<string, string> {
        const { stack, config } = this.args;
        const own = { "app.kubernetes.io/instance": config.name, ...(node ? componentLabels(node) : {}) };
        return { ...instanceLabels(this.args, own), ...stackLabel(stack) };
    }

    /** Undefined if there are none: the server drops an empty map, and every run would add it again. */
    private annotations(own: Metadata["annotations"] = {}): Pick<Metadata, "annotations"> {
        const annotations = { ...this.args.stack.config.annotations, ...this.args.config.annotations, ...own };
        return Object.keys(annotations).length > 0 ? { annotations } : {};
    }

    /** Reports every patch and omission that matches no object, and objects with too many annotations. */
    check(): void {
        for (const { kind, name, object } of this.declared)
            for (const { metadata } of [object, templateOf(object)])
                if (sizeOf(metadata?.annotations) > mostAnnotations)
                    this.args.problem(
                        ["annotations"],
                        `${kind} "${name}" would have more than ${mostAnnotations / 1024} KiB of annotations from all layers; Kubernetes allows 256`,
                    );

        const objects = this.declared.map(({ kind, name }) => `${kind} "${name}"`);
        const report = (key: "patches" | "omit", matched: ReadonlySet<number>) =>
            this.args.config[key].forEach((target, index) => {
                const wanted = `${target.kind} "${target.name}"`;
                const place = this.placeOf(key, index);
                const message = `matches nothing: ${wanted} does not exist${suggest(wanted, objects)}`;
                if (!place.startsWith(this.args.path)) this.args.stack.noteCommon(place, matched.has(index), message);
                else if (!matched.has(index)) this.args.stack.problems.add(place, message);
            });
        report("patches", this.patched);
        report("omit", this.omitted);
    }

    /** A declared object's identity in the cluster and for the engine. */
    identities(): { readonly object: string; readonly resource: string }[] {
        return this.declared.map(({ kind, name, object }) => ({
            object: consentName(object),
            resource: `${kind}/${this.args.config.name}-${name}`,
        }));
    }
}
