import { createHmac } from "node:crypto";
import { Problems } from "../config/problems";
import type { SecretValues } from "../config/read";
import type { StackConfig } from "../config/stack";
import { Value } from "../config/value";
import { ExistingSecrets } from "./existingSecrets";
import { Graph } from "./graph";
import { randomPassword, type Resource, resultOf } from "./resource";

/**
 * The context that all instances of a stack share while they are being declared, until `planStack` creates resources
 * from them.
 */
export class Stack {
    readonly graph = new Graph();
    readonly problems = new Problems();
    readonly warnings: string[];
    /** Patches and omissions of several instances, by path: whether one of them had such an object. */
    private readonly common = new Map<string, { matched: boolean; readonly message: string }>();
    /** Existing volumes in use, with the key that sets each. */
    private readonly taken = new Map<string, string>();
    /** All resources, each after those that it refers to; complete once everything has been checked. */
    readonly plan: Resource[] = [];
    private digestKey: Value<string> | undefined;
    /** Values in Secrets that others create. */
    readonly existing: ExistingSecrets;

    constructor(
        readonly config: StackConfig,
        readonly secrets: SecretValues,
        /** The provider of all Kubernetes objects. */
        readonly provider: Resource,
    ) {
        this.warnings = [...config.warnings];
        this.plan.push(provider);
        this.existing = new ExistingSecrets(provider, config.secretsFrom);
    }

    /**
     * Whether the engine refuses to replace or delete an object, which it does unless its loss is accepted.
     *
     * @param name name for accepting its loss
     */
    isProtected(name: string): boolean {
        const { protect, acceptLoss } = this.config;
        return protect && !acceptLoss.includes(name);
    }

    /**
     * Reserves an existing volume for a single user.
     *
     * @param volume description, which is the same for the same volume
     * @param path key that sets it
     */
    reserve(volume: string, path: string): void {
        const other = this.taken.get(volume);
        if (other) this.problems.add(path, `${volume} is already used by ${other}; each volume may have only one user`);
        else this.taken.set(volume, path);
    }

    /**
     * Notes whether something that is written for several instances matches an object of one of them. Platforms differ:
     * it has to match somewhere only.
     *
     * @param path where it is written
     */
    noteCommon(path: string, matched: boolean, message: string): void {
        this.common.set(path, { matched: matched || (this.common.get(path)?.matched ?? false), message });
    }

    /** Reports what matches nothing in any instance. */
    checkCommon(): void {
        for (const [path, { matched, message }] of this.common) if (!matched) this.problems.add(path, message);
    }

    /**
     * A digest of secret values that reveals nothing about them, for an annotation that replaces pods when it changes.
     *
     * It is keyed with a random value of the stack, because a plain hash would reveal a guessable password.
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
