import type { Image } from "./images";
import type { SecretRules, SecretText } from "./secrets";

/** What differs from one instance of a platform to the next. */
export interface InstanceFacts {
    /** In addition to the platform's. @default none */
    readonly secrets?: SecretRules;
    /** Values of secret keys that the files contain: they count unless the user sets the key. @default none */
    readonly values?: Readonly<Record<string, SecretText>>;
    /** In addition to the platform's. @default none */
    readonly images?: Readonly<Record<string, Image>>;
    /** @default the platform's */
    readonly podSecurity?: "restricted" | "baseline" | "privileged";
    /** What was read, for the platform itself. @default nothing */
    readonly source?: unknown;
}
