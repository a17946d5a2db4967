import { join } from "node:path";
import type { Context } from "mocha";
import type { RenderedObject } from "../../operations/render/rendering";
import { kindsIn, moduleFolder } from "./goModules";

/** The release that `doctor` names to those who have none. */
const cloudNativePg = {
    module: "github.com/cloudnative-pg/cloudnative-pg@v1.30.0",
    checksum: "h1:fnhVq44xXx97MNiuvJsPrX1vSjYbgdyBK5MSGfdHdp0=",
};

/** CloudNativePG's own CustomResourceDefinitions. */
export const cloudNativePgKinds = (test: Context): RenderedObject[] =>
    kindsIn(
        join(moduleFolder(test, cloudNativePg), "config", "crd", "bases"),
        ...["clusters", "poolers"].map((kind) => `postgresql.cnpg.io_${kind}.yaml`),
    );
