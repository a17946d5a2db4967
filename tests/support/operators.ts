import { join } from "node:path";
import type { Context } from "mocha";
import type { RenderedObject } from "../../operations/render/rendering";
import { kindsIn, moduleFolder } from "./goModules";

/** The releases that `doctor` names to those who have none. */
const cloudNativePg = {
    module: "github.com/cloudnative-pg/cloudnative-pg@v1.30.0",
    checksum: "h1:fnhVq44xXx97MNiuvJsPrX1vSjYbgdyBK5MSGfdHdp0=",
};

const mariadbOperator = {
    module: "github.com/mariadb-operator/mariadb-operator/v25@v25.10.4",
    checksum: "h1:/nvOTGeolwiaYhm/iItKT+SubsTzbZzQf0nFBkCpvEA=",
};

/** CloudNativePG's own CustomResourceDefinitions. */
export const cloudNativePgKinds = (test: Context): RenderedObject[] =>
    kindsIn(
        join(moduleFolder(test, cloudNativePg), "config", "crd", "bases"),
        ...["clusters", "poolers"].map((kind) => `postgresql.cnpg.io_${kind}.yaml`),
    );

/** mariadb-operator's own CustomResourceDefinitions. */
export const mariadbOperatorKinds = (test: Context): RenderedObject[] =>
    kindsIn(
        join(moduleFolder(test, mariadbOperator), "config", "crd", "bases"),
        ...["mariadbs", "databases", "users", "grants"].map((kind) => `k8s.mariadb.com_${kind}.yaml`),
    );
