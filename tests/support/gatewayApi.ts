import { join } from "node:path";
import type { Context } from "mocha";
import type { RenderedObject } from "../../operations/render/rendering";
import { kindsIn, moduleFolder } from "./goModules";

/** The release that the kinds are taken from. */
const release = {
    module: "sigs.k8s.io/gateway-api@v1.4.1",
    checksum: "h1:NPxFutNkKNa8UfLd2CMlEuhIPMQgDQ6DXNKG9sHbJU8=",
};

/** The Gateway API's own CustomResourceDefinitions of Gateways and HTTPRoutes. */
export const gatewayKinds = (test: Context): RenderedObject[] =>
    kindsIn(
        join(moduleFolder(test, release), "config", "crd", "standard"),
        ...["gateways", "httproutes"].map((kind) => `gateway.networking.k8s.io_${kind}.yaml`),
    );
