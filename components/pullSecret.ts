import { Value } from "../config/value";
import { credentialsOwner, pullsFrom } from "../config/credentials";
import { registryName } from "../config/registries";
import { usualImages } from "../config/images";
import { howToSet } from "../config/problems";
import type { Instance } from "./instance";
import { json } from "./languages/json";
import type { Stack } from "./stack";

/** Logical name of the Secret with an instance's registry accounts. */
const name = "pull-secret";

/** Names of the pull Secrets of all pods of an instance. */
export function pullSecretsOf(instance: Instance): string[] {
    const existing = instance.stack.config.images.pullSecrets;
    return accountsOf(instance).length > 0 ? [...existing, instance.objectName(name)] : [...existing];
}

/** The accounts that an instance needs, in a stable order. */
function accountsOf({ config, platform, stack }: Instance) {
    const { images } = stack.config;
    const usual = usualImages(platform.images);
    return Object.entries(images.credentials)
        .filter(([, { registry }]) => pullsFrom(config, usual, images, registry))
        .sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * Declares the pull Secret of each instance that needs one, from `plinth:images.credentials`.
 *
 * Kubelets read it at each pull, so a changed password replaces no pods. Missing passwords are reported; unused
 * accounts cause a warning.
 */
export function declarePullSecrets(stack: Stack, instances: readonly Instance[]): void {
    const { images, stack: stackName } = stack.config;
    const passwords = new Map(Object.entries(stack.secrets[credentialsOwner] ?? {}));
    const needed = new Set(instances.flatMap((instance) => accountsOf(instance).map(([account]) => account)));
    for (const [account, { registry, username }] of Object.entries(images.credentials)) {
        const path = `plinth:images.credentials.${account}`;
        if (!passwords.has(account))
            stack.problems.add(
                path,
                `is missing the password of ${username}; set it with: ${howToSet(credentialsOwner, account, stackName)}`,
                [{ instance: credentialsOwner, key: account }],
            );
        // Not an error, so that removing an instance or changing its image does not require a change here.
        if (!needed.has(account)) stack.warnings.push(`${path}: no image is pulled from "${registry}"`);
    }
    for (const instance of instances) {
        const accounts = accountsOf(instance).filter(([account]) => passwords.has(account));
        if (accounts.length === 0) continue;
        if (images.pullSecrets.includes(instance.objectName(name)))
            stack.problems.add(
                "plinth:images.pullSecrets",
                `"${instance.objectName(name)}" is the name of the Secret that plinth:images.credentials creates; choose another one`,
            );
        const entries = accounts.map(([account, { registry, username }]) =>
            passwords.get(account)!.map((password) => [registry, username, password] as const),
        );
        instance.secret(
            instance.owner,
            name,
            { ".dockerconfigjson": Value.all(entries).map(dockerConfig) },
            { type: "kubernetes.io/dockerconfigjson", fixedName: true },
        );
    }
}

/**
 * The same contents that `docker login` would write; Docker Hub has its own key:
 * https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/
 */
export function dockerConfig(accounts: readonly (readonly [registry: string, username: string, password: string])[]) {
    const auths = accounts.map(([registry, username, password]) => [
        registryName(registry) === "docker.io" ? "https://index.docker.io/v1/" : registry,
        { username, password, auth: Buffer.from(`${username}:${password}`).toString("base64") },
    ]);
    return json({ auths: Object.fromEntries(auths) });
}
