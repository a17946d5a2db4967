import type { Input } from "../config/value";
import type { ExistingSecrets } from "./existingSecrets";
import type { SecretRef } from "./graph";
import type { SecretValue } from "./kinds";

/** References to the values in an instance's Secrets. */
export class SecretReferences {
    private readonly values = new Map<string, Input<string>>();

    constructor(private readonly existing: ExistingSecrets) {}

    /**
     * References to values: in a Secret that `add` declares, or in the one of others that they come from.
     *
     * @param isWhole whether the Secret must have all values, because its type says so
     */
    declare<K extends string>(
        values: { readonly [Key in K]: SecretValue<Key> },
        isWhole: boolean,
        add: (own: typeof values) => string,
    ): Record<K, SecretRef> {
        const all = Object.entries<Input<string>>(values);
        const others = new Map(
            all.map(([key, value]) => [key, isWhole ? undefined : this.existing.referenceTo(value)]),
        );
        const own = all.filter(([key]) => !others.get(key));
        const secret = own.length > 0 ? add(Object.fromEntries(own) as typeof values) : "";
        const references = all.map(([key, value]) => {
            const reference = others.get(key) ?? { secret, key };
            this.values.set(`${reference.secret}/${reference.key}`, value);
            return [key, reference] as const;
        });
        return Object.fromEntries(references) as Record<K, SecretRef>;
    }

    /** @throws RangeError if there is none */
    valueOf({ secret, key }: SecretRef): Input<string> {
        const value = this.values.get(`${secret}/${key}`);
        if (value === undefined) throw new RangeError(`there is no Secret "${secret}" with a key "${key}"`);
        return value;
    }
}
