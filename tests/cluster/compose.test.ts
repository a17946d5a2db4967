import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type RenderedObject, renderStack } from "../../operations/render/rendering";
import { ApiServer } from "../support/apiServer";
import { controlPlane } from "../support/controlPlane";
import { scratch } from "../support/tools";

const folder = join(__dirname, "..", "platforms", "compose");

/** Workloads that a simulated node can run: none has graphics cards or faster disks. */
const runs = (object: RenderedObject): boolean =>
    ["Deployment", "StatefulSet"].includes(object.kind) && object.metadata.name !== "converter";

describe("Compose projects on a control plane", () => {
    const { path, clean } = scratch();
    after(clean);

    it("are accepted as a whole, without a warning, and their pods start", async function () {
        const { command, json } = await controlPlane(this);
        const { objects } = await renderStack("compose", { folder });
        const server = await ApiServer.through(command, join(path, "socket"));
        try {
            expect(await server.apply(objects)).to.deep.equal([]);
            const workloads = objects.filter(runs);
            for (let tries = 0; tries < 120; tries++) {
                const waiting: string[] = [];
                for (const { kind, metadata } of workloads) {
                    const { spec, status } = await json<{
                        spec: { replicas?: number };
                        status: { readyReplicas?: number };
                    }>(["--namespace", metadata.namespace!, "get", kind.toLowerCase(), metadata.name]);
                    if ((status.readyReplicas ?? 0) < (spec.replicas ?? 1)) waiting.push(`${kind} ${metadata.name}`);
                }
                if (waiting.length === 0) return;
                if (tries === 119) expect(waiting).to.deep.equal([]);
                await sleep(1000);
            }
        } finally {
            await server.close();
        }
    });
}).timeout(1_200_000);
