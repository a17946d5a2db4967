import { z } from "zod";
import { dnsLabel, imagePrefix, registryHost } from "./fields";
import { registryName } from "./registries";

/** An account at a registry. Its password is the secret with its name, below `plinth:secrets.images`. */
const credential = z.strictObject({
    /** As in image references; `docker.io` for Docker Hub. */
    registry: registryHost,
    /** Basic authentication does not allow colons: https://www.rfc-editor.org/rfc/rfc7617#section-2 */
    username: z
        .string()
        .regex(/^(?!.*:)\P{Cc}{1,255}$/u, "allowed: a user name of one line, not empty and without ':'"),
});

const credentials = z.record(dnsLabel, credential);

/** On a developer's machine. Nothing else reaches it. */
export const localRegistry = "localhost:5000/plinth";

/** Registries and pull settings for images. */
export const imageSources = z.strictObject({
    /** Registry and path for the images that are built here. */
    registry: imagePrefix.default(localRegistry),
    /**
     * Proxy caches of public registries, as Harbor, ECR, Artifactory and others have them: each registry with what stands
     * for it, `{docker.io: harbor.example.org/dockerhub}`. A text stands for docker.io alone.
     *
     * @default none: images are pulled from their own registries
     */
    mirror: z
        .union(
            [
                imagePrefix.transform((hub) => ({ "docker.io": hub }) as Record<string, string>),
                z.record(registryHost.transform(registryName), imagePrefix),
            ],
            "allowed: what stands for docker.io, REGISTRY or REGISTRY/FOLDER in lower case, or a map of such by registry, such as {docker.io: harbor.example.org/dockerhub, quay.io: harbor.example.org/quay}",
        )
        .default({}),
    /**
     * @default Always for moving tags, which are those without a digit (latest, staging), IfNotPresent for all others
     */
    pullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).optional(),
    /** Names of image pull Secrets that exist in each namespace. */
    pullSecrets: z.array(dnsLabel).default([]),
    /**
     * Registry accounts by a name of your choice. A pull Secret is created from them in each namespace that needs one.
     */
    credentials: credentials.default({}),
});

export type ImagesConfig = z.infer<typeof imageSources>;
