import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "mocha";
import { parse } from "yaml";
import type { RenderedObject } from "../../operations/render/rendering";
import { program } from "./tools";

/** The release that the kinds are taken from, and the checksum of its module as in a go.sum. */
const release = "sigs.k8s.io/gateway-api@v1.4.1";
const checksum = "h1:NPxFutNkKNa8UfLd2CMlEuhIPMQgDQ6DXNKG9sHbJU8=";

/** The Gateway API's own CustomResourceDefinitions of Gateways and HTTPRoutes. */
export function gatewayKinds(test: Context): RenderedObject[] {
    const go = program(test, "go");
    const answer = execFileSync(go, ["mod", "download", "-json", release], { encoding: "utf8", stdio: "pipe" });
    const { Dir, Sum } = JSON.parse(answer) as { readonly Dir: string; readonly Sum: string };
    if (Sum !== checksum) throw new Error(`${release} has the checksum ${Sum}`);
    return ["gateways", "httproutes"].map(
        (kind) =>
            parse(
                readFileSync(join(Dir, "config", "crd", "standard", `gateway.networking.k8s.io_${kind}.yaml`), "utf8"),
            ) as RenderedObject,
    );
}
