import { isDeepStrictEqual } from "node:util";
import { expect } from "chai";
import { type ControlPlane, controlPlane } from "../support/controlPlane";
import { Project, type Ran } from "../support/project";
import { optionalProgram } from "../support/tools";

const stack = "science";
const claims = [
    "app-data",
    "collected-static",
    "hms-app-data",
    "hms-data",
    "mongodb",
    "postgres",
    "qed-basins",
    "redis",
];

interface Live {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly uid: string };
    readonly spec: { readonly template?: unknown };
}

describe("the switches of QED with the real engine on a real API server", function () {
    this.timeout(900_000);
    let cluster: ControlPlane;
    let project: Project;
    before(async function () {
        optionalProgram(this, "pulumi", "that services of QED come and go without touching the others' data is seen");
        cluster = await controlPlane(this);
        project = new Project(cluster);
        project.write(stack, {
            "plinth:cluster": { context: cluster.context ?? "plinth-sandbox", loadBalancer: false },
            "plinth:protect": true,
            "plinth:instances": {
                qed: {
                    platform: "qed",
                    host: "qed.example.org",
                    namespace: "qed-engine",
                    sharedFiles: "oneNode",
                    edge: { type: "ClusterIP", publicAddress: "192.0.2.1" },
                    services: { redis: true, "celery-flower": true },
                    flask: { runtime: { environment: "pyenv" } },
                },
            },
        });
    });
    after(() => project?.clean());

    const succeeded = (ran: Ran): Ran => {
        expect(ran.code, ran.all).to.equal(0);
        return ran;
    };
    const launch = async () => succeeded(await project.plinth("launch", stack));
    const live = async (kinds: string) =>
        (await cluster.json<{ items: Live[] }>(["get", kinds, "--namespace", "qed-engine"])).items;
    const names = async (kinds: string) => (await live(kinds)).map(({ metadata }) => metadata.name).sort();
    const uids = async () =>
        Object.fromEntries(
            (await live("persistentvolumeclaims,secrets")).map(({ metadata }) => [metadata.name, metadata.uid]),
        );
    const templates = async () =>
        Object.fromEntries((await live("deployments")).map(({ metadata, spec }) => [metadata.name, spec.template]));
    const edit = (from: string, to: string) => project.edit(`Pulumi.${stack}.yaml`, from, to);

    it("launches everything, and a second launch changes nothing", async () => {
        await launch();
        expect(await names("statefulsets")).to.deep.equal(["mongodb", "postgres"]);
        expect(await names("persistentvolumeclaims")).to.include.members(claims);
        const { all } = succeeded(await project.plinth("preview", stack));
        expect(all).not.to.match(/\b(create|update|replace|delete)d?\b.*kubernetes:/);
        succeeded(await project.plinth("drift", stack));
    });

    it("takes a queue's workers away with it, and leaves what others have", async () => {
        const before = await uids();
        const running = await templates();
        edit("redis: true", "redis: false");
        const refused = await project.plinth("launch", stack);
        expect(refused.code).to.equal(1);
        expect(refused.all).to.include("persistentvolumeclaim/qed-engine/redis");
        edit("redis: false", "redis: true");
        edit("celery-flower: true", "celery-flower: false");
        await launch();
        expect(await names("deployments")).not.to.include("celery-flower");
        const after = await templates();
        expect(after["qed-celery"]).to.deep.equal(running["qed-celery"]);
        expect(await uids()).to.deep.equal(
            Object.fromEntries(Object.entries(before).filter(([name]) => name !== "celery-flower")),
        );
    });

    it("rolls the pods that have a changed value, and no others", async () => {
        const [before, running] = [await uids(), await templates()];
        edit("environment: pyenv", "environment: models");
        await launch();
        const after = await templates();
        const changed = Object.keys(after).filter((name) => !isDeepStrictEqual(after[name], running[name]));
        expect(changed).to.have.members(["qed-flask", "qed-celery"]);
        expect(Object.keys(after)).to.have.members(Object.keys(running));
        expect(await uids()).to.deep.equal(before);
    });

    it("removes the suite, and brings it back with the same volumes and passwords", async () => {
        const [before, running] = [await uids(), await templates()];
        succeeded(await project.plinth("instance", "remove", "qed", stack, "--yes", "qed"));
        expect(await names("deployments,statefulsets,cronjobs,jobs,services")).to.deep.equal([]);
        expect(await uids()).to.deep.equal(before);
        succeeded(await project.plinth("start", stack, "qed"));
        expect(await names("statefulsets")).to.deep.equal(["mongodb", "postgres"]);
        expect(Object.keys(await templates())).to.have.members(Object.keys(running));
        expect(await uids()).to.deep.equal(before);
    });
});
