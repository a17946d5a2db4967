import { expect } from "chai";
import { stringify } from "yaml";
import { type ControlPlane, controlPlane } from "../support/controlPlane";
import { Project, shopIn } from "../support/project";
import { optionalProgram } from "../support/tools";

const stack = "others";
const namespace = "others-shop";
const vault = "others-vault";

describe("a cluster with rules and Secrets of others, with the real engine", function () {
    this.timeout(900_000);
    let cluster: ControlPlane;
    let project: Project;
    const write = (cluster_: object, secretsFrom: object = {}, instance: object = {}) =>
        project.write(stack, {
            "plinth:cluster": { context: cluster.context ?? "plinth-sandbox", ...cluster_ },
            "plinth:protect": false,
            "plinth:secretsFrom": secretsFrom,
            "plinth:instances": { shop: { ...shopIn(namespace), labels: { team: "shop" }, ...instance } },
        });
    const apply = (...objects: object[]) =>
        cluster.kubectl(["apply", "--filename", "-"], objects.map((object) => `---\n${stringify(object)}`).join(""));
    const secret = (password: string) => ({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "shop-db", namespace: vault },
        stringData: { password },
    });
    const decoded = async (name: string, key: string) => {
        const { data } = await cluster.json<{ data: Record<string, string> }>([
            ...["get", "secret", name, "--namespace", namespace],
        ]);
        return Buffer.from(data[key]!, "base64").toString();
    };

    before(async function () {
        optionalProgram(this, "pulumi", "the engine reads Secrets, and creates the namespace first");
        cluster = await controlPlane(this);
        project = new Project(cluster);
        await cluster.kubectl(["create", "namespace", vault]);
    });
    after(async () => {
        project?.clean();
        if (cluster) await cluster.kubectl(["delete", "namespace", namespace, vault, "--ignore-not-found"]);
    });

    it("is asked in the new namespace before anything else is created there", async () => {
        // A rule of the server's own. Policies of others may exempt the pods of a controller, and are warnings.
        const patch = { spec: { template: { spec: { hostNetwork: true } } } };
        write({}, {}, { patches: [{ kind: "Deployment", name: "frontend", patch }] });
        const refused = await project.plinth("launch", stack);
        expect(refused.code, refused.all).to.equal(1);
        expect(refused.all).to.include("violates PodSecurity").and.include(`./plinth launch ${stack}`);
        const { items } = await cluster.json<{ items: object[] }>(["get", "all", "--namespace", namespace]);
        expect(items).to.deep.equal([]);
    });

    it("gives a password from a Secret, and a changed one at the next launch", async () => {
        await apply(secret("of-the-vault-1"));
        write(
            { cpuLimits: true },
            { shop: { databasePassword: { secret: "shop-db", key: "password", namespace: vault } } },
        );
        const first = await project.plinth("launch", stack);
        expect(first.code, first.all).to.equal(0);
        expect(await decoded("database", "password")).to.equal("of-the-vault-1");
        await apply(secret("of-the-vault-2"));
        const second = await project.plinth("launch", stack);
        expect(second.code, second.all).to.equal(0);
        expect(await decoded("database", "password")).to.equal("of-the-vault-2");
        expect(first.all + second.all).not.to.include("of-the-vault");
        // The engine only reads it.
        const { stdout } = await cluster.kubectl([
            "get",
            "secret",
            "shop-db",
            "--namespace",
            vault,
            "--output",
            "yaml",
        ]);
        expect(stdout).not.to.include("plinth.dev");
    });
});
