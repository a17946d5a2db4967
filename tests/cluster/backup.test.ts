import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { RenderedObject } from "../../operations/render/rendering";
import { type ControlPlane, controlPlane } from "../support/controlPlane";
import { Project, type Ran, shopIn } from "../support/project";
import { optionalProgram } from "../support/tools";

const stack = "lost";
const namespace = "lost-shop";

interface Job {
    readonly metadata: { readonly name: string; readonly ownerReferences?: readonly { readonly name: string }[] };
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

describe("backups with the real engine on a real API server", function () {
    this.timeout(900_000);
    let cluster: ControlPlane;
    let project: Project;
    before(async function () {
        optionalProgram(this, "pulumi", "that a restore leaves no drift is seen");
        cluster = await controlPlane(this);
        if (cluster.context) {
            console.log("      skipped: needs simulated nodes, on which Jobs complete without their images");
            this.skip();
        }
        project = new Project(cluster);
        project.write(stack, {
            "plinth:cluster": { context: "plinth-sandbox", loadBalancer: false },
            "plinth:protect": true,
            "plinth:instances": { shop: { ...shopIn(namespace), backup: { target: { type: "volume" } } } },
        });
        succeeded(await project.plinth("launch", stack));
    });
    after(() => project?.clean());

    const succeeded = ({ code, all }: Ran) => expect(code, all).to.equal(0);
    const objects = async <T = RenderedObject>(kinds: string) =>
        (await cluster.json<{ items: T[] }>(["get", kinds, "--namespace", namespace])).items;
    const changes = async () => {
        const { out } = await project.pulumi("stack", "history", "--json", "--page-size", "1", "--stack", stack);
        return Object.keys((JSON.parse(out) as { resourceChanges: object }[])[0]!.resourceChanges);
    };
    const specs = async () =>
        (
            await objects<RenderedObject & { spec: { replicas?: number; suspend?: boolean } }>("deployments,cronjobs")
        ).map(({ kind, metadata, spec }) => [kind, metadata.name, spec.replicas, spec.suspend]);

    it("starts a backup that the API server accepts, and waits for it", async () => {
        const ran = await project.plinth("backup", "now", "shop", stack);
        succeeded(ran);
        const made = (await objects<Job>("jobs")).filter(
            ({ metadata }) => metadata.ownerReferences?.[0]?.name === "backup",
        );
        expect(made.map(({ status }) => status?.conditions?.some(({ type }) => type === "Complete"))).to.deep.equal([
            true,
        ]);
        expect(ran.all).to.include(made[0]!.metadata.name);
    });

    it("refuses every run of the engine after an aborted restore until the restore is finished", async () => {
        const progress = { backup: "20261101T020000Z-3fa2", replicas: {}, suspended: [], loads: [] };
        const record = {
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: { name: "restore-progress", namespace },
            data: { progress: JSON.stringify(progress) },
        };
        await cluster.kubectl(["create", "--filename", "-"], JSON.stringify(record));
        const file = () => readFileSync(join(project.path, `Pulumi.${stack}.yaml`), "utf8");
        const written = file();
        for (const command of [
            ["launch", stack],
            ["stop", stack],
        ]) {
            const { code, all } = await project.plinth(...command);
            expect(code, all).to.equal(1);
            expect(all)
                .to.include(`Nothing was changed: a restore of ${progress.backup} is in progress`)
                .and.include(`./plinth backup resume shop ${stack}`)
                .and.not.include("pulumi preview");
        }
        expect(file()).to.equal(written);
        const status = await project.plinth("status", stack);
        expect(status.code, status.all).to.equal(1);
        expect(status.out).to.include(`./plinth backup restore shop ${progress.backup} ${stack} --recover`);
        succeeded(await project.plinth("backup", "resume", "shop", stack));
    });

    it("stops writers for a restore and starts them afterwards, so that the engine finds no changes", async () => {
        const before = await specs();
        const name = "20261101T020000Z-3fa2";
        const refused = await project.plinth("backup", "restore", "shop", name, stack, "--yes", "shpo");
        expect([refused.code, refused.all.includes("Nothing was changed")]).to.deep.equal([1, true]);
        const ran = await project.plinth("backup", "restore", "shop", name, stack, "--yes", "shop");
        succeeded(ran);
        expect(ran.all).to.include("scale deployment/frontend").and.include("--replicas 0");
        expect(await specs()).to.deep.equal(before);
        expect((await objects("configmaps")).map(({ metadata }) => metadata.name)).not.to.include("restore-progress");
        succeeded(await project.plinth("launch", stack));
        expect(await changes()).to.deep.equal(["same"]);
    });
});
