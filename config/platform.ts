import type { z } from "zod";
import type { InstanceFacts } from "./facts";
import type { Image } from "./images";
import type { SecretRules } from "./secrets";
import type { SizeName } from "./fields";
import type { AnyInstance } from "./stack";

/** The configuration schema of a platform and its other static properties. */
export interface PlatformConfig {
    readonly name: string;
    /** A strict object with the common keys and the platform's own. */
    readonly schema: z.ZodType<Record<string, unknown>>;
    /**
     * The lowest layer, below `plinth:base`: sizes, replicas and volumes for a size, and what follows from the
     * instance's host, which is undefined if it is missing or not valid.
     */
    readonly defaults: (size: SizeName, host?: string) => Record<string, unknown>;
    /** Secret keys that a user may set. Unset ones are generated or unused. */
    readonly secrets: SecretRules;
    /** Strictest level of Pod Security that all of its pods satisfy. @default "restricted" */
    readonly podSecurity?: "restricted" | "baseline" | "privileged";
    /** Images of its own code, with their versions, by name. */
    readonly images: Readonly<Record<string, Image>>;
    /**
     * Reads the files that an instance's settings name, whenever the configuration is loaded. What they say of secrets,
     * images and Pod Security counts beside the platform's own. @default it has no such files
     *
     * @throws ConfigError with what is wrong in them
     */
    readonly read?: (settings: AnyInstance, from: ReadFrom) => InstanceFacts;
}

/** What a platform may know when it reads the files of an instance. */
export interface ReadFrom {
    /** Where relative paths begin: the folder of the stack file. */
    readonly folder: string;
    /** Keys that the user has set in `plinth:secrets` for the instance. The values are not known yet. */
    readonly set: readonly string[];
}

/** A platform as one of its instances has it. */
export function platformFor<P extends Pick<PlatformConfig, "secrets" | "images" | "podSecurity">>(
    platform: P,
    { secrets, images, podSecurity }: InstanceFacts = {},
): P {
    return {
        ...platform,
        secrets: { ...platform.secrets, ...secrets },
        images: { ...platform.images, ...images },
        ...(podSecurity ? { podSecurity } : {}),
    };
}
