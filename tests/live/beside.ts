import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ControlPlane } from "../support/controlPlane";
import { LiveNamespace } from "./cluster";

/**
 * What an instance uses outside of itself, such as a server of its user's own, from a manifest that whoever runs the
 * suites has written. It gets a namespace of its own, `live-SUITE-beside`, and the stack's file says how the instance
 * reaches it.
 */
export class Beside {
    private readonly place: LiveNamespace;

    /** @param folder has `SUITE.yaml` if there is something. @default nothing for any suite */
    constructor(
        cluster: ControlPlane,
        private readonly suite: string,
        private readonly folder?: string,
    ) {
        this.place = new LiveNamespace(cluster, `live-${suite}-beside`);
    }

    private get manifest(): string | undefined {
        const path = this.folder && join(this.folder, `${this.suite}.yaml`);
        return path && existsSync(path) ? path : undefined;
    }

    /** Applies the manifest, and waits until its Deployments are available. @returns the pods' names */
    async start(): Promise<string[]> {
        const { manifest, place } = this;
        if (!manifest) return [];
        await place.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: place.name } });
        await place.kubectl("apply", "--filename", manifest);
        await place.kubectl("wait", "deployment", "--all", "--for=condition=Available", "--timeout=240s");
        return (await place.pods()).map(({ metadata }) => metadata.name);
    }

    async remove(): Promise<void> {
        if (this.manifest)
            await this.place.kubectl("delete", "namespace", this.place.name, "--ignore-not-found", "--wait=false");
    }
}
