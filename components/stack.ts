import { createHmac } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { Problems } from "../config/problems";
import type { SecretValues } from "../config/read";
import type { StackConfig } from "../config/stack";
import { Graph } from "./graph";

/** What all instances of a stack share while they are declared, until `register` makes resources of them. */
export class Stack {
    readonly graph = new Graph();
    readonly problems = new Problems();
    readonly warnings: string[];
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

    /** Creates what {@link later} has put off. */
    createPending(): void {
        for (const create of this.pending) create();
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
}
