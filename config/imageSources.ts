import { z } from "zod";
import { dnsLabel, imagePrefix, registryHost } from "./fields";

/** An account at a registry. Its password is the secret of its name, below `plinth:secrets.images`. */
const credential = z.strictObject({
    /** As images name it; `docker.io` for Docker Hub. */
    registry: registryHost,
    /** Basic authentication ends it at the first colon: https://www.rfc-editor.org/rfc/rfc7617#section-2 */
    username: z
        .string()
        .regex(/^(?!.*:)\P{Cc}{1,255}$/u, "allowed: a user name of one line, not empty and without ':'"),
});

const credentials = z.record(dnsLabel, credential);

/** Where images come from. */
export const imageSources = z.strictObject({
    /** Registry, with its path, that holds the images built from `images/`. */
    registry: imagePrefix.default("localhost:5000/plinth"),
    /** Prefix put before every public image: `mirror.example.org/cache`. @default pulled from their own registries */
    mirror: imagePrefix.optional(),
    /** @default Always for tags that move, which are those without a digit (latest, staging), IfNotPresent for the others */
    pullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).optional(),
    /** Names of image pull Secrets that exist in each namespace. */
    pullSecrets: z.array(dnsLabel).default([]),
    /** Accounts at registries, by a name of your choice: of them a pull Secret is made in each namespace that needs one. */
    credentials: credentials.default({}),
});

export type ImagesConfig = z.infer<typeof imageSources>;
