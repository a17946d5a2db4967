import { credentialsOwner } from "./credentials";
import { type Problems, suggest } from "./problems";
import { ruleOf, type SecretRules, valueProblem } from "./secrets";

/**
 * Reports what is wrong in `plinth:secrets`: instances and keys that do not exist, and values that their rules refuse.
 *
 * @param all values of the stack, by key
 * @param rulesOf rules of each instance, by its name
 * @param ofRegistries those of registry accounts, if they are known
 */
export function checkSecrets(
    all: Readonly<Record<string, unknown>>,
    rulesOf: ReadonlyMap<string, SecretRules>,
    problems: Problems,
    ofRegistries: SecretRules | undefined,
): void {
    const written = all["secrets"] ?? {};
    const isMap = (value: unknown): value is Record<string, unknown> =>
        typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isMap(written)) {
        problems.add("plinth:secrets", "is not allowed; allowed: a map from instance names to maps of secrets");
        return;
    }
    const names = Object.keys((all["instances"] ?? {}) as object);
    for (const [name, values] of Object.entries(written)) {
        const path = `plinth:secrets.${name}`;
        const shared = name === credentialsOwner && !names.includes(name);
        if (!shared && !names.includes(name)) {
            problems.add(path, `the instance "${name}" does not exist${suggest(name, names)}`);
            continue;
        }
        if (!isMap(values)) {
            problems.add(path, "is not allowed; allowed: a map from secret names to values");
            continue;
        }
        const rules = shared ? ofRegistries : rulesOf.get(name);
        if (!rules) continue;
        const known = Object.keys(rules);
        for (const [key, value] of Object.entries(values)) {
            if (!known.includes(key))
                problems.add(
                    `${path}.${key}`,
                    `unknown secret${suggest(key, known)}; allowed: ${known.join(", ") || "none"}`,
                );
            // The value itself is never shown.
            else if (typeof value !== "string" && typeof value !== "number")
                problems.add(`${path}.${key}`, "the value is not allowed; allowed: a text that is not empty");
            else {
                const problem = valueProblem(ruleOf(rules, key)!, String(value));
                if (problem) problems.add(`${path}.${key}`, problem);
            }
        }
    }
}
