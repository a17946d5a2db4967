import { credentialsOwner } from "./credentials";
import type { PlatformConfig } from "./platform";
import { type Problems, suggest } from "./problems";
import { ruleOf, type SecretRules, valueProblem } from "./secrets";
import type { AnyInstance } from "./stack";

/** Reports secrets of unknown instances and keys, and values that are not allowed, without showing any. */
export function checkSecrets(
    values: Readonly<Record<string, unknown>>,
    instances: readonly AnyInstance[],
    platforms: readonly PlatformConfig[],
    problems: Problems,
    ofRegistries: SecretRules | undefined,
): void {
    const written = values["secrets"] ?? {};
    const isMap = (value: unknown): value is Record<string, unknown> =>
        typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isMap(written)) {
        problems.add("plinth:secrets", "is not allowed; allowed: a map from instance names to maps of secrets");
        return;
    }
    const names = Object.keys((values["instances"] ?? {}) as object);
    for (const [name, given] of Object.entries(written)) {
        const path = `plinth:secrets.${name}`;
        const shared = name === credentialsOwner && !names.includes(name);
        if (!shared && !names.includes(name)) {
            problems.add(path, `the instance "${name}" does not exist${suggest(name, names)}`);
            continue;
        }
        if (!isMap(given)) {
            problems.add(path, "is not allowed; allowed: a map from secret names to values");
            continue;
        }
        const instance = instances.find((candidate) => candidate.name === name);
        const platform = platforms.find((candidate) => candidate.name === instance?.platform);
        const rules = shared ? ofRegistries : platform?.secrets;
        if (!rules) continue;
        const known = Object.keys(rules);
        for (const [key, value] of Object.entries(given)) {
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
