import type { z } from "zod";
import type { Image } from "./images";
import type { SecretRules } from "./secrets";
import type { SizeName } from "./fields";

/** What a user may write of a platform, and what whoever lists platforms must know of it. */
export interface PlatformConfig {
    readonly name: string;
    /** A strict object with the common keys and the platform's own. */
    readonly schema: z.ZodType<Record<string, unknown>>;
    /** The lowest layer, below `plinth:base`: sizes, replicas and volumes for a size. */
    readonly defaults: (size: SizeName) => Record<string, unknown>;
    /** Secret keys that a user may set. What is not set is generated or not used. */
    readonly secrets: SecretRules;
    /** Strictest level of Pod Security that all of its pods fit. @default "restricted" */
    readonly podSecurity?: "restricted" | "baseline" | "privileged";
    /** Those of its own code, with their versions, by name. */
    readonly images: Readonly<Record<string, Image>>;
}
