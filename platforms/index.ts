import { opencart } from "./opencart";
import { openmage } from "./openmage";
import type { Platform } from "./platform";
import { qxsms } from "./qxsms";

/** Every platform, by the name that `platform:` gives it. */
export const platforms: Readonly<Record<string, Platform>> = {
    opencart,
    openmage,
    qxsms,
};
