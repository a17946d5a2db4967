import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { execa } from "execa";
import { parse } from "yaml";
import { type ControlPlane, controlPlane } from "../support/controlPlane";
import { Project, type Ran } from "../support/project";
import { optionalProgram, pythonProgram, scratch } from "../support/tools";

const stack = "campus";
/** Another one than the instance's name would give. */
const namespace = "learning";
const claims = ["caddy", "meilisearch", "minio", "mongodb", "mysql", "redis"];
const adopted = ["minio", "mongodb", "mysql"];

interface Claim {
    readonly metadata: { readonly name: string; readonly uid: string; readonly labels: Record<string, string> };
    readonly spec: { readonly volumeName?: string };
    readonly status: { readonly phase: string };
}

/**
 * The objects of a platform of Tutor, applied as `tutor k8s start` applies them, then taken over. No container runs
 * here: whether the servers open the data is a matter of the checks in their pods.
 */
describe("taking over the claims of Tutor with the real engine", function () {
    this.timeout(900_000);
    const folder = scratch();
    const root = join(folder.path, "tutor");
    let tutor: string;
    let cluster: ControlPlane;
    let project: Project;

    const withTutor = (...args: string[]) =>
        execa(tutor, args, {
            env: {
                HOME: folder.path,
                TUTOR_ROOT: root,
                TUTOR_PLUGINS_ROOT: join(folder.path, "plugins"),
            },
        });
    /** The namespace first, then all but Jobs. */
    const applyTutor = async () => {
        for (const selector of ["=namespace", " notin (job,namespace)"])
            await cluster.kubectl(
                ["apply", "--kustomize", join(root, "env"), "--selector"].concat(
                    `app.kubernetes.io/component${selector}`,
                ),
            );
        await cluster.kubectl([
            "wait",
            "--for=condition=Available",
            "deployments",
            "--all",
            ...there,
            "--timeout=120s",
        ]);
    };
    const there = ["--namespace", namespace];
    /** What `tutor k8s stop` deletes. */
    const stopTutor = () =>
        cluster.kubectl([
            ...["delete", "deployments,services,configmaps,jobs", ...there, "--selector"],
            "app.kubernetes.io/managed-by=tutor,app.kubernetes.io/component!=loadbalancer",
        ]);
    const found = async (): Promise<Record<string, Claim>> => {
        const { items } = await cluster.json<{ items: Claim[] }>(["get", "persistentvolumeclaims", ...there]);
        return Object.fromEntries(items.map((claim) => [claim.metadata.name, claim]));
    };
    const identities = async () =>
        Object.entries(await found())
            .filter(([name]) => claims.includes(name))
            .map(([name, { metadata, spec }]) => [name, metadata.uid, spec.volumeName]);
    const names = async (kinds: string) =>
        (await cluster.kubectl(["get", kinds, ...there, "--output", "name"])).stdout.split("\n").sort();
    const succeeded = (ran: Ran): Ran => {
        expect(ran.code, ran.all).to.equal(0);
        return ran;
    };
    const refused = async (words: readonly string[], ...args: string[]) => {
        const before = [await identities(), await names("deployments,statefulsets,services,secrets")];
        const { code, all } = await project.plinth("launch", stack, ...args);
        expect(code, all).to.equal(1);
        for (const word of ["Nothing was changed", ...words]) expect(all).to.include(word);
        expect([await identities(), await names("deployments,statefulsets,services,secrets")]).to.deep.equal(before);
        return all;
    };
    const instances = () => {
        const { config } = parse(readFileSync(join(project.path, `Pulumi.${stack}.yaml`), "utf8")) as {
            config: Record<string, Record<string, Record<string, never>>>;
        };
        return config;
    };
    /** With changes to the imported instance. @returns what undoes them */
    const change = (from: string, to: string) => project.edit(`Pulumi.${stack}.yaml`, from, to);

    let former: unknown;
    before(async function () {
        const reason = "that claims of Tutor are taken over is seen";
        optionalProgram(this, "pulumi", reason);
        optionalProgram(this, "pulumi-resource-tls", reason);
        tutor = await pythonProgram(this, "tutor");
        cluster = await controlPlane(this);
        this.timeout(900_000);
        project = new Project(cluster);
        mkdirSync(root);
        writeFileSync(join(root, "config.yml"), JSON.stringify({ PLUGINS: ["mfe", "minio"] }));
        const set = { LMS_HOST: "learn.example.org", K8S_NAMESPACE: namespace };
        await withTutor(
            "config",
            "save",
            ...Object.entries(set).flatMap(([name, value]) => ["--set", `${name}=${value}`]),
        );
        await applyTutor();
        project.write(stack, {
            "plinth:cluster": { context: cluster.context ?? "plinth-sandbox", loadBalancer: false, metrics: false },
            "plinth:protect": true,
            "plinth:defaults": { edge: { type: "ClusterIP", publicAddress: "192.0.2.1" } },
            "plinth:instances": {},
        });
    });
    after(async () => {
        project?.clean();
        folder.clean();
        await cluster?.kubectl(["delete", "namespace", namespace, "--ignore-not-found", "--wait=false"]);
    });

    it("refuses the root of an older Tutor", async () => {
        const version = join(root, "env", "version");
        const kept = readFileSync(version, "utf8");
        writeFileSync(version, "21.0.9\n");
        const { code, all } = await project.plinth("import", "tutor", root, "--name", "openedx", "--stack", stack);
        writeFileSync(version, kept);
        expect(code, all).to.equal(1);
        expect(all).to.include("Nothing was changed").and.include("is of Tutor 21.0.9; allowed: 22");
        expect(instances()["plinth:instances"]).to.deep.equal({});
    });

    it("describes the platform, with the claims that hold data and the image of its MinIO", async () => {
        const { all } = succeeded(await project.plinth("import", "tutor", root, "--name", "openedx", "--stack", stack));
        expect(all).to.include("policy of the bucket openedx");
        expect(instances()["plinth:instances"]!["openedx"]).to.deep.include({
            namespace,
            objectStorage: { topology: "single", engine: "minio", publicHost: "files.learn.example.org" },
            volumes: Object.fromEntries(
                Object.entries({ database: "mysql", documents: "mongodb", storage: "minio" }).map(([volume, claim]) => [
                    volume,
                    { claim, path: ".", size: "5Gi" },
                ]),
            ),
        });
        former = await identities();
        expect(former).to.have.length(claims.length);
    });

    it("takes nothing over unasked, nor while Tutor's servers have the volumes", async () => {
        const { code, all } = await project.plinth("launch", stack);
        expect(code, all).not.to.equal(0);
        expect(await identities()).to.deep.equal(former);
        expect(await names("statefulsets")).to.deep.equal([""]);
        const said = await refused(
            [
                ...["mysql", "mongodb", "minio", "redis"].map(
                    (name) =>
                        `deployment/${namespace}/${name} is still running: kubectl --namespace ${namespace} scale deployment ${name} --replicas 0`,
                ),
                `kubectl --namespace ${namespace} delete deployment lms`,
                `kubectl --namespace ${namespace} delete service lms`,
                "tutor k8s stop",
            ],
            "--adopt",
            namespace,
        );
        // One line for each: neither pods that end with their Deployment, nor two ways to stop one.
        expect(said).not.to.include(`pod/${namespace}/`).and.not.to.include("scale deployment lms ");
        await refused([`--adopt openedx: not something that this stack can adopt`], "--adopt", "openedx");
    });

    it("refuses a server that has come back between the steps", async () => {
        await stopTutor();
        await cluster.kubectl(["wait", "pods", "--all", "--for=delete", ...there, "--timeout", "120s"]);
        await cluster.kubectl([
            "apply",
            "--kustomize",
            join(root, "env"),
            "--selector",
            "app.kubernetes.io/name=mysql",
        ]);
        await refused([`deployment/${namespace}/mysql is still running`], "--adopt", namespace);
        await cluster.kubectl(["delete", "deployment,service", "mysql", ...there]);
        await cluster.kubectl(["wait", "pods", "--all", "--for=delete", ...there, "--timeout", "120s"]);
    });

    it("names claims that are missing, and another namespace than Tutor's", async () => {
        let undo = change("claim: mongodb", "claim: mongo");
        await refused(
            [`plinth:instances.openedx.volumes.documents.claim: the namespace ${namespace} has no claim "mongo"`],
            ...["--adopt", namespace],
        );
        undo();
        undo = change(`namespace: ${namespace}`, "namespace: elsewhere");
        const missing = ["mysql", "mongodb", "minio"].map((name) => `the namespace elsewhere has no claim "${name}"`);
        await refused(missing, "--adopt", "elsewhere");
        await refused([`--adopt ${namespace}: not something`], "--adopt", namespace);
        undo();
    });

    it("takes over the claims that hold data, with their volumes, although it is killed meanwhile", async () => {
        const preview = succeeded(await project.plinth("preview", stack, "--adopt", namespace));
        for (const name of adopted)
            expect(preview.all).to.match(new RegExp(`persistentvolumeclaim/${namespace}/${name}: 5Gi, volume \\S+`));
        const run = project.start(["launch", stack, "--adopt", namespace]);
        for (let tries = 0; tries < 1200; tries += 1) {
            if ((await found())["mysql"]!.metadata.labels["plinth.dev/stack"]) break;
            await sleep(100);
        }
        await project.kill(run);
        expect(await identities()).to.deep.equal(former);
        const { code, all } = await project.plinth("launch", stack, "--adopt", namespace);
        expect(code, all).to.equal(1);
        expect(all).to.include("--recover");
        succeeded(await project.plinth("launch", stack, "--recover", "--adopt", namespace));
        expect(await identities()).to.deep.equal(former);
        const now = await found();
        for (const name of claims)
            expect(now[name]!.metadata.labels["plinth.dev/stack"], name).to.equal(
                adopted.includes(name) ? `plinth.${stack}` : undefined,
            );
        expect(Object.keys(now)).to.include.members(["broker", "cache"]).and.not.to.include("storage");
    });

    it("changes nothing when it is repeated, and leaves the rest of Tutor alone", async () => {
        for (const args of [["--adopt", namespace], []]) {
            const { all } = succeeded(await project.plinth("launch", stack, ...args));
            expect(all)
                .to.match(/^ +\d+ unchanged$/m)
                .and.not.to.include("Adopted:");
        }
        expect(await identities()).to.deep.equal(former);
        expect(await names("services")).to.include("service/caddy");
    });

    it("starts the servers on the former data, as their own checks see them", async () => {
        const pod = async (kind: string, name: string) => {
            const { spec } = await cluster.json<{ spec: { template: { spec: Pods } } }>(["get", kind, name, ...there]);
            return spec.template.spec;
        };
        const storage = await pod("deployment", "storage");
        expect(storage.containers[0]!.args.slice(0, 2)).to.deep.equal(["server", "/data"]);
        expect(storage.containers[0]!.image).to.match(/minio:RELEASE\.2022-03-26/);
        for (const [kind, name, first, data] of [
            ["statefulset", "database", "check-volume", "."],
            ["deployment", "storage", "check-volume", "/data"],
        ] as const) {
            const check = (await pod(kind, name)).initContainers.find((one) => one.name === first)!;
            expect(Object.fromEntries(check.env.map(({ name: key, value }) => [key, value]))).to.deep.include({
                DATA: data,
                KEY: `plinth:instances.openedx.volumes.${name}`,
            });
        }
    });
});

interface Pods {
    readonly initContainers: readonly { readonly name: string; readonly env: { name: string; value: string }[] }[];
    readonly containers: readonly { readonly image: string; readonly args: string[] }[];
}
