import { createHmac } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { Problems } from "../config/problems";
import type { SecretValues } from "../config/read";
import type { StackConfig } from "../config/stack";
import { Graph } from "./graph";
import type { Instance } from "./instance";
import { hasMetrics, podMonitor } from "./metrics";
import { denyByDefault, namedMetadata, policyOf, unplacedHosts } from "./policies";
import { declarePullSecrets } from "./pullSecret";
import { metadataRanges } from "./ranges";
import { clusterObjects } from "./storageClass";

/**
 * What all instances of a stack share while they are declared, and the one place where declared things become
 * resources.
 *
 * Components only declare. When every platform is complete, {@link register} checks the whole (unmatched patches,
 * circles, unknown keys) and then registers everything, so that a mistake changes nothing.
 */
export class Stack {
    readonly graph = new Graph();
    readonly problems = new Problems();
    readonly warnings: string[];
    /** Instances by namespace. */
    private readonly instances = new Map<string, Instance>();
    /** Volumes that exist without this program, and the key that each is written at. */
    private readonly taken = new Map<string, string>();
    private readonly pending: (() => void)[] = [];
    private readonly registered: { readonly path: string; readonly what: string; readonly sent: Promise<unknown> }[] =
        [];
    private cluster: pulumi.ProviderResource | undefined;
    private digestKey: pulumi.Output<string> | undefined;

    constructor(
        readonly config: StackConfig,
        readonly secrets: SecretValues,
        private readonly createProvider: () => pulumi.ProviderResource,
    ) {
        this.warnings = [...config.warnings];
    }

    /** Every Kubernetes object is created with it. */
    get provider(): pulumi.ProviderResource {
        this.cluster ??= this.createProvider();
        return this.cluster;
    }

    /**
     * Whether the engine refuses to replace or delete something: not where its loss is accepted.
     *
     * @param name by which its loss is accepted
     */
    isProtected(name: string): boolean {
        const { protect, acceptLoss } = this.config;
        return protect && !acceptLoss.includes(name);
    }

    add(instance: Instance): void {
        this.instances.set(instance.namespace, instance);
    }

    /**
     * Takes a volume that exists without this program, for one user alone.
     *
     * @param volume what it is, the same words for the same volume
     * @param path key that says so
     */
    take(volume: string, path: string): void {
        const other = this.taken.get(volume);
        if (other) this.problems.add(path, `${volume} is already taken by ${other}; every volume has one user`);
        else this.taken.set(volume, path);
    }

    /** A value of a resource that is created with all the others, when everything has been checked. */
    later<T>(create: () => pulumi.Output<T>): pulumi.Output<T> {
        const created = new Promise<pulumi.Output<T>>((resolve) => this.pending.push(() => resolve(create())));
        return pulumi.output(created) as pulumi.Output<T>;
    }

    /**
     * A digest of secret values that tells nothing of them, for an annotation that rolls pods.
     *
     * It is keyed with a random value of the stack: a plain hash of a guessable password would give it away.
     */
    digest(values: pulumi.Input<unknown>): pulumi.Output<string> {
        this.digestKey ??= new random.RandomPassword("digest-key", { length: 32, special: false }).result;
        const digest = pulumi
            .all([this.digestKey, values])
            .apply(([key, content]) =>
                createHmac("sha256", key).update(JSON.stringify(content)).digest("hex").slice(0, 16),
            );
        return pulumi.unsecret(digest);
    }

    /**
     * Checks everything that was declared, then registers it.
     *
     * @throws ConfigError with every problem found; no object has been registered then
     */
    register(): void {
        this.graph.checkEdges();
        const order = this.graph.inOrder();
        this.declarePolicies();
        this.declareMonitors();
        declarePullSecrets(this, [...this.instances.values()]);
        for (const instance of this.instances.values()) instance.check();
        this.checkTwins();
        this.problems.throwIfAny();

        for (const create of this.pending) create();
        clusterObjects(this)?.registerCommon();
        for (const instance of this.instances.values()) instance.objects.registerCommon();
        const gates = new Map<string, readonly pulumi.Resource[]>();
        for (const node of order) {
            const before = node.startsAfter.flatMap((id) => gates.get(id) ?? []);
            const own = this.instances.get(node.namespace)!.objects.registerNode(node, before);
            // Whoever starts after a node without workloads of its own starts after what that node waits for.
            gates.set(node.id, own.length > 0 ? own : before);
        }
    }

    /**
     * Notes a resource that has been handed to the SDK, which sends it when its values are there.
     *
     * @param path where its message points
     */
    noteRegistered(path: string, what: string, { urn }: pulumi.Resource): void {
        // Left out of the SDK's types. Where a value cannot be had, this is refused with the reason.
        const sent = (urn as unknown as { promise(): Promise<unknown> }).promise();
        sent.catch(() => undefined);
        this.registered.push({ path, what, sent });
    }

    /**
     * Waits until everything registered has been sent.
     *
     * @throws ConfigError that names each object of which a value could not be had: it would be missing without a word
     */
    async allSent(): Promise<void> {
        for (const { path, what, sent } of this.registered) {
            try {
                await sent;
            } catch (error) {
                this.problems.add(path, `${what} could not be declared: ${(error as Error).message}`);
            }
        }
        this.problems.throwIfAny();
    }

    /** Reports objects of two instances that would be one in the cluster, or for the engine. */
    private checkTwins(): void {
        const owners = new Map<string, Instance>();
        const own = (instance: Instance, identity: string, message: (other: string) => string) => {
            const other = owners.get(identity);
            if (!other) owners.set(identity, instance);
            else if (other !== instance)
                instance.problem([], `${message(other.path())}; give the instance or the object another name`);
        };
        for (const instance of this.instances.values())
            for (const { object, resource } of instance.objects.identities()) {
                own(instance, object, (other) => `the object ${object} is also one of ${other}`);
                own(instance, resource, (other) => `the engine could not tell ${object} from an object of ${other}`);
            }
    }

    private declareMonitors(): void {
        const { podMonitors, monitoringNamespace } = this.config.cluster;
        if (podMonitors === false) return;
        if (monitoringNamespace === undefined)
            this.problems.add(
                "plinth:cluster.podMonitors",
                "needs plinth:cluster.monitoringNamespace: without it no component has metrics",
            );
        for (const node of this.graph.nodes.filter(hasMetrics)) {
            const instance = this.instances.get(node.namespace)!;
            instance.objects.addCustom(instance.owner, node.name, podMonitor(node, podMonitors));
        }
    }

    private declarePolicies(): void {
        const { networkPolicy: mode, ranges } = this.config.cluster;
        if (mode !== "full" && ranges.length > 0)
            this.warnings.push(`plinth:cluster.ranges means nothing while plinth:cluster.networkPolicy is ${mode}`);
        if (mode === "off") return;
        for (const instance of this.instances.values())
            instance.add(instance.owner, "NetworkPolicy", "default-deny", {
                spec: denyByDefault(
                    mode,
                    instance.ownsNamespace ? undefined : { "app.kubernetes.io/instance": instance.name },
                ),
            });
        const closed = [...metadataRanges, ...ranges];
        for (const node of this.graph.nodes.filter(({ pods }) => pods)) {
            const instance = this.instances.get(node.namespace)!;
            const spec = policyOf(this.graph, node, { mode, closed });
            instance.add(instance.owner, "NetworkPolicy", node.name, { spec });
        }
        if (mode === "full") this.warnOfWaysOut();
    }

    private warnOfWaysOut(): void {
        const running = [...this.instances.values()].filter(({ config }) => config.state === "running");
        for (const instance of running) {
            const nodes = this.graph.nodes.filter(({ namespace }) => namespace === instance.namespace);
            for (const range of new Set(nodes.flatMap(namedMetadata)))
                instance.warn(`pods reach ${range}, where clouds hand out the credentials of their nodes`);
            if (this.config.cluster.ranges.length === 0) continue;
            for (const host of new Set(nodes.flatMap(unplacedHosts)))
                instance.warn(
                    `nothing in plinth:cluster.ranges is opened for ${host}; if it is in one of them, name its own range: ` +
                        "in `cidrs` beside the host, or in `egress`",
                );
        }
    }
}
