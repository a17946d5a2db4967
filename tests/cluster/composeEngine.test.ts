import { cpSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { RenderedObject } from "../../operations/render/rendering";
import { type ControlPlane, controlPlane } from "../support/controlPlane";
import { Project, type Ran } from "../support/project";
import { optionalProgram } from "../support/tools";

const stack = "composed";
const projects = join(__dirname, "..", "platforms", "compose", "projects");

/** Number of resources per operation of the engine. */
type Changes = Readonly<Record<string, number>>;

describe("Compose projects with the real engine on a real API server", function () {
    this.timeout(900_000);
    let cluster: ControlPlane;
    let project: Project;
    before(async function () {
        optionalProgram(this, "pulumi", "what becomes of a changed Compose file is seen");
        cluster = await controlPlane(this);
        project = new Project(cluster);
        cpSync(projects, join(project.path, "projects"), { recursive: true });
        write();
    });
    after(() => project?.clean());

    const edge = { type: "ClusterIP", publicAddress: "192.0.2.1" };
    /** The three projects of the golden files. */
    const write = (board: object = {}) =>
        project.write(stack, {
            "plinth:cluster": { context: cluster.context ?? "plinth-sandbox", loadBalancer: false, metrics: false },
            "plinth:protect": true,
            "plinth:defaults": { tls: { mode: "internal" }, sharedFiles: "oneNode", edge },
            "plinth:instances": {
                board: {
                    platform: "compose",
                    file: "projects/board/compose.yaml",
                    host: "board.example.org",
                    ...board,
                },
                fleet: { platform: "compose", file: "projects/fleet/docker-compose.yml", host: "fleet.example.org" },
                press: {
                    platform: "compose",
                    file: "projects/press/compose.yaml",
                    host: "press.example.org",
                    // No node has a graphics card, or a faster disk.
                    omit: [{ kind: "Deployment", name: "converter" }],
                },
            },
        });
    const succeeded = ({ code, all }: Ran) => expect(code, all).to.equal(0);
    const launch = async (...args: string[]): Promise<Changes> => {
        succeeded(await project.plinth("launch", stack, ...args));
        const { out } = await project.pulumi("stack", "history", "--json", "--page-size", "1", "--stack", stack);
        const [{ resourceChanges }] = JSON.parse(out) as [{ resourceChanges: Changes }];
        console.log(`        ${JSON.stringify(resourceChanges)}`);
        return resourceChanges;
    };
    const objects = async (kinds: string, namespace = "compose-board") =>
        (
            await cluster.json<{ items: (RenderedObject & { metadata: { uid: string } })[] }>([
                "get",
                kinds,
                "--namespace",
                namespace,
            ])
        ).items;
    const names = async (kinds: string, namespace?: string) =>
        (await objects(kinds, namespace)).map(({ metadata }) => metadata.name).sort();
    const identities = async (kinds: string) =>
        Object.fromEntries((await objects(kinds)).map(({ metadata }) => [metadata.name, metadata.uid]));
    const image = async (name: string) => {
        const found = (await objects("deployments")).find(({ metadata }) => metadata.name === name);
        const { containers } = (found!["spec"] as { template: { spec: { containers: { image: string }[] } } }).template
            .spec;
        return containers[0]!.image;
    };
    const edit = (from: string, to: string) => project.edit("projects/board/compose.yaml", from, to);

    it("come up, in order", async () => {
        expect(Object.keys(await launch())).to.deep.equal(["create"]);
        expect(await names("deployments,statefulsets")).to.deep.equal([
            "cache",
            "db",
            "edge",
            "migrate",
            "web",
            "worker",
        ]);
        expect(await names("statefulsets,deployments", "compose-fleet")).to.include.members([
            "fleet-db",
            "gateway",
            "tracker",
        ]);
    });
    it("stay as they are while their files do", async () => {
        expect(Object.keys(await launch())).to.deep.equal(["same"]);
    });
    it("change where a value of the file has changed, and nowhere else", async () => {
        const before = await identities("deployments,statefulsets,persistentvolumeclaims,secrets");
        edit("MAIL_FROM: board@example.org", "MAIL_FROM: other@example.org");
        const { all } = await project.plinth("preview", stack);
        expect(all).to.include("other@example.org");
        const changes = await launch();
        // The three services that have it: what is done once has a new name for its sign.
        expect(changes["update"]).to.equal(3);
        expect(changes["create"]).to.equal(1);
        expect(changes["delete"]).to.equal(1);
        expect(await identities("deployments,statefulsets,persistentvolumeclaims,secrets")).to.deep.equal(before);
    });
    it("lose a service that the file does not have any more, with a word if it has data", async () => {
        const claims = await identities("persistentvolumeclaims");
        const restore = edit("    worker:\n", "    worker:\n        profiles: [later]\n");
        await launch();
        expect(await names("deployments")).not.to.include("worker");
        expect(await identities("persistentvolumeclaims")).to.deep.equal(claims);
        restore();
        const whole = edit("db-data:/var/lib/postgresql/data", "db-rows:/var/lib/postgresql/data");
        const named = edit("db-data: {", "db-rows: {");
        const refused = await project.plinth("launch", stack);
        expect(refused.code).to.equal(1);
        expect(refused.all).to.include("persistentvolumeclaim/compose-board/db-data");
        named();
        whole();
        await launch();
        expect(await names("deployments")).to.include("worker");
    });
    it("are refused as a whole with a mistake in one file, and nothing changes", async () => {
        const restore = edit("web.ini:/etc", "gone.d/web.ini:/etc");
        const wrong = edit("stop_grace_period: 45s", "stop_grace_periode: 45s");
        const refused = await project.plinth("launch", stack);
        expect(refused.code).to.equal(1);
        expect(refused.all).to.match(/compose\.yaml:\d+:\d+: services\.web\.stop_grace_periode: is no key here/);
        wrong();
        restore();
        expect(Object.keys(await launch())).to.deep.equal(["same"]);
    });
    it("come back from removal with their data and passwords", async () => {
        const kept = await identities("persistentvolumeclaims,secrets");
        write({ state: "removed" });
        await launch();
        expect(await names("deployments,statefulsets,services")).to.deep.equal([]);
        const meanwhile = await identities("persistentvolumeclaims,secrets");
        expect(Object.keys(meanwhile)).to.include.members(["db-data", "uploads", "db-env"]);
        write();
        await launch();
        expect(await identities("persistentvolumeclaims,secrets")).to.deep.equal(kept);
        expect(await image("web")).to.equal("registry.example.org/board:4.2");
    });
});
