import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { type RenderedObject, renderStack } from "../../operations/render/rendering";
import { serviceNames } from "../../platforms/qed/services";
import { ApiServer } from "../support/apiServer";
import { controlPlane } from "../support/controlPlane";
import { id, type Live, LiveObjects } from "../support/liveObjects";
import { workloadKind } from "../support/qed";
import { scratch } from "../support/tools";

const stack = "switches";
const namespace = "qed-switches";
const workloads = ["Deployment", "StatefulSet"];
const settling = [...workloads, "Job", "PersistentVolumeClaim"];
const data = ["Namespace", "PersistentVolumeClaim", "Secret"];

describe("the switches of QED on a real API server", function () {
    this.timeout(300_000);
    const folder = scratch();
    let server: ApiServer;
    let cluster: LiveObjects;
    /** Of its claims and Secrets, at the beginning. */
    let first: Readonly<Record<string, string>>;
    before(async function () {
        const { command } = await controlPlane(this);
        server = await ApiServer.through(command, join(mkdtempSync(join(folder.path, "api-")), "socket"));
        cluster = new LiveObjects(server);
        await deploy(await suite());
        first = await identities();
        for (const kind of ["PersistentVolumeClaim mongodb", "Secret qed-django"])
            expect(first).to.have.property(kind.replace(" ", ` ${namespace}/`));
    });
    after(async () => {
        if (server) await cluster.remove(await suite());
        await server?.close();
        folder.clean();
    });

    /** The whole suite, or without one of its services. */
    const suite = async (off?: string, state = "running") => {
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
                    state,
                    services,
                },
            },
        };
        writeFileSync(join(folder.path, `Pulumi.${stack}.yaml`), JSON.stringify({ config }));
        return (await renderStack(stack, { folder: folder.path })).objects;
    };
    let deployed: readonly RenderedObject[] = [];
    /** As the engine: what is as before is not sent, and data outlive a switch, since their loss demands consent. */
    const deploy = async (objects: readonly RenderedObject[]) => {
        const same = new Set(deployed.map((object) => JSON.stringify(object)));
        const wanted = new Set(objects.map(id));
        await cluster.apply(objects.filter((object) => !same.has(JSON.stringify(object))));
        await server.remove(deployed.filter((object) => !data.includes(object.kind) && !wanted.has(id(object))));
        deployed = objects;
        await cluster.settle(objects.filter(({ kind }) => settling.includes(kind)));
    };
    const workloadsAmong = (objects: readonly RenderedObject[]) =>
        objects
            .filter(({ kind }) => workloads.includes(kind))
            .map(id)
            .sort();
    const listed = async (kinds: Readonly<Record<string, string>>) =>
        (
            await Promise.all(
                Object.entries(kinds).map(([kind, api]) =>
                    server.list<Live>(api, kind, `plinth.dev/stack=plinth.${stack}`),
                ),
            )
        ).flat();
    const running = async () => workloadsAmong(await listed({ Deployment: "apps/v1", StatefulSet: "apps/v1" }));
    const identities = async () =>
        Object.fromEntries(
            (await listed({ PersistentVolumeClaim: "v1", Secret: "v1" })).map((object) => [
                id(object),
                object.metadata.uid,
            ]),
        );

    for (const off of serviceNames)
        it(`settles without ${off} and what needs it, with everything that was off before`, async () => {
            const objects = await suite(off);
            await deploy(objects);
            const left = workloadsAmong(objects);
            expect(left).not.to.include(`${workloadKind(off)} ${namespace}/${off}`);
            expect(await running()).to.deep.equal(left);
        });

    it("has every service again, with the volumes and passwords of before", async () => {
        const whole = await suite();
        await deploy(whole);
        expect(await running()).to.deep.equal(workloadsAmong(whole));
        // Django has a volume of its own while there is no PostGIS.
        expect(await identities()).to.deep.include(first);
    });

    it("keeps its volumes and passwords when it is stopped, and starts with them", async () => {
        const before = await identities();
        await deploy(await suite(undefined, "stopped"));
        expect(await running()).to.deep.equal([]);
        expect(await identities()).to.deep.equal(before);
        const whole = await suite();
        await deploy(whole);
        expect(await running()).to.deep.equal(workloadsAmong(whole));
        expect(await identities()).to.deep.equal(before);
    });
});
