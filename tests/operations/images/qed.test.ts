import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { ConfigError } from "../../../config/problems";
import { bake, builtImages, imagesOf, type StackImages } from "../../../operations/images/images";
import { loaderFor } from "../../../operations/images/localCluster";
import { mirrored } from "../../../operations/images/mirror";
import { kubectlOn } from "../../../operations/cluster/kubectl";
import { Session } from "../../../operations/session";
import { changeEnvironment } from "../../support/environment";
import { write } from "../../support/files";
import { StandIns } from "../../support/standIns";
import { scratch } from "../../support/tools";

const files = {
    "flask_qed/Dockerfile": "FROM quanted/qed_py3:mc3.8_3.1.4\n",
    "qed/Dask_Dockerfile": "FROM daskdev/dask\n",
};
const builds = { "qed-flask": { context: "flask_qed" }, dask: { context: "./qed", dockerfile: "Dask_Dockerfile" } };

describe("QED's own images", function () {
    this.timeout(60_000);
    let folder: ReturnType<typeof scratch>;
    let tools: StandIns;
    let restore: () => void;
    beforeEach(() => {
        folder = scratch();
        write(folder.path, files);
        tools = new StandIns(folder.path, ["REGISTRY"]);
        tools.add("docker");
        restore = changeEnvironment({ PATH: tools.path });
    });
    afterEach(() => {
        restore();
        folder.clean();
    });

    /** The images of a stack with one instance. */
    const stackWith = (instance: object, values: object = {}, stack = "dev"): Promise<StackImages> => {
        const config = {
            ...(stack === "dev" ? {} : { "plinth:cluster": { context: "production" } }),
            ...values,
            "plinth:instances": {
                qed: { platform: "qed", host: "qed.example.org", sharedFiles: "oneNode", ...instance },
            },
        };
        writeFileSync(join(folder.path, `Pulumi.${stack}.yaml`), JSON.stringify({ config }));
        return imagesOf(new Session(stack, { folder: folder.path }));
    };
    const referenceOf = ({ used }: StackImages, name: string): string =>
        used.find((image) => image.name === name)!.reference;
    const problems = async (...args: Parameters<typeof stackWith>): Promise<string> => {
        try {
            await stackWith(...args);
            return "";
        } catch (error) {
            if (!(error instanceof ConfigError)) throw error;
            return error.problems.map(({ path, message }) => `${path}: ${message}`).join("\n");
        }
    };

    it("are published ones, of which none is built, unless the file says where their repositories are", async () => {
        const published = await stackWith({});
        expect(builtImages(published)).to.deep.equal([]);
        expect(referenceOf(published, "qed-flask")).to.equal("docker.io/quanted/flask_qed:dev_kube");
        expect(await bake(published, { push: false })).to.deep.equal([]);
        expect(tools.calls()).to.deep.equal([]);
    });
    it("are built from the Dockerfiles there, under the names that pods pull", async () => {
        const stack = await stackWith({ builds });
        const flask = referenceOf(stack, "qed-flask");
        expect(flask).to.match(/^localhost:5000\/plinth\/qed-flask:0-[0-9a-f]{10}$/);
        await bake(stack, { push: false });
        const [call] = tools.calls();
        const [, definition] = / --file (\S+\.json) /.exec(call!)!;
        expect(call).to.match(/ --load .* dask-\S+ qed-flask-\S+$/);
        const { target } = JSON.parse(readFileSync(join(__dirname, "..", "..", "..", definition!), "utf8")) as {
            target: Record<string, object>;
        };
        expect(Object.values(target)).to.have.deep.members([
            { context: join(folder.path, "flask_qed"), args: {}, tags: [flask] },
            {
                context: join(folder.path, "qed"),
                dockerfile: "Dask_Dockerfile",
                args: {},
                tags: [referenceOf(stack, "dask")],
            },
        ]);
        // The worker runs Flask's image, and dask's scheduler that of its workers.
        const pods = JSON.stringify(stack.rendering.objects);
        expect(pods.split(`"image":"${flask}"`).length - 1).to.equal(2);
        expect(pods.split(`"image":"${referenceOf(stack, "dask")}"`).length - 1).to.equal(2);
    });
    it("are pushed to the stack's registry, and loaded into a local cluster", async () => {
        const elsewhere = { "plinth:images": { registry: "registry.example.org/qed" } };
        const stack = await stackWith({ builds }, elsewhere, "production");
        const pushed = await bake(stack, { only: ["qed-flask"], push: true });
        expect(pushed.map(({ reference }) => reference)).to.deep.equal([referenceOf(stack, "qed-flask")]);
        expect(referenceOf(stack, "qed-flask")).to.match(/^registry\.example\.org\/qed\/qed-flask:0-/);
        expect(tools.calls()[0]).to.include(" --push ");
        tools.add("minikube");
        const local = await stackWith({ builds });
        const loader = loaderFor(
            { name: "minikube", server: "https://127.0.0.1:6443" },
            {
                config: () => local.config,
                kubectl: () => Promise.resolve(kubectlOn(local.config, { command: "kubectl", args: [] })),
            },
        );
        await loader.load(builtImages(local));
        expect(tools.calls().filter((call) => call.includes("minikube"))).to.have.members(
            ["qed-flask", "dask"].map((name) => `minikube image load ${referenceOf(local, name)} --profile minikube`),
        );
    });
    it("have another tag when the Dockerfile or an argument changes, and take every value as it is", async () => {
        const tag = async (more: object = {}) =>
            referenceOf(await stackWith({ builds: { "qed-flask": { context: "flask_qed", ...more } } }), "qed-flask");
        const first = await tag();
        expect(await tag()).to.equal(first);
        const argument = await tag({ args: { version: "${dev} %{x}" } });
        expect(argument).not.to.equal(first);
        await bake(
            await stackWith({ builds: { "qed-flask": { context: "flask_qed", args: { version: "${dev} %{x}" } } } }),
            { push: false },
        );
        const [, definition] = / --file (\S+\.json) /.exec(tools.calls().at(-1)!)!;
        // Bake would look for a variable.
        expect(readFileSync(join(__dirname, "..", "..", "..", definition!), "utf8")).to.include('"$${dev} %%{x}"');
        write(folder.path, { "flask_qed/Dockerfile": "FROM quanted/qed_py3:mc3.9\n" });
        expect(await tag()).not.to.equal(first);
    });
    it("are refused, with the key, where they cannot be built or pulled", async () => {
        expect(await problems({ builds: { "qed-flask": { context: "gone" } } })).to.equal(
            `plinth:instances.qed.builds.qed-flask.context: ${join(folder.path, "gone")} does not exist; create it, or set images.qed-flask to an image of a registry`,
        );
        expect(await problems({ builds: { dask: { context: "qed" } } })).to.equal(
            `plinth:instances.qed.builds.dask: ${join(folder.path, "qed")} has no Dockerfile; create it, or set images.dask to an image of a registry`,
        );
        expect(await problems({ builds }, {}, "production")).to.match(
            /builds\.qed-flask: is built here, and the cluster cannot pull it from localhost:5000\/plinth: set plinth:images\.registry/,
        );
        expect(await problems({ builds: { "celery-flower": { context: "flask_qed" } } })).to.match(
            /builds\.celery-flower: unknown key.*allowed: .*qed-flask/,
        );
        const own = { builds: { dask: { context: "gone" } }, images: { dask: "registry.example.org/dask:1" } };
        expect(builtImages(await stackWith(own))).to.deep.equal([]);
        expect(await problems({ builds: { dask: { context: "https://github.com/quanted/qed.git#dev" } } })).to.equal(
            "",
        );
    });
    it("of others are copied to the mirrors of the stack, those that are built here are not", async () => {
        const mirror = { "docker.io": "localhost:5000/hub", "ghcr.io": "localhost:5000/ghcr" };
        const copies = mirrored(await stackWith({ builds }, { "plinth:images": { mirror } }));
        expect(copies).to.deep.include.members([
            { from: "docker.io/mher/flower:2.0.1", to: "localhost:5000/hub/mher/flower:2.0.1" },
            { from: "docker.io/postgis/postgis:17-3.5", to: "localhost:5000/hub/postgis/postgis:17-3.5" },
            { from: "ghcr.io/quanted/cts-celery:dev", to: "localhost:5000/ghcr/quanted/cts-celery:dev" },
            { from: "ghcr.io/quanted/hms:dev", to: "localhost:5000/ghcr/quanted/hms:dev" },
        ]);
        expect(JSON.stringify(copies)).not.to.contain("flask").and.not.contain("hms-dask");
    });
});
