import type { z } from "zod";
import type { Image } from "./images";
import type { SecretRules } from "./secrets";
import type { SizeName } from "./fields";

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
}
