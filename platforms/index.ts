import { compose } from "./compose";
import { opencart } from "./opencart";
import { openedx } from "./openedx";
import { openmage } from "./openmage";
import type { Platforms } from "./platform";
import { qed } from "./qed";
import { qxsms } from "./qxsms";

/** Every platform, by the name that `platform:` gives it. */
export const platforms: Platforms = {
    compose,
    opencart,
    openedx,
    openmage,
    qed,
    qxsms,
};
