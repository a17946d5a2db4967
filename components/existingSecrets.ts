import type { SecretsFrom } from "../config/secretsFrom";
import { placeholder, ruleOf, type SecretRules, valueProblem } from "../config/secrets";
import { type Value, valuesIn } from "../config/value";
import type { SecretRef } from "./graph";
import { Refusal } from "./languages/text";
import { Resource } from "./resource";

/** What of an instance tells where its values are, and what may be in them. */
interface Owner {
    readonly name: string;
    readonly namespace: string;
    readonly platform: { readonly secrets: SecretRules };
}

/** Type token of what is read. */
const type = "kubernetes:core/v1:Secret";

/**
 * Values in Secrets that others create.
 *
 * Pods of the same namespace reference such a Secret, so that Plinth never sees the value. It is only read where a file
 * or another value is made from it, or where a server has to know it.
 */
export class ExistingSecrets {
    private readonly resources = new Map<string, Resource>();
    private readonly values = new Map<string, Value<string>>();
    private readonly references = new Map<Value<string>, SecretRef>();

    constructor(
        private readonly provider: Resource,
        private readonly sources: SecretsFrom,
    ) {}

    /**
     * The value of an instance's secret key; undefined if it does not come from such a Secret.
     *
     * @param byReference whether pods may reference the Secret itself, if it is in the instance's namespace: not if a
     * server here has to know the value, too, and would not hear of a change
     */
    value(
        { name: instance, namespace, platform }: Owner,
        key: string,
        byReference: boolean,
    ): Value<string> | undefined {
        const from = this.sources[instance]?.[key];
        if (!from) return undefined;
        const where = from.namespace ?? namespace;
        const id = `${where}/${from.secret}`;
        const identity = `${instance}.${key}${byReference}`;
        const known = this.values.get(identity);
        if (known) return known;
        let resource = this.resources.get(id);
        if (!resource) {
            // Both names may have dashes.
            resource = new Resource(type, `existing-${id}`, {}, { provider: this.provider, reads: id });
            this.resources.set(id, resource);
        }
        const value = resource
            .property<Readonly<Record<string, string>> | undefined>("data", true)
            // Without the cluster, its content is unknown.
            .map((data) =>
                data === undefined
                    ? placeholder(`${instance}-${key}`)
                    : decoded(data, id, from.key, key, platform.secrets),
            );
        this.values.set(identity, value);
        if (byReference && where === namespace) this.references.set(value, { secret: from.secret, key: from.key });
        return value;
    }

    /** The reference that pods use instead of a copy; undefined for all other values. */
    referenceTo(value: unknown): SecretRef | undefined {
        return this.references.get(value as Value<string>);
    }

    /** What has to be read for some resources: the Secrets whose values are in their inputs. */
    neededBy(plan: readonly Resource[]): Resource[] {
        if (this.resources.size === 0) return [];
        const all = new Set<object>(this.resources.values());
        const used = plan.flatMap(({ inputs }) => valuesIn(inputs).flatMap(({ properties }) => properties));
        return [...new Set(used.map(({ resource }) => resource).filter((one) => all.has(one)))] as Resource[];
    }
}

/** @throws Refusal without the value, if there is none or it may not be the value of the key */
function decoded(
    data: Readonly<Record<string, string>>,
    secret: string,
    entry: string,
    key: string,
    rules: SecretRules,
): string {
    const encoded = data[entry];
    if (encoded === undefined)
        throw new Refusal(
            `the Secret ${secret} has no key "${entry}"; it has: ${Object.keys(data).join(", ") || "none"}`,
        );
    const value = Buffer.from(encoded, "base64").toString("utf8");
    const problem = valueProblem(ruleOf(rules, key)!, value);
    if (problem) throw new Refusal(`key "${entry}" of the Secret ${secret}, for ${key}: ${problem}`);
    return value;
}
