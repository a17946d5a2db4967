import { createHash } from "node:crypto";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { Drift } from "../../cli/driftText";
import type { RenderedObject } from "../../operations/render/rendering";
import { type ControlPlane, controlPlane } from "../support/controlPlane";
import { Project, type Ran } from "../support/project";
import { optionalProgram } from "../support/tools";

/** Number of resources per operation of the engine: `{ create: 58 }`. */
type Changes = Readonly<Record<string, number>>;

const instance = {
    platform: "opencart",
    namespace: "engine-shop",
    host: "shop.example.org",
    tls: { mode: "internal" },
    sharedFiles: "oneNode",
};

describe("the real engine on a real API server", function () {
    this.timeout(600_000);
    let cluster: ControlPlane;
    let project: Project;
    before(async function () {
        optionalProgram(this, "pulumi", "what the engine does is seen");
        cluster = await controlPlane(this);
        project = new Project(cluster);
    });
    after(() => project?.clean());

    /** Writes the file of the stack `life`: one instance, with a test's changes. */
    const write = (changes: object = {}, stackwide: object = {}) =>
        project.write("life", {
            "plinth:cluster": cluster.context ? { context: cluster.context } : { context: "plinth-sandbox" },
            "plinth:protect": false,
            "plinth:instances": { shop: { ...instance, ...changes } },
            ...stackwide,
        });
    const succeeded = ({ code, all }: Ran) => expect(code, all).to.equal(0);
    const launch = async (...args: string[]) => {
        const started = Date.now();
        succeeded(await project.plinth("launch", "life", ...args));
        const did = await changes("life");
        console.log(`        ${JSON.stringify(did)} in ${((Date.now() - started) / 1000).toFixed(0)} s`);
        return did;
    };
    const changes = async (stack: string) => {
        const { out } = await project.pulumi("stack", "history", "--json", "--page-size", "1", "--stack", stack);
        return (JSON.parse(out) as { resourceChanges: Changes }[])[0]!.resourceChanges;
    };
    const objects = async (kinds: string, namespace = instance.namespace) =>
        (
            await cluster.json<{ items: (RenderedObject & { data?: object; metadata: { uid: string } })[] }>([
                "get",
                kinds,
                "--namespace",
                namespace,
            ])
        ).items;
    const names = async (kinds: string) =>
        (await objects(kinds)).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    const identities = async (kinds: string) => (await objects(kinds)).map(({ metadata }) => metadata.uid);
    /** A fingerprint of every password, so that none is ever printed. */
    const passwords = async (namespace?: string) =>
        Object.fromEntries(
            (await objects("secrets", namespace)).map(({ metadata, data }) => [
                metadata.name,
                createHash("sha256").update(JSON.stringify(data)).digest("hex"),
            ]),
        );
    const data = "persistentvolumeclaims,secrets";
    const workloads = "deployments,statefulsets,cronjobs,jobs";

    it("brings a stack up", async () => {
        write();
        const did = await launch();
        expect(Object.keys(did)).to.deep.equal(["create"]);
        expect(await names("deployments,statefulsets")).to.have.members([
            "Deployment/admin",
            "Deployment/cache",
            "Deployment/edge",
            "Deployment/frontend",
            "StatefulSet/database",
        ]);
    });

    it("changes nothing when nothing has changed", async () => {
        expect(Object.keys(await launch())).to.deep.equal(["same"]);
    });

    it("is told what is wrong by plain pulumi, too, which then ends at once", async () => {
        write({ host: "bad host" });
        const started = Date.now();
        const { code, all } = await project.pulumi("preview", "--stack", "life");
        expect(code).not.to.equal(0);
        expect(all).to.include('plinth:instances.shop.host: "bad host" is not allowed; allowed: a host name');
        expect(all).not.to.match(/^\s+at /m);
        // With the engine's connections open, the SDK alone takes more than 20 s.
        expect((Date.now() - started) / 1000).to.be.below(15);
    });

    it("updates only the tier with the changed environment", async () => {
        const before = await objects(workloads);
        write({ env: { frontend: { GREETING: "hello" } } });
        const did = await launch();
        expect(did["update"]).to.equal(1);
        expect(Object.keys(did).sort()).to.deep.equal(["same", "update"]);
        const generation = (object: RenderedObject) => (object.metadata as { generation?: number }).generation;
        const touched = (await objects(workloads)).filter(
            (object) =>
                generation(object) !==
                generation(
                    before.find(
                        ({ kind, metadata }) => kind === object.kind && metadata.name === object.metadata.name,
                    )!,
                ),
        );
        expect(touched.map(({ metadata }) => metadata.name)).to.deep.equal(["frontend"]);
    });

    it("replaces renamed resources unless they have an alias", async () => {
        const preview = async () => {
            const { out } = await project.pulumi("preview", "--json", "--stack", "life");
            return (JSON.parse(out) as { changeSummary: Changes }).changeSummary;
        };
        const name = "`${config.name}-${entry.name}`,";
        const restore = project.edit("components/objectPlan.ts", name, "`${config.name}-${entry.name}-renamed`,");
        try {
            expect(await preview()).to.include.keys("create", "delete");
            project.edit(
                "components/objectPlan.ts",
                "...(after.length > 0 ? { dependsOn: after } : {}),",
                "...(after.length > 0 ? { dependsOn: after } : {}), aliases: [{ name: `${config.name}-${entry.name}` }],",
            );
            expect(Object.keys(await preview())).to.deep.equal(["same"]);
        } finally {
            restore();
        }
    });

    it("detects and corrects drift, which does not include restarts and autoscaling", async () => {
        write({ replicas: { frontend: { min: 1, max: 4 } } });
        await launch();
        const drift = async () => {
            const { code, out, all } = await project.plinth("drift", "life", "--json");
            expect([0, 2], all).to.include(code);
            const { objects: found } = JSON.parse(out) as { objects: Drift[] };
            return { code, found: found.map(({ kind, name, what }) => `${kind} ${name} ${what}`) };
        };
        const there = ["--namespace", instance.namespace];
        succeeded(await project.plinth("restart", "all", "life"));
        await cluster.kubectl(["scale", "deployment", "frontend", "--replicas=3", ...there]);
        await cluster.kubectl(["label", "deployment", "cache", "example.org/theirs=1", ...there]);
        expect(await drift()).to.deep.equal({ code: 0, found: [] });

        await cluster.kubectl(["scale", "deployment", "edge", "--replicas=4", ...there]);
        await cluster.kubectl(["set", "image", "deployment/edge", "caddy=docker.io/library/caddy:2.0", ...there]);
        await cluster.kubectl(["delete", "deployment", "admin", ...there]);
        expect(await drift()).to.deep.equal({
            code: 2,
            found: ["Deployment admin missing", "Deployment edge changed"],
        });
        expect(await launch()).to.include({ create: 1, update: 1 });
        const edge = (await objects("deployments")).find(({ metadata }) => metadata.name === "edge");
        expect((edge!["spec"] as { replicas: number }).replicas).to.equal(1);
        expect(await drift()).to.deep.equal({ code: 0, found: [] });
    });

    it("asks before it recreates an object with data, and keeps the password", async () => {
        const before = await passwords();
        await cluster.kubectl(["delete", "secret", "cache", "--namespace", instance.namespace]);
        const refused = await project.plinth("launch", "life");
        expect(refused.code).to.equal(1);
        const name = `secret/${instance.namespace}/cache`;
        expect(refused.all).to.include("Nothing was changed").and.to.include(`--accept-loss ${name}`);
        expect(await names("secrets")).not.to.include("Secret/cache");
        expect(await launch("--accept-loss", name)).to.include({ create: 1 });
        expect(await passwords()).to.deep.equal(before);
    });

    it("asks before a change would replace a volume", async () => {
        const before = await identities(data);
        write({}, { "plinth:cluster": { context: cluster.context ?? "plinth-sandbox", storageClass: "shared" } });
        const refused = await project.plinth("launch", "life");
        expect(refused.code).to.equal(1);
        expect(refused.all)
            .to.include("Data would be lost. Nothing was changed.")
            .and.to.include(`persistentvolumeclaim/${instance.namespace}/database would be deleted and recreated`);
        expect(await identities(data)).to.deep.equal(before);
        write();
    });

    it("refuses to recover with another state, and keeps the passwords in use", async () => {
        const before = await passwords();
        const state = join(project.path, ".pulumi");
        renameSync(state, `${state}.kept`);
        const refused = await project.plinth("launch", "life", "--recover");
        expect(refused.code).to.equal(1);
        expect(refused.all).to.include("but are not in its state").and.to.include("/database");
        expect(await passwords()).to.deep.equal(before);
        rmSync(state, { recursive: true });
        renameSync(`${state}.kept`, state);
    });

    it("stops and starts: no pods, then the same data and the same address", async () => {
        const address = async () =>
            (await objects("services")).find(({ metadata }) => metadata.name === "edge")!["status"];
        const before = { data: await identities(data), address: await address(), passwords: await passwords() };
        succeeded(await project.plinth("stop", "life"));
        expect(await names(workloads)).to.deep.equal([]);
        expect(await identities(data)).to.deep.equal(before.data);
        expect(await address()).to.deep.equal(before.address);
        succeeded(await project.plinth("start", "life"));
        expect(await names("deployments")).to.include("Deployment/frontend");
        expect({ data: await identities(data), address: await address(), passwords: await passwords() }).to.deep.equal(
            before,
        );
    });

    it("removes an instance and restores it with the same volumes and passwords", async () => {
        const before = { data: await identities(data), passwords: await passwords() };
        write({ state: "removed" });
        await launch();
        expect(await names(`${workloads},services`)).to.deep.equal([]);
        write();
        await launch();
        expect({ data: await identities(data), passwords: await passwords() }).to.deep.equal(before);
    });

    it("sends patched objects and extra objects", async () => {
        write({
            patches: [{ kind: "Deployment", name: "frontend", patch: { spec: { minReadySeconds: 3 } } }],
            omit: [{ kind: "CronJob", name: "cron" }],
            extraObjects: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "notes" }, data: { a: "b" } }],
        });
        expect(await launch()).to.include({ update: 1, create: 1, delete: 1 });
        const [frontend] = (await objects("deployments")).filter(({ metadata }) => metadata.name === "frontend");
        expect((frontend!["spec"] as { minReadySeconds: number }).minReadySeconds).to.equal(3);
        expect(await names("configmaps,cronjobs"))
            .to.include("ConfigMap/notes")
            .and.not.to.include("CronJob/cron");
    });

    it("refuses to delete protected resources, whether a key is removed from the file or destroy is run", async () => {
        write({}, { "plinth:protect": true });
        await launch();
        const before = await identities(`${data},${workloads}`);
        write({}, { "plinth:protect": true, "plinth:instances": {} });
        const refused = await project.plinth("launch", "life");
        expect(refused.code).not.to.equal(0);
        expect(refused.all).to.include("state: removed");
        expect((await project.pulumi("destroy", "--yes", "--stack", "life")).code).not.to.equal(0);
        expect(await identities(`${data},${workloads}`)).to.deep.equal(before);
    });

    it("destroys an unprotected stack without a trace", async () => {
        write();
        await launch();
        succeeded(await project.pulumi("destroy", "--yes", "--stack", "life"));
        const { items } = await cluster.json<{ items: RenderedObject[] }>(["get", "namespaces"]);
        expect(items.map(({ metadata }) => metadata.name)).not.to.include(instance.namespace);
        const { out } = await project.pulumi("stack", "export", "--stack", "life");
        const { deployment } = JSON.parse(out) as { deployment: { resources?: unknown[] } };
        expect(deployment.resources ?? []).to.deep.equal([]);
    });

    it("recovers after being killed: nothing is lost, and the next run changes nothing", async () => {
        const namespace = "engine-killed";
        project.write("killed", {
            "plinth:cluster": { context: cluster.context ?? "plinth-sandbox" },
            "plinth:protect": false,
            "plinth:instances": { killed: { ...instance, namespace } },
        });
        const run = project.start(["launch", "killed"]);
        for (let tries = 0; tries < 600; tries += 1) {
            // Secrets come before pods: the stack is partly created.
            if (Object.keys(await passwords(namespace)).length > 2) break;
            await sleep(100);
        }
        await project.kill(run);
        const before = await passwords(namespace);
        expect(before).not.to.deep.equal({});
        expect(await objects("deployments", namespace)).to.have.length.below(4);

        // What an interrupted run leaves: a Job with other content, which is not in the state.
        const orphan = {
            apiVersion: "batch/v1",
            kind: "Job",
            metadata: { name: "upgrade-0000000000", namespace, labels: { "plinth.dev/stack": "plinth.killed" } },
            spec: {
                suspend: true,
                template: {
                    spec: { restartPolicy: "Never", containers: [{ name: "x", image: "docker.io/library/x:1" }] },
                },
            },
        };
        await cluster.kubectl(["apply", "--server-side", "--filename", "-"], JSON.stringify(orphan));

        const refused = await project.plinth("launch", "killed");
        expect(refused.code).to.equal(1);
        expect(refused.all).to.include("was interrupted").and.to.include("launch killed --recover");
        succeeded(await project.plinth("launch", "killed", "--recover"));
        expect(await passwords(namespace)).to.include(before);
        expect(await objects("deployments", namespace)).to.have.length(4);
        expect((await objects("jobs", namespace)).map(({ metadata }) => metadata.name)).not.to.include(
            orphan.metadata.name,
        );
        succeeded(await project.plinth("launch", "killed"));
        expect(Object.keys(await changes("killed"))).to.deep.equal(["same"]);
        succeeded(await project.pulumi("destroy", "--yes", "--stack", "killed"));
    });
});
