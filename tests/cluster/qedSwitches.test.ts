import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { renderStack } from "../../operations/render/rendering";
import { serviceNames } from "../../platforms/qed/services";
import { ApiServer } from "../support/apiServer";
import { controlPlane } from "../support/controlPlane";
import { id, LiveObjects } from "../support/liveObjects";
import { workloadKind } from "../support/qed";
import { scratch } from "../support/tools";

const stack = "switches";
const namespace = "qed-switches";
const workloads = ["Deployment", "StatefulSet"];

describe("the switches of QED on a real API server", function () {
    this.timeout(300_000);
    const folder = scratch();
    let server: ApiServer;
    let cluster: LiveObjects;
    before(async function () {
        const { command } = await controlPlane(this);
        server = await ApiServer.through(command, join(mkdtempSync(join(folder.path, "api-")), "socket"));
        cluster = new LiveObjects(server);
        await cluster.deploy((await suite()).objects, stack);
    });
    after(async () => {
        if (server) await cluster.remove((await suite()).objects);
        await server?.close();
        folder.clean();
    });

    /** The whole suite, or without one of its services. */
    const suite = (off?: string) => {
        const services = Object.fromEntries(serviceNames.map((name) => [name, name !== off]));
        const config = {
            "plinth:cluster": { context: "fixture", loadBalancer: false },
            "plinth:instances": {
                qed: {
                    platform: "qed",
                    host: "qed.example.org",
                    namespace,
                    sharedFiles: "oneNode",
                    tls: { mode: "off" },
                    edge: { type: "ClusterIP" },
                    services,
                },
            },
        };
        writeFileSync(join(folder.path, `Pulumi.${stack}.yaml`), JSON.stringify({ config }));
        return renderStack(stack, { folder: folder.path });
    };
    const running = async () => {
        const selector = `plinth.dev/stack=plinth.${stack}`;
        const found = await Promise.all(workloads.map((kind) => server.list("apps/v1", kind, selector)));
        return (found.flat() as Parameters<typeof id>[0][]).map(id).sort();
    };

    for (const off of serviceNames)
        it(`settles when ${off} is switched off, without it and without what needs it, and when it comes back`, async () => {
            const { objects } = await suite(off);
            // Data outlive a switch: the engine demands consent to their loss.
            await cluster.deploy(objects, stack, ["Namespace", "PersistentVolumeClaim", "Secret"]);
            const left = objects.filter(({ kind }) => workloads.includes(kind)).map(id);
            expect(left).not.to.include(`${workloadKind(off)} ${namespace}/${off}`);
            expect(await running()).to.deep.equal(left.sort());
            const whole = await suite();
            await cluster.deploy(whole.objects, stack, ["Namespace", "PersistentVolumeClaim", "Secret"]);
            expect(await running()).to.deep.equal(
                whole.objects
                    .filter(({ kind }) => workloads.includes(kind))
                    .map(id)
                    .sort(),
            );
        });
});
