import type { ImagesConfig } from "./imageSources";
import { type Image, usualReference } from "./images";
import { registryName, splitReference } from "./registries";
import { type Problems, show } from "./problems";
import type { SecretRules } from "./secrets";
import type { AnyInstance } from "./stack";

/** Takes the place of an instance's name in `plinth:secrets`, for the passwords of registry accounts. */
export const credentialsOwner = "images";

/** The keys below `plinth:secrets.images`. */
export const credentialSecrets = ({ credentials: accounts }: Pick<ImagesConfig, "credentials">): SecretRules =>
    Object.fromEntries(
        Object.entries(accounts).map(([name, { registry, username }]) => [
            name,
            `Password or token of ${username} at ${registry}, for pulling images`,
        ]),
    );

/**
 * Whether an instance may pull from a registry: a default image is there, an image set for the instance, or one in its
 * patches or extra objects.
 *
 * This must be known before the first pod is declared, so that every pod can reference the Secret.
 *
 * @param default images that pods of the instance may run
 */
export function pullsFrom(
    instance: AnyInstance,
    usual: readonly Image[],
    images: ImagesConfig,
    registry: string,
): boolean {
    const wanted = registryName(registry);
    return (
        [...usual.map((image) => usualReference(image, images)), ...Object.values(instance.images)].some(
            (reference) => splitReference(reference).registry === wanted,
        ) || JSON.stringify([instance.patches, instance.extraObjects]).includes(`"${registry}/`)
    );
}

/** Reports conflicting accounts and ambiguous names. */
export function checkCredentials(
    { credentials: accounts, pullSecrets }: ImagesConfig,
    instances: readonly AnyInstance[],
    problems: Problems,
): void {
    const registries = new Map<string, string>();
    for (const [name, { registry }] of Object.entries(accounts)) {
        const path = `plinth:images.credentials.${name}`;
        const other = registries.get(registryName(registry));
        if (other)
            problems.add(
                `${path}.registry`,
                `${show(registry)} is already the registry of ${other}; each registry may have only one account`,
            );
        else registries.set(registryName(registry), path);
    }
    if (registries.size > 0 && instances.some(({ name }) => name === credentialsOwner))
        problems.add(
            `plinth:instances.${credentialsOwner}`,
            "is reserved in plinth:secrets for the passwords of plinth:images.credentials; choose another name",
        );
    pullSecrets.forEach((name, index) => {
        if (pullSecrets.indexOf(name) < index)
            problems.add(`plinth:images.pullSecrets.${index}`, `${show(name)} is listed twice`);
    });
}
