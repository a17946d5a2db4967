import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { parseAllDocuments } from "yaml";
import { objectYaml } from "../../operations/render/manifests";
import { type RenderedObject, renderStack } from "../../operations/render/rendering";
import { stackNames } from "../../operations/stackfile/stackFile";
import { ApiServer, type Refusal, served } from "../support/apiServer";
import { controlPlane } from "../support/controlPlane";
import { id, isSettled, type Live, LiveObjects } from "../support/liveObjects";
import { cloudNativePgKinds, mariadbOperatorKinds } from "../support/operators";
import { platforms } from "../support/storagePlatform";
import { scratch } from "../support/tools";

const fixtures = join(__dirname, "..", "stacks");

/** Objects that the fixtures expect in their clusters. */
const prerequisites = [
    ...["fast", "faster"].map((name) => ({
        apiVersion: "storage.k8s.io/v1",
        kind: "StorageClass",
        metadata: { name },
        provisioner: "plinth.dev/sandbox",
        volumeBindingMode: "WaitForFirstConsumer",
        allowVolumeExpansion: true,
    })),
    { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name: "shops" }, value: 1000 },
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } },
    // Of the Prometheus operator, which alone knows their fields.
    ...["PodMonitor", "ServiceMonitor"].map((kind) => ({
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: `${kind.toLowerCase()}s.monitoring.coreos.com` },
        spec: {
            group: "monitoring.coreos.com",
            names: { kind, plural: `${kind.toLowerCase()}s` },
            scope: "Namespaced",
            versions: [
                {
                    name: "v1",
                    served: true,
                    storage: true,
                    schema: {
                        openAPIV3Schema: {
                            type: "object",
                            properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
                        },
                    },
                },
            ],
        },
    })),
];

describe("a real API server", function () {
    this.timeout(300_000);
    const folder = scratch();
    let server: ApiServer;
    let cluster: LiveObjects;
    let existing: RenderedObject[] = [];
    before(async function () {
        const { command } = await controlPlane(this);
        // Only its owner may use it.
        server = await ApiServer.through(command, join(mkdtempSync(join(folder.path, "api-")), "socket"));
        cluster = new LiveObjects(server);
        existing = [...(prerequisites as RenderedObject[]), ...cloudNativePgKinds(this), ...mariadbOperatorKinds(this)];
        await apply(existing);
    });
    after(async () => {
        if (server) await server.remove(existing);
        await server?.close();
        folder.clean();
    });

    const apply = (objects: readonly object[]) => cluster.apply(objects);
    const live = (objects: readonly RenderedObject[]) => cluster.live(objects);
    const settle = (objects: readonly RenderedObject[]) => cluster.settle(objects);
    const deploy = (objects: readonly RenderedObject[], stack: string) => cluster.deploy(objects, stack);
    const remove = (objects: readonly RenderedObject[]) => cluster.remove(objects);
    const vacated = (objects: readonly RenderedObject[]) => cluster.vacated(objects);

    for (const name of stackNames(fixtures)) {
        // On servers and disks that do not exist: they can only be accepted.
        const settles = name !== "volumes";
        const more = settles ? "; all settle, and nothing changes when they are applied again" : "";
        it(`accepts every object of the fixture "${name}"${more}`, async () => {
            const { objects } = await renderStack(name, { folder: fixtures, platforms });
            await vacated(objects);
            await served(() => apply(objects));
            if (!settles) return remove(objects);
            const before = (await settle(objects)).map(declared);
            expect(before).to.have.length(objects.length);
            await apply(objects);
            expect((await live(objects)).map(declared)).to.deep.equal(before);
            await remove(objects);
        });
    }

    describe("through the life of an instance", () => {
        let folder: string;
        before(async () => {
            folder = mkdtempSync(join(tmpdir(), "plinth-life-"));
            await vacated((await small("running")).objects);
        });
        after(async () => {
            await remove((await small("running")).objects);
            rmSync(folder, { recursive: true });
        });

        const small = (state: string, more: string = "") => {
            const text = readFileSync(join(fixtures, "Pulumi.small.yaml"), "utf8").trimEnd();
            writeFileSync(join(folder, "Pulumi.small.yaml"), `${text}\n            state: ${state}\n${more}`);
            return renderStack("small", { folder, platforms });
        };
        const precious = (objects: readonly Live[]) => kept(objects, ["Namespace", "PersistentVolumeClaim", "Secret"]);
        const kept = (objects: readonly Live[], wanted: readonly string[]) =>
            Object.fromEntries(
                objects.filter(({ kind }) => wanted.includes(kind)).map((object) => [id(object), object.metadata.uid]),
            );

        it("upgrades from an older release: data are kept, and changes that the server refuses in place are known", async () => {
            const older = parseAllDocuments(readFileSync(join(__dirname, "older", "small.yaml"), "utf8")).map(
                (document) => document.toJS() as RenderedObject,
            );
            const before = await deploy(older, "small");
            const { objects } = await small("running");

            // The engine replaces what is immutable; kubectl would stop there, so the test deletes it first.
            const refusal = await apply(objects).catch(({ message }: Refusal) => message);
            expect(refusal).to.match(
                /^StatefulSet.apps "database" is invalid: spec: Forbidden: updates to statefulset spec for fields other than .*$/,
            );
            await server.remove(
                objects.filter(({ kind, metadata }) => kind === "StatefulSet" && metadata.name === "database"),
            );

            const after = await deploy(objects, "small");
            expect(precious(after)).to.deep.equal(precious(before));
            // The tiers whose rendered pods differ from those of the older release roll.
            const changed = after.filter(({ kind, metadata }) => {
                const old = before.find((object) => object.kind === kind && object.metadata.name === metadata.name);
                return kind === "Deployment" && old?.metadata.generation !== metadata.generation;
            });
            expect(changed.map(id)).to.deep.equal(
                objects.filter((object) => object.kind === "Deployment" && differs(object, older)).map(id),
            );
            expect(changed.map(id)).to.include("Deployment opencart/frontend");
        });

        it("keeps volumes, Secrets and the address when stopped, keeps volumes and Secrets when removed, and uses them again", async () => {
            const running = await deploy((await small("running")).objects, "small");
            const data = precious(running);
            const address = (objects: readonly Live[]) =>
                objects.find(({ kind, metadata }) => kind === "Service" && metadata.name === "edge");
            expect(Object.keys(data)).to.include("PersistentVolumeClaim opencart/database");

            const stopped = await deploy((await small("stopped")).objects, "small");
            expect(precious(stopped)).to.deep.equal(data);
            expect(address(stopped)!.metadata.uid).to.equal(address(running)!.metadata.uid);
            expect(address(stopped)!.status).to.deep.equal(address(running)!.status);
            expect(
                stopped.filter(({ kind }) => ["Deployment", "StatefulSet", "CronJob", "Job"].includes(kind)),
            ).to.deep.equal([]);

            const removed = await deploy((await small("removed")).objects, "small");
            expect(precious(removed)).to.deep.equal(data);
            expect(removed.filter(({ kind }) => kind === "Service")).to.deep.equal([]);

            const back = await deploy((await small("running")).objects, "small");
            expect(precious(back)).to.deep.equal(data);
            expect(back.map(id).sort()).to.deep.equal(running.map(id).sort());
        });

        it("grows a claim in place and changes nothing else", async () => {
            const before = await deploy((await small("running")).objects, "small");
            const { objects } = await small("running", "            volumes: { database: { size: 77Gi } }\n");
            const after = await deploy(objects, "small");
            const changed = after.filter(
                (object, index) => object.metadata.resourceVersion !== before[index]!.metadata.resourceVersion,
            );
            expect(changed.map(id)).to.deep.equal(["PersistentVolumeClaim opencart/database"]);
            for (let tries = 0; tries < 60; tries += 1) {
                const [claim] = await live(changed);
                if ((claim!.status as { capacity?: { storage: string } }).capacity?.storage === "77Gi") return;
                await sleep(500);
            }
            expect.fail("the volume has not grown");
        });
    });

    describe("fails correctly:", () => {
        const deployment = async () => {
            const { objects } = await renderStack("small", { folder: fixtures });
            await apply([objects[0]!]);
            return structuredClone(objects.find(({ kind }) => kind === "Deployment")!) as unknown as {
                spec: { template: { spec: Record<string, unknown> } };
            };
        };
        const refusal = async (object: object) => {
            try {
                await apply([object]);
            } catch (error) {
                return String(error);
            }
            return expect.fail("was accepted");
        };
        before(async () => vacated((await renderStack("small", { folder: fixtures })).objects));
        after(async () => remove((await renderStack("small", { folder: fixtures })).objects));

        it("refuses an unknown field", async () => {
            const object = await deployment();
            object.spec.template.spec["containerz"] = [];
            expect(await refusal(object)).to.include(".spec.template.spec.containerz: field not declared in schema");
        });
        it("warns about pods with more rights than the namespace allows", async () => {
            const object = await deployment();
            object.spec.template.spec["hostNetwork"] = true;
            expect(await refusal(object)).to.include("would violate PodSecurity");
        });
        it("times out on a workload that never becomes ready", async () => {
            const object = await deployment();
            object.spec.template.spec["nodeSelector"] = { nowhere: "true" };
            await apply([object]);
            await sleep(2000);
            const found = await live([object as unknown as RenderedObject]);
            expect(found.filter((one) => isSettled(one, []))).to.deep.equal([]);
        });
    });
});

/** Whether a rendered object differs from its former version, or is new. */
function differs(object: RenderedObject, older: readonly RenderedObject[]): boolean {
    const before = older.find((other) => id(other) === id(object));
    return !before || objectYaml(before) !== objectYaml(object);
}

/** The declared part of an object: without controllers' reports and bookkeeping. */
function declared({ status: _, ...object }: Live): object {
    const {
        managedFields: _fields,
        resourceVersion,
        ...metadata
    } = object.metadata as Live["metadata"] & {
        managedFields: unknown;
    };
    // Versions also count reports of controllers; generations count only changes of the specification.
    return {
        ...object,
        metadata: { ...metadata, ...(metadata.generation ? {} : { resourceVersion: _ ? 0 : resourceVersion }) },
    };
}
