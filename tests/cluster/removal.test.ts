import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { RenderedObject } from "../../operations/render/rendering";
import type { Volume } from "../../operations/cluster/live";
import type { StackVolume } from "../../operations/cluster/volumes";
import { type ControlPlane, controlPlane } from "../support/controlPlane";
import { Project, type Ran } from "../support/project";
import { optionalProgram } from "../support/tools";

const stack = "removal";

const instance = (name: string) => ({
    platform: "opencart",
    namespace: `removal-${name}`,
    host: `${name}.example.org`,
    tls: { mode: "internal" },
    edge: { type: "ClusterIP", publicAddress: "192.0.2.1" },
    sharedFiles: "oneNode",
});

/** The provisioner of the simulated cluster, configured to retain its volumes. */
const retaining = {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "retaining" },
    provisioner: "plinth.dev/sandbox",
    reclaimPolicy: "Retain",
    volumeBindingMode: "Immediate",
};

describe("removal with the real engine on a real API server", function () {
    this.timeout(600_000);
    let cluster: ControlPlane;
    let project: Project;
    before(async function () {
        optionalProgram(this, "pulumi", "that removal keeps, purge frees and forget records is seen");
        cluster = await controlPlane(this);
        if (cluster.context) {
            console.log("      skipped: needs simulated nodes and their storage");
            this.skip();
        }
        await cluster.kubectl(["apply", "--server-side", "--filename", "-"], JSON.stringify(retaining));
        project = new Project(cluster);
        project.write(stack, {
            "plinth:cluster": { context: "plinth-sandbox", loadBalancer: false, storageClass: "retaining" },
            "plinth:protect": true,
            "plinth:instances": { shop: instance("shop"), other: instance("other") },
        });
        succeeded(await plinth("launch", stack));
    });
    after(async () => {
        if (project) await cluster.kubectl(["delete", "storageclass", "retaining"]);
        project?.clean();
    });

    const plinth = (...args: string[]) => project.plinth(...args);
    const succeeded = ({ code, all }: Ran) => expect(code, all).to.equal(0);
    const refused = async (text: string, ...args: string[]) => {
        const { code, all } = await plinth(...args);
        expect(code, all).to.equal(1);
        expect(all).to.include(text);
    };
    const file = () => readFileSync(join(project.path, `Pulumi.${stack}.yaml`), "utf8");
    const objects = async (kinds: string, name: string) =>
        (
            await cluster.json<{ items: (RenderedObject & { data?: object; metadata: { uid: string } })[] }>([
                "get",
                kinds,
                "--namespace",
                `removal-${name}`,
            ])
        ).items;
    /** Identities of claims, and fingerprints of passwords, so that none is ever printed. */
    const kept = async (name: string) =>
        (await objects("persistentvolumeclaims,secrets", name)).map(({ kind, metadata, data }) => [
            metadata.name,
            kind === "Secret" ? createHash("sha256").update(JSON.stringify(data)).digest("hex") : metadata.uid,
        ]);
    const volumesOf = async (name: string) =>
        (await cluster.json<{ items: Volume[] }>(["get", "persistentvolumes"])).items.filter(
            ({ spec }) => spec.claimRef?.namespace === `removal-${name}`,
        );
    const namespaces = async () =>
        (await cluster.json<{ items: RenderedObject[] }>(["get", "namespaces"])).items.map(
            ({ metadata }) => metadata.name,
        );
    const workloads = "deployments,statefulsets,cronjobs,jobs,services";

    it("refuses to purge live or unknown instances, and asks for the name", async () => {
        const before = [file(), await kept("shop")];
        await refused('"shop" is running', "purge", "shop", stack, "--yes", "shop");
        await refused('"shop" is running', "forget", "shop", stack, "--yes", "shop");
        await refused('no instance "shpo"; did you mean "shop"?', "purge", "shpo", stack, "--yes", "shpo");
        await refused('no instance "shpo"; did you mean "shop"?', "instance", "remove", "shpo", stack, "--yes", "shpo");
        await refused("--yes shop", "instance", "remove", "shop", stack);
        expect([file(), await kept("shop")]).to.deep.equal(before);
    });

    it("removes an instance, reports where its data are, and restores it with the same volumes and passwords", async () => {
        const before = await kept("shop");
        const removed = await plinth("instance", "remove", "shop", stack, "--yes", "shop");
        succeeded(removed);
        expect(await objects(workloads, "shop")).to.deep.equal([]);
        for (const { metadata } of await volumesOf("shop"))
            expect(removed.out).to.include(`/nowhere/${metadata.name} on the node`);
        expect(await kept("shop")).to.deep.equal(before);
        succeeded(await plinth("start", stack, "shop"));
        expect((await objects(workloads, "shop")).map(({ kind }) => kind)).to.include("StatefulSet");
        expect(await kept("shop")).to.deep.equal(before);
    });

    it("purges it, releases retained volumes, continues after being killed, and changes nothing else", async () => {
        succeeded(await plinth("instance", "remove", "shop", stack, "--yes", "shop"));
        const volumes = await volumesOf("shop");
        expect(volumes.map(({ spec }) => spec.persistentVolumeReclaimPolicy))
            .to.include("Retain")
            .and.not.to.include("Delete");
        const before = [file(), await kept("shop")];
        await refused("--yes", "purge", "shop", stack, "--yes", "other");
        expect([file(), await kept("shop")]).to.deep.equal(before);
        const other = { kept: await kept("other"), workloads: await uids("other") };

        const run = project.start(["purge", "shop", stack, "--yes", "shop"]);
        for (let tries = 0; tries < 1200; tries += 1) {
            // The engine deletes the claims before the namespace.
            if ((await objects("persistentvolumeclaims", "shop")).length < volumes.length) break;
            await sleep(100);
        }
        await project.kill(run);
        expect(file()).not.to.include("shop");
        const interrupted = await plinth("purge", "shop", stack, "--yes", "shop");
        if (interrupted.code !== 0) {
            expect(interrupted.all).to.include(`./plinth purge shop ${stack} --recover`);
            succeeded(await plinth("purge", "shop", stack, "--yes", "shop", "--recover"));
        }
        expect(await volumesOf("shop")).to.deep.equal([]);
        expect(await namespaces()).not.to.include("removal-shop");
        const { out } = await project.pulumi("stack", "export", "--stack", stack);
        expect(out).not.to.include("::shop-");
        expect({ kept: await kept("other"), workloads: await uids("other") }).to.deep.equal(other);

        const after = file();
        await refused('no instance "shop"', "purge", "shop", stack, "--yes", "shop");
        expect(file()).to.equal(after);
        succeeded(await plinth("launch", stack));
        expect({ kept: await kept("other"), workloads: await uids("other") }).to.deep.equal(other);
    });

    const uids = async (name: string) =>
        (await objects("deployments,statefulsets", name)).map(({ metadata }) => metadata.uid);

    let forgotten: Awaited<ReturnType<typeof kept>>;

    it("forgets an instance: its volumes stay Released, with a record of their location", async () => {
        succeeded(await plinth("instance", "remove", "other", stack, "--yes", "other"));
        forgotten = await kept("other");
        const volumes = await volumesOf("other");
        const record = join(project.path, "record.json");
        succeeded(await plinth("forget", "other", stack, "--yes", "other", "--out", record));
        expect(await namespaces()).not.to.include("removal-other");
        const left = await volumesOf("other");
        expect(left.map(({ metadata, status }) => [metadata.name, status?.phase])).to.deep.equal(
            volumes.map(({ metadata }) => [metadata.name, "Released"]),
        );
        const written = JSON.parse(readFileSync(record, "utf8")) as { volumes: { claim: string; place: string }[] };
        expect(written.volumes.map(({ claim, place }) => `${claim} ${place}`)).to.have.members(
            volumes.map(
                ({ metadata, spec }) => `removal-other/${spec.claimRef!.name} /nowhere/${metadata.name} on the node`,
            ),
        );
        const listed = JSON.parse((await plinth("volumes", stack, "--json")).out) as StackVolume[];
        expect(listed.map(({ volume, state, instance: owner }) => [volume, state, owner])).to.deep.equal(
            volumes.map(({ metadata }) => [metadata.name, "Released", "other"]),
        );
        const before = file();
        const again = await plinth("forget", "other", stack, "--yes", "other", "--out", record);
        succeeded(again);
        expect(again.out).to.include("is already forgotten").and.to.include(volumes[0]!.metadata.name);
        expect([file(), await volumesOf("other")]).to.deep.equal([before, left]);
    });

    it("gives a forgotten volume to another instance by name, with new passwords", async () => {
        const { volumes } = JSON.parse(readFileSync(join(project.path, "record.json"), "utf8")) as {
            volumes: { claim: string; volume: string; size: string; storageClass: string }[];
        };
        const { volume, size, storageClass } = volumes.find(({ claim }) => claim === "removal-other/database")!;
        project.write(stack, {
            "plinth:cluster": { context: "plinth-sandbox", loadBalancer: false, storageClass: "retaining" },
            "plinth:protect": false,
            "plinth:instances": {
                back: { ...instance("back"), volumes: { database: { existing: volume, size, storageClass } } },
            },
        });
        await refused(`./plinth launch ${stack} --adopt ${volume}`, "launch", stack);
        succeeded(await plinth("launch", stack, "--adopt", volume));
        const [bound] = (await volumesOf("back")).filter(({ metadata }) => metadata.name === volume);
        expect(bound!.status?.phase).to.equal("Bound");
        const passwords = (await kept("back")).filter(([name]) => name === "database" || name === "database-root");
        expect(passwords).to.have.length(3);
        for (const password of passwords) expect(forgotten).not.to.deep.include(password);
        const left = JSON.parse((await plinth("volumes", stack, "--json")).out) as StackVolume[];
        expect(left.filter((row) => row.volume === volume).map((row) => row.instance)).to.deep.equal(["back"]);
    });

    it("deletes a leftover volume by its exact name", async () => {
        const [volume, ...others] = await volumesOf("other");
        const name = volume!.metadata.name;
        await refused("left a volume", "volumes", "delete", "pvc-none", stack, "--yes", "pvc-none");
        succeeded(await plinth("volumes", "delete", name, stack, "--yes", name));
        expect(await volumesOf("other")).to.deep.equal(others);
        for (const { metadata } of others)
            succeeded(await plinth("volumes", "delete", metadata.name, stack, "--yes", metadata.name));
        succeeded(await project.pulumi("destroy", "--yes", "--stack", stack));
    });
});
