import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { type ControlPlane, controlPlane } from "../support/controlPlane";
import { Project, type Ran } from "../support/project";
import { optionalProgram } from "../support/tools";

const stack = "campus";
const namespace = "openedx";

interface Live {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly uid: string; readonly creationTimestamp: string };
    readonly data?: Readonly<Record<string, string>>;
    readonly status?: { readonly completionTime?: string };
    readonly spec?: {
        readonly template?: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
    };
}

describe("the life of an Open edX with the real engine on a real API server", function () {
    this.timeout(900_000);
    let cluster: ControlPlane;
    let project: Project;
    before(async function () {
        const reason = "that Open edX is deployed, stopped, brought back and upgraded is seen";
        optionalProgram(this, "pulumi", reason);
        optionalProgram(this, "pulumi-resource-tls", reason);
        cluster = await controlPlane(this);
        project = new Project(cluster);
        project.write(stack, {
            "plinth:cluster": { context: cluster.context ?? "plinth-sandbox", loadBalancer: false, metrics: false },
            "plinth:protect": true,
            "plinth:instances": {
                openedx: {
                    platform: "openedx",
                    host: "learn.example.org",
                    platformName: "Example",
                    edge: { type: "ClusterIP", publicAddress: "192.0.2.1" },
                    tls: { mode: "internal" },
                },
            },
        });
    });
    after(() => project?.clean());

    const succeeded = (ran: Ran): Ran => {
        expect(ran.code, ran.all).to.equal(0);
        return ran;
    };
    const plinth = async (...args: string[]) => succeeded(await project.plinth(...args));
    const objects = async (kinds: string): Promise<Live[]> =>
        (await cluster.json<{ items: Live[] }>(["get", kinds, "--namespace", namespace])).items;
    const named = async (kinds: string, name: RegExp): Promise<Live> => {
        const all = await objects(kinds);
        const found = all.find(({ metadata }) => name.test(metadata.name));
        expect(found, `${name} among ${all.map(({ metadata }) => metadata.name).join(", ")}`).not.to.equal(undefined);
        return found!;
    };
    const uids = async (kinds: string) =>
        Object.fromEntries(
            (await objects(kinds)).map(({ kind, metadata }) => [`${kind}/${metadata.name}`, metadata.uid]),
        );
    /** The LMS's own settings, as it reads them. */
    const settings = async () => {
        const { data } = await named("secrets", /^openedx-config$/);
        return parse(Buffer.from(data!["lms.env.yml"]!, "base64").toString()) as {
            readonly SECRET_KEY: string;
            readonly JWT_AUTH: Readonly<Record<string, string>>;
        };
    };

    it("is deployed at once, with keys that the engine has made, and nothing changes in a second run", async () => {
        await plinth("launch", stack);
        const { JWT_AUTH } = await settings();
        const { keys } = JSON.parse(JWT_AUTH["JWT_PUBLIC_SIGNING_JWK_SET"]!) as { keys: readonly [object] };
        expect(createPublicKey({ key: keys[0] as never, format: "jwk" }).asymmetricKeyDetails!.modulusLength).to.equal(
            2048,
        );
        const before = await uids("deployments,statefulsets,jobs,configmaps,secrets,persistentvolumeclaims");
        const { all } = await plinth("launch", stack);
        expect(all).to.match(/^ +\d+ unchanged$/m);
        expect(await uids("deployments,statefulsets,jobs,configmaps,secrets,persistentvolumeclaims")).to.deep.equal(
            before,
        );
    });

    it("rolls the applications for a new setting, after the Task has run again, and leaves all servers alone", async () => {
        const before = await uids("statefulsets,persistentvolumeclaims");
        const task = await named("jobs", /^migrate-/);
        project.edit(`Pulumi.${stack}.yaml`, "platformName: Example", "platformName: Example University");
        await plinth("launch", stack);
        const again = await named("jobs", /^migrate-/);
        expect(again.metadata.name).not.to.equal(task.metadata.name);
        expect(again.status?.completionTime).to.be.a("string");
        expect(await uids("statefulsets,persistentvolumeclaims")).to.deep.equal(before);
    });

    it("keeps volumes, passwords and keys when it is stopped and when it is removed, and finds them again", async () => {
        const [volumes, before] = [await uids("persistentvolumeclaims"), await settings()];
        await plinth("stop", stack, "openedx");
        expect(await objects("deployments,statefulsets")).to.deep.equal([]);
        await plinth("start", stack, "openedx");
        project.edit(`Pulumi.${stack}.yaml`, "state: running", "state: removed");
        await plinth("launch", stack);
        expect(await uids("persistentvolumeclaims")).to.deep.equal(volumes);
        project.edit(`Pulumi.${stack}.yaml`, "state: removed", "state: running");
        await plinth("launch", stack);
        expect(await uids("persistentvolumeclaims")).to.deep.equal(volumes);
        expect(await settings()).to.deep.equal(before);
    });

    it("migrates with a new image before anything serves with it", async () => {
        const image = "registry.example.org/openedx:22.0.4";
        await plinth("images", "set", "openedx", `openedx=${image}`, stack);
        await plinth("launch", stack);
        const task = await named("jobs", /^migrate-/);
        const imageOf = ({ spec }: Live) => spec!.template!.spec.containers[0]!.image;
        expect(imageOf(task)).to.equal(image);
        expect(imageOf(await named("deployments", /^lms$/))).to.equal(image);
        const { items } = await cluster.json<{ items: Live[] }>(["get", "replicasets", "--namespace", namespace]);
        const fresh = items.find((set) => /^lms-[^w]/.test(set.metadata.name) && imageOf(set) === image)!;
        expect(Date.parse(fresh.metadata.creationTimestamp)).to.be.at.least(Date.parse(task.status!.completionTime!));
    });

    it("refuses another release until it is named, by launch, by preview and by the engine alone", async () => {
        const kinds = "deployments,statefulsets,cronjobs,jobs,secrets,configmaps";
        const versions = async () =>
            (
                await cluster.json<{ items: { metadata: { resourceVersion: string; generation?: number } }[] }>([
                    "get",
                    kinds,
                    "--namespace",
                    namespace,
                ])
            ).items.map(({ metadata }) => metadata.generation ?? metadata.resourceVersion);
        const refused = async (...words: readonly string[]) => {
            const before = await versions();
            for (const run of [
                () => project.plinth("launch", stack),
                () => project.plinth("preview", stack),
                () => project.pulumi("up", "--yes", "--stack", stack),
            ]) {
                const { code, all } = await run();
                expect(code, all).not.to.equal(0);
                for (const word of words) expect(all.replace(/\s+/g, " ")).to.include(word);
            }
            expect(await versions()).to.deep.equal(before);
        };
        const use = (release: string, upgradeFrom?: string) => {
            const { config } = parse(readFileSync(join(project.path, `Pulumi.${stack}.yaml`), "utf8")) as {
                config: { "plinth:instances": { openedx: Record<string, unknown> } };
            };
            const images = { openedx: `registry.example.org/openedx:${release}`, mfe: "registry.example.org/mfe:1" };
            Object.assign(config["plinth:instances"].openedx, { images, upgradeFrom });
            project.write(stack, config);
        };
        use("23.0.0");
        await refused('plinth:instances.openedx.upgradeFrom to "openedx 22"', "nothing was changed");
        // Without a preview some objects are changed before the release is refused. The way back is open all the same.
        const { code, all } = await project.pulumi("up", "--yes", "--skip-preview", "--stack", stack);
        expect(code, all).not.to.equal(0);
        use("22.0.4");
        await plinth("launch", stack);
        use("24.0.0", "openedx 22");
        await refused("allowed: 22, or 23 with upgradeFrom: openedx 22");
        use("23.0.0", "openedx 22");
        await plinth("launch", stack);
        expect((await named("deployments", /^lms$/)).spec!.template!.spec.containers[0]!.image).to.match(/:23\.0\.0$/);
        use("23.0.0");
        await plinth("launch", stack);
        use("22.0.4");
        await refused("Restore a backup that was made with 22");
    });
});
