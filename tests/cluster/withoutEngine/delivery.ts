import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse, parseAllDocuments, stringify } from "yaml";
import { streamOf } from "../../../operations/render/manifests";
import { type RenderedObject, renderStack } from "../../../operations/render/rendering";
import { type ControlPlane, controlPlane } from "../../support/controlPlane";
import { Project } from "../../support/project";
import { optionalProgram } from "../../support/tools";

const stack = "delivered";
const namespace = "plinth-delivered";
const account = `plinth-${stack}`;
/** A line of a stack trace. */
const traced = /^\s+at .*:\d+:\d+\)?$/m;

/** Every kind that components create, and a volume, which has no namespace. */
const instance = {
    platform: "opencart",
    host: "shop.example.org",
    namespace: { name: namespace, create: false },
    size: "medium",
    sharedFiles: "oneNode",
    edge: { type: "Ingress", className: "nginx" },
    replicas: { frontend: { min: 2, max: 3 } },
    quota: { pods: "50" },
    limitRange: { cpu: "100m", memory: "256Mi" },
    extraObjects: [
        {
            apiVersion: "v1",
            kind: "PersistentVolume",
            metadata: { name: "plinth-delivered-files" },
            spec: {
                capacity: { storage: "1Gi" },
                accessModes: ["ReadWriteOnce"],
                nfs: { server: "nfs.example.org", path: "/files" },
            },
        },
    ],
};

describe("continuous delivery, on a control plane", function () {
    this.timeout(300_000);
    let cluster: ControlPlane;
    let project: Project;

    before(async function () {
        cluster = await controlPlane(this);
        project = new Project(cluster);
        write();
        // One-time setup by an administrator: the namespace and the accounts.
        await cluster.kubectl(["create", "namespace", namespace]);
        for (const kind of [[], ["--preview-only"]]) {
            const { out, code, all } = await project.plinth("rbac", stack, ...kind);
            expect(code, all).to.equal(0);
            rights.push(...parseAllDocuments(out).map((document) => document.toJS() as RenderedObject));
            await cluster.kubectl(["apply", "--server-side", "--filename", "-"], out);
        }
    });
    after(async () => {
        project?.clean();
        const wide = rights
            .filter(({ metadata }) => metadata.namespace === undefined)
            .map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`);
        if (cluster) await cluster.kubectl(["delete", `namespace/${namespace}`, ...wide, "--ignore-not-found"]);
    });
    const rights: RenderedObject[] = [];

    const write = (place: object = {}, edge: object = instance.edge, stackwide: object = {}) =>
        project.write(stack, {
            "plinth:cluster": { context: cluster.context ?? "plinth-sandbox", ...place },
            "plinth:protect": false,
            "plinth:instances": { shop: { ...instance, edge } },
            ...stackwide,
        });

    /** kubectl as one of the accounts, with its own token. */
    async function as(name: string) {
        const { stdout: token } = await cluster.kubectl(["create", "token", name, "--namespace", "plinth-ci"]);
        const view = ["config", "view", "--minify", "--flatten", "--raw"];
        const kubeconfig = parse((await cluster.kubectl(view)).stdout) as { users: { user: object }[] };
        kubeconfig.users[0]!.user = { token };
        const path = join(project.path, `kubeconfig-${name}`);
        writeFileSync(path, stringify(kubeconfig), { mode: 0o600 });
        return {
            kubeconfig: path,
            kubectl: (args: readonly string[], input?: string) =>
                cluster.kubectl(["--kubeconfig", path, ...args], input),
            refused: async (args: readonly string[], input?: string): Promise<string> => {
                try {
                    await cluster.kubectl(["--kubeconfig", path, ...args], input);
                } catch (error) {
                    return (error as { stderr: string }).stderr;
                }
                throw new Error(`kubectl ${args.join(" ")} was let through as ${name}`);
            },
        };
    }

    const apply = ["apply", "--server-side", "--filename", "-"];
    const rendered = async () => streamOf(await renderStack(stack, { folder: project.path }), true);

    for (const name of [account, `${account}-preview`]) {
        it(`lets ${name} send every object of the stack as a dry run, and nothing beyond the stack`, async () => {
            const { kubectl, refused } = await as(name);
            const { stdout } = await kubectl([...apply, "--dry-run=server"], await rendered());
            expect(stdout.trim().split("\n")).to.have.length.above(30);
            const forbidden = /is forbidden: User/;
            expect(await refused(["get", "secrets", "--namespace", "kube-system"])).to.match(forbidden);
            expect(await refused(["get", "secrets", "--all-namespaces"])).to.match(forbidden);
            const role = ["create", "clusterrole", "mine", "--verb=get", "--resource=secrets", "--dry-run=server"];
            expect(await refused(role)).to.match(forbidden);
            const volume = ["delete", "persistentvolume", "another-one", "--dry-run=server"];
            expect(await refused(volume)).to.match(forbidden);
            expect(await refused(["delete", "namespace", namespace, "--dry-run=server"])).to.match(forbidden);
            expect(await refused(["create", "token", account, "--namespace", "plinth-ci"])).to.match(forbidden);
        });
    }

    it("allows writes by the account for launches, and none by the account for previews", async () => {
        const notes = JSON.stringify({
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: { name: "notes", namespace },
            data: { a: "b" },
        });
        const preview = await as(`${account}-preview`);
        expect(await preview.refused(apply, notes)).to.include("its writes must be dry runs");
        const launch = await as(account);
        await launch.kubectl(apply, notes);
        expect(await preview.refused(apply, notes.replace('"b"', '"c"'))).to.include("its writes must be dry runs");
        await launch.kubectl(["delete", "configmap", "notes", "--namespace", namespace]);
    });

    it("lets the account for launches read logs of pods and annotate them, the account for previews do neither, and no account use exec", async () => {
        const rights = [
            ["get", "pods", "--subresource=log"],
            ["patch", "pods"],
            ["create", "pods", "--subresource=exec"],
            ["get", "pods", "--subresource=proxy"],
            ["delete", "pods"],
        ];
        const allowed = async (name: string, where: string) => {
            const { kubectl, refused } = await as(name);
            return Promise.all(
                rights.map(async (right) => {
                    const args = ["auth", "can-i", ...right, "--namespace", where];
                    const answer = await kubectl(args).then(
                        ({ stdout }) => stdout,
                        () => refused(args),
                    );
                    return answer.trim().startsWith("yes");
                }),
            );
        };
        expect(await allowed(account, namespace)).to.deep.equal([true, true, false, false, false]);
        expect(await allowed(account, "default")).to.deep.equal([false, false, false, false, false]);
        expect(await allowed(`${account}-preview`, namespace)).to.deep.equal([false, false, false, false, false]);
    });

    it("launches with one account, previews and detects drift with the other, and refuses to lose data", async function () {
        optionalProgram(this, "pulumi", "what the engine may do is seen");
        this.timeout(900_000);
        const edge = { type: "LoadBalancer" };
        const [launcher, previewer] = [await as(account), await as(`${account}-preview`)];
        write({ kubeconfig: launcher.kubeconfig }, edge);
        const launched = await project.plinth("launch", stack);
        expect(launched.code, launched.all).to.equal(0);
        expect(launched.all).not.to.match(/forbidden/i);

        write({ kubeconfig: previewer.kubeconfig }, edge);
        const preview = await project.plinth("preview", stack, "--no-offline");
        expect(preview.code, preview.all).to.equal(0);
        expect(preview.all).not.to.match(/forbidden/i);
        const drift = await project.plinth("drift", stack);
        expect(drift.code, drift.all).to.equal(0);

        const claims = ["database", "files"].map((name) => `persistentvolumeclaim/${namespace}/${name}`);
        const moved = { kubeconfig: previewer.kubeconfig, storageClass: "shared" };
        // Such an account may not list cluster-wide objects: the command reports that and continues.
        const existing = { "plinth:defaults": { volumes: { database: { existing: "pvc-of-others" } } } };
        write(moved, edge, existing);
        const refused = await project.plinth("preview", stack, "--no-offline");
        expect(refused.code).to.equal(1);
        expect(refused.all)
            .to.include("was not fully checked: this account may not list persistentvolumes and storageclasses.")
            .and.not.match(traced);
        for (const claim of claims) expect(refused.all).to.include(`  ${claim} would be deleted and recreated`);
        const [, line] = /plinth:acceptLoss: \[(.*)\]/.exec(refused.all)!;
        const taking = await project.plinth("preview", stack, "--adopt", "pvc-of-others");
        expect(taking.code).to.equal(1);
        expect(taking.all)
            .to.match(/^Nothing was changed: .* this account may not list persistentvolumes\./m)
            .and.not.match(traced);
        write(moved, edge, { ...existing, "plinth:acceptLoss": line!.split(", ") });
        const accepted = await project.plinth("preview", stack, "--no-offline");
        expect(accepted.code, accepted.all).to.equal(0);
        write({ kubeconfig: previewer.kubeconfig }, edge, { "plinth:acceptLoss": line!.split(", ") });
        const spent = await project.plinth("preview", stack, "--no-offline");
        expect(spent.code).to.equal(1);
        expect(spent.all).to.include("names objects that would not be lost");
    });
});
