import { z } from "zod";
import { subdomain } from "./scalars";
import { type Problems, suggest } from "./problems";
import type { SecretRules } from "./secrets";

/** A key of a Secret that others create: an operator for External Secrets, Vault or Sealed Secrets, or a person. */
export const existingSecret = z.strictObject({
    /** Name of the Secret. */
    secret: subdomain,
    key: z.string().regex(/^[-._a-zA-Z0-9]{1,253}$/, "allowed: letters, digits, '-', '_' and '.'"),
    /** @default the instance's own */
    namespace: subdomain.optional(),
});

/** By instance and secret key. */
export const secretsFrom = z.record(z.string(), z.record(z.string(), existingSecret)).default({});

export type ExistingSecret = z.infer<typeof existingSecret>;
export type SecretsFrom = z.infer<typeof secretsFrom>;

/** Reports unknown instances and keys, and keys that have a value in `plinth:secrets` as well. */
export function checkSecretsFrom(
    given: SecretsFrom,
    rulesOf: ReadonlyMap<string, SecretRules>,
    set: object,
    problems: Problems,
): void {
    for (const [instance, keys] of Object.entries(given)) {
        const path = `plinth:secretsFrom.${instance}`;
        const rules = rulesOf.get(instance);
        if (!rules) {
            const names = [...rulesOf.keys()];
            problems.add(path, `the instance "${instance}" does not exist${suggest(instance, names)}`);
            continue;
        }
        const known = Object.keys(rules);
        for (const key of Object.keys(keys))
            if (!known.includes(key))
                problems.add(
                    `${path}.${key}`,
                    `unknown secret${suggest(key, known)}; allowed: ${known.join(", ") || "none"}`,
                );
            else if (Object.hasOwn((set as Record<string, object | undefined>)[instance] ?? {}, key))
                problems.add(
                    `${path}.${key}`,
                    `is in plinth:secrets.${instance} as well; remove it here or there: only one of them can count`,
                );
    }
}
