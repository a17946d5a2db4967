import { opencart } from "./opencart";
import { openmage } from "./openmage";
import type { Platform } from "./platform";
import { qxsms } from "./qxsms";

/** All platforms, by the name used in `platform:`. */
export const platforms: Readonly<Record<string, Platform>> = {
    opencart,
    openmage,
    qxsms,
};
