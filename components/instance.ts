import { type ReplicasConfig, type ResourcesConfig, type VolumeConfig, withinLimits } from "../config/fields";
import { type Image, type ResolvedImage, resolveImage } from "../config/images";
import { namespaceOf } from "../config/unique";
import type { PlatformConfig } from "../config/platform";
import { howToSet } from "../config/problems";
import { checkDeclared } from "../config/secrets";
import type { AnyInstance, ClusterConfig } from "../config/stack";
import type { Input, Value } from "../config/value";
import { AddressedKeys } from "./addressed";
import type { Component } from "./component";
import { egressRule, furtherWays } from "./egress";
import { Funnel } from "./funnel";
import { checkedKey, chosen, generatedKey, generatedPassword } from "./generated";
import { type NetworkRule, type Node, type NodeArgs, nodeId, type SecretRef, Service, type Settings } from "./graph";
import type { Args, Kind, SecretValue } from "./kinds";
import { SecretReferences } from "./secretReferences";
import { Mounts } from "./mounts";
import { objectName } from "./names";
import { Namespace } from "./namespace";
import type { ObjectOptions } from "./object";
import type { Site } from "./site";
import type { Stack } from "./stack";
import type { VolumeOutputs } from "./volume";

/** A component that has been added to the graph. */
export interface HasNode {
    readonly node: Node;
}

/** The properties of a platform that an instance needs. */
export type PlatformFacts = Pick<PlatformConfig, "images" | "secrets" | "podSecurity">;

/**
 * One instance of a platform while it is being declared: its names, settings, secrets and objects.
 *
 * `Secret` are the secret keys that its platform declares. Components state in their constructors which ones they need,
 * and can read only these.
 */
export class Instance<in Secret extends string = never> {
    readonly name: string;
    readonly namespace: string;
    readonly cluster: ClusterConfig;
    /** Parent of objects that belong to no other component. */
    readonly owner: Namespace;
    readonly objects: Funnel;
    /** Images in use, by name: for the outputs. */
    readonly images: Record<string, string> = {};
    /** Volumes in use, by logical name: for the outputs. */
    readonly volumes: Record<string, VolumeOutputs> = {};
    /** The sites that it publishes, through its own or the shared balancer. */
    readonly sites: Site[] = [];
    /** Tracks which workloads mount which claims. */
    readonly mounts = new Mounts();
    private readonly references: SecretReferences;
    readonly addressed = new AddressedKeys();
    private opensEgress = false;

    constructor(
        readonly stack: Stack,
        readonly config: AnyInstance,
        readonly platform: PlatformFacts,
        /** Path that messages about this instance refer to. */
        private readonly root = `plinth:instances.${config.name}`,
    ) {
        this.name = config.name;
        this.namespace = namespaceOf(config);
        this.cluster = stack.config.cluster;
        this.references = new SecretReferences(stack.existing);
        this.objects = new Funnel({
            stack,
            config,
            namespace: this.namespace,
            objectName: (name) => this.objectName(name),
            path: this.root,
            problem: (keys, message) => this.problem(keys, message),
        });
        this.owner = new Namespace(this, {
            config,
            namespace: this.namespace,
            owned: this.ownsNamespace,
            podSecurity: platform.podSecurity ?? "restricted",
            limitsCpu: stack.config.cluster.cpuLimits !== false,
            objects: this.objects,
            caBundles: [stack.config.caBundle, config.caBundle],
            problem: (keys, message) => this.problem(keys, message),
        });
    }

    /** False if the namespace belongs to someone else: other objects in it must not be touched. */
    get ownsNamespace(): boolean {
        return this.config.namespace?.create ?? true;
    }

    /** Path of a key of this instance in the stack file. */
    path(...keys: readonly (string | number)[]): string {
        return [this.root, ...keys].join(".");
    }

    /** @param lacks keys of missing secrets, if that is the problem. @default none */
    problem(keys: readonly (string | number)[], message: string, lacks: readonly string[] = []): void {
        const names = lacks.map((key) => ({ instance: this.name, key }));
        this.stack.problems.add(this.path(...keys), message, names);
    }

    /** Adds a warning, shown by preview and by the engine. */
    warn(message: string): void {
        this.stack.warnings.push(`${this.name}: ${message}`);
    }

    /** The command that sets a secret of this instance. */
    howToSet(key: Secret): string {
        return howToSet(this.name, key, this.stack.config.stack);
    }

    // Names, all known before any object exists.

    /** Final name of an object with a fixed name: the stack's prefix and the logical name. */
    objectName(name: string): string {
        return objectName(this.stack.config.namePrefix.replace(/-$/, ""), name);
    }

    /** Full DNS name of one of this instance's Services, which also works without search domains (nginx). */
    host(service: string): string {
        return `${this.objectName(service)}.${this.namespace}.svc.${this.cluster.domain}`;
    }

    /** A service of a component of this instance, usable before or after that component is declared. */
    service<Offered extends Settings>(
        name: string,
        ports: Readonly<Record<string, number>>,
        settings: Offered,
    ): Service<Offered> {
        return new Service(nodeId(this.namespace, name), this.host(name), ports, settings);
    }

    /** Network rules out of the instance for pods with the platform's code: its own, the user's, and its own site's. */
    egress(needs: readonly NetworkRule[]): NetworkRule[] {
        this.opensEgress = true;
        return [...needs, ...furtherWays(this.config, this.namespace, this.stack.config.sharedEdge)];
    }

    // Settings: the component's default unless the user overrides it.

    image(image: Image): ResolvedImage {
        this.addressed.note("images", image.name);
        const resolved = resolveImage(image, this.config.images[image.name], this.stack.config.images);
        this.images[image.name] = resolved.reference;
        return resolved;
    }

    replicas(component: string, normal: ReplicasConfig): ReplicasConfig {
        this.addressed.note("replicas", component);
        return this.config.replicas[component] ?? normal;
    }

    /** Requests and limits of a container: `component` addresses the main one, `component.container` another. */
    resources(key: string, normal: ResourcesConfig): ResourcesConfig {
        this.addressed.note("resources", key);
        const settings = { ...normal, ...this.config.resources[key] };
        if (!withinLimits(settings))
            this.problem(
                ["resources", key],
                `${JSON.stringify(settings)} is not allowed; a request must not exceed its limit`,
            );
        return settings;
    }

    /** The settings of a volume; `size` is the default. */
    volume(name: string, size: string): VolumeConfig & { readonly size: string } {
        this.addressed.note("volumes", name);
        return { ...this.config.volumes[name], size: this.config.volumes[name]?.size ?? size };
    }

    /** Size of a directory that lives as long as a component's pod; its key is `component.directory`. */
    scratchSize(component: string, directory: string, size: string): string {
        const key = `${component}.${directory}`;
        this.addressed.note("volumes", key);
        const { size: given = size, ...others } = this.config.volumes[key] ?? {};
        for (const other of Object.keys(others))
            this.problem(
                ["volumes", key, other],
                "has no effect here: the directory is deleted with its pod; allowed: size",
            );
        return given;
    }

    /** Environment that the user adds to a component's main container. */
    env(component: string): Readonly<Record<string, string>> {
        this.addressed.note("env", component);
        return this.config.env[component] ?? {};
    }

    restartedAt(component: string): string | undefined {
        this.addressed.note("restartedAt", component);
        const { restartedAt } = this.config;
        return typeof restartedAt === "string" ? restartedAt : restartedAt?.[component];
    }

    /** Folders of the developer's machine, by their paths in a component. */
    devMounts(component: string): Readonly<Record<string, string>> {
        this.addressed.note("dev.mounts", component);
        return this.config.dev?.mounts[component] ?? {};
    }

    /** The user's value, if set. @throws RangeError for a key that the platform does not declare: it cannot be set */
    secretValue(key: Secret): Value<string> | undefined {
        checkDeclared(this.platform.secrets, key, this.config.platform);
        return this.stack.existing.value(this, key, true) ?? this.stack.secrets[this.name]?.[key];
    }

    /**
     * A password: generated once and kept in the stack's state, unless the user sets `key` in plinth:secrets. Passwords
     * without a key are only used internally.
     *
     * The generated one always exists, so that removing the value from the configuration restores it.
     *
     * @param length in characters, letters and digits only. @default 32
     * @param digits minimum number of digits among them. @default none
     */
    password(name: string, key: Secret | undefined, length = 32, digits?: number): Value<string> {
        const generated = generatedPassword(this, name, length, digits);
        if (key === undefined) return generated; // A server of the instance has to know it, too.
        return chosen(generated, this.stack.existing.value(this, key, false) ?? this.secretValue(key));
    }

    /** An RSA key of 2048 bits in PEM, likewise. A value that is no such key is reported when the plan is evaluated. */
    rsaKey(name: string, key: Secret): Value<string> {
        const set = this.secretValue(key)?.map((pem) => checkedKey(key, pem));
        return chosen(generatedKey(this, name), set);
    }

    /** Declares a Secret; returns references to its values. */
    secret<K extends string>(
        owner: Component,
        name: string,
        values: { readonly [Key in K]: SecretValue<Key> },
        options: ObjectOptions & { type?: string; labels?: Record<string, string> } = {},
    ): Record<K, SecretRef> {
        const { type, labels, ...rest } = options;
        const more = { ...(labels ? { metadata: { labels } } : {}), ...(type ? { type } : {}) };
        return this.references.declare(values, type !== undefined, (own) =>
            this.add(owner, "Secret", name, { ...more, stringData: own }, rest),
        );
    }

    /** The value behind a reference, for a file that contains several and is itself in a Secret. */
    valueOf(reference: SecretRef): Input<string> {
        return this.references.valueOf(reference);
    }

    // Declaring and registering.

    /** Adds a component to the graph. */
    addNode(name: string, args: NodeArgs): Node {
        const { kind, selector, pods = true, uses = [], networkRules = [], startsAfter = [] } = args;
        const id = nodeId(this.namespace, name);
        const node: Node = {
            id,
            namespace: this.namespace,
            instance: this.name,
            name,
            kind,
            ...(selector ? { selector } : {}),
            pods,
            uses,
            networkRules: [...networkRules, ...(this.config.components[name]?.egress ?? []).map(egressRule)],
            startsAfter: startsAfter.map(({ node: before }) => before.id),
        };
        this.stack.graph.add(node);
        return node;
    }

    /** Declares an object in this instance's namespace: see {@link Funnel.add}. */
    add<K extends Kind>(owner: Component, kind: K, name: string, args: Args<K>, options?: ObjectOptions): string {
        return this.objects.add(owner, kind, name, args, options);
    }

    /** Declares the user's own objects, then reports every key of the configuration that matches nothing. */
    check(): void {
        this.objects.addExtras(this.owner);
        this.objects.check();
        if (this.config.egress.length > 0 && !this.opensEgress)
            this.problem(
                ["egress"],
                `matches nothing: no component of the platform ${this.config.platform} uses it (instance.egress)`,
            );
        this.addressed.check(this.config, this.stack.config.stack, (keys, message) => this.problem(keys, message));
    }
}
