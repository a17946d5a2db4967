import { z } from "zod";
import { dnsLabel, imagePrefix, registryHost } from "./fields";

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

/** Registries and pull settings for images. */
export const imageSources = z.strictObject({
    /** Registry and path for the images built from `images/`. */
    registry: imagePrefix.default("localhost:5000/plinth"),
    /** Prefix for all public images: `mirror.example.org/cache`. @default they are pulled from their own registries */
    mirror: imagePrefix.optional(),
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
