import { createHmac } from "node:crypto";
import { Problems } from "../config/problems";
import type { SecretValues } from "../config/read";
import type { StackConfig } from "../config/stack";
import { Value } from "../config/value";
import { Graph } from "./graph";
import { randomPassword, type Resource, resultOf } from "./resource";

/** What all instances of a stack share while they are declared, until `planStack` makes resources of them. */
export class Stack {
    readonly graph = new Graph();
    readonly problems = new Problems();
    readonly warnings: string[];
    /** Volumes that exist without this program, and the key that each is written at. */
    private readonly taken = new Map<string, string>();
    /** Every resource, each after those that it refers to; complete when everything has been checked. */
    readonly plan: Resource[] = [];
    private digestKey: Value<string> | undefined;

    constructor(
        readonly config: StackConfig,
        readonly secrets: SecretValues,
        /** Every Kubernetes object is created with it. */
        readonly provider: Resource,
    ) {
        this.warnings = [...config.warnings];
        this.plan.push(provider);
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
    reserve(volume: string, path: string): void {
        const other = this.taken.get(volume);
        if (other) this.problems.add(path, `${volume} is already taken by ${other}; every volume has one user`);
        else this.taken.set(volume, path);
    }

    /**
     * A digest of secret values that tells nothing of them, for an annotation that rolls pods.
     *
     * It is keyed with a random value of the stack: a plain hash of a guessable password would give it away.
     */
    digest(values: unknown): Value<string> {
        if (!this.digestKey) {
            const key = randomPassword("digest-key", 32);
            this.plan.push(key);
            this.digestKey = resultOf(key);
        }
        return Value.all([this.digestKey, values])
            .map(([key, content]) =>
                createHmac("sha256", key).update(JSON.stringify(content)).digest("hex").slice(0, 16),
            )
            .disclosed();
    }
}
