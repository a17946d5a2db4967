import type { Instance } from "../components/instance";
import type { Deployed } from "../components/outputs";
import type { PlatformConfig } from "../config/load";

/** A platform: what a user may write of it, and how it is composed of components. */
export interface Platform {
    readonly config: PlatformConfig;
    /** Declares every component and object of one instance; nothing is registered yet. */
    readonly declare: (instance: Instance) => Deployed;
}
