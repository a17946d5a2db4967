import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { contextOf } from "../../config/kubeconfig";
import type { ClusterConfig } from "../../config/stack";
import type { ControlPlane } from "./controlPlane";
import { scratch } from "./tools";

const root = join(__dirname, "..", "..");

/** A stack with one shop among the project's own stack files, and the commands that users give for it on a cluster. */
export class ShopOnPlane {
    private readonly place = scratch();
    private readonly file: string;
    private readonly context: string;

    /** @param namespace as the instance's key has it */
    constructor(
        private readonly plane: ControlPlane,
        private readonly stack: string,
        private readonly namespace: string | object,
    ) {
        this.file = join(root, `Pulumi.${stack}.yaml`);
        this.context = plane.context ?? contextOf({ kubeconfig: plane.kubeconfig } as ClusterConfig)!.name;
    }

    configure(cluster: object = {}, instance: object = {}): void {
        const { context, namespace } = this;
        const shop = { platform: "opencart", host: "shop.example.org", namespace, sharedFiles: "oneNode", ...instance };
        writeFileSync(
            this.file,
            stringify({
                config: {
                    "plinth:cluster": { context, loadBalancer: false, metrics: false, ...cluster },
                    "plinth:instances": { shop },
                },
            }),
        );
    }

    /**
     * A command of Plinth's, with the stack as its last word but options.
     *
     * @param path where programs are found. @default the plane's kubectl, and the system's
     */
    plinth(
        [command, ...options]: readonly [string, ...string[]],
        { path = `${this.plane.bin}:/usr/bin:/bin`, kubeconfig = this.plane.kubeconfig } = {},
    ) {
        return spawnSync(process.execPath, [join(root, "cli", "plinth.cjs"), command, this.stack, ...options], {
            encoding: "utf8",
            env: {
                PATH: path,
                HOME: this.place.path,
                KUBECONFIG: kubeconfig,
                PULUMI_BACKEND_URL: `file://${this.place.path}`,
                PULUMI_CONFIG_PASSPHRASE: "test",
                NO_COLOR: "1",
            },
        });
    }

    clean(): void {
        rmSync(this.file, { force: true });
        this.place.clean();
    }
}
