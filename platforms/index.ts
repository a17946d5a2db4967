import { opencart } from "./opencart";
import type { Platform } from "./platform";

/** Every platform, by the name that `platform:` gives it. */
export const platforms: Readonly<Record<string, Platform>> = {
    opencart,
};
