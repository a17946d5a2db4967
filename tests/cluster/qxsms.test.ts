import { createHash } from "node:crypto";
import { expect } from "chai";
import type { State } from "../../operations/engine/state";
import { type ControlPlane, controlPlane } from "../support/controlPlane";
import { Project, type Ran } from "../support/project";
import { optionalProgram } from "../support/tools";

const stack = "panels";

interface Live {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly uid: string; readonly generation?: number };
    readonly data?: Readonly<Record<string, string>>;
    readonly spec?: { readonly template?: { readonly spec: { readonly terminationGracePeriodSeconds: number } } };
}

describe("the life of QxSMS' instances with the real engine on a real API server", function () {
    this.timeout(900_000);
    let cluster: ControlPlane;
    let project: Project;
    before(async function () {
        optionalProgram(this, "pulumi", "that instances come, change and go without touching each other is seen");
        cluster = await controlPlane(this);
        project = new Project(cluster);
        project.write(stack, {
            "plinth:cluster": { context: cluster.context ?? "plinth-sandbox", loadBalancer: false },
            "plinth:protect": true,
            "plinth:defaults": { worker: { longestTaskSeconds: 300 } },
            "plinth:instances": {
                pprd: {
                    platform: "qxsms",
                    host: "pprd.example.org",
                    edge: { type: "ClusterIP", publicAddress: "192.0.2.1" },
                    tls: { mode: "internal" },
                    mail: { host: "smtp.example.org", from: "panels@example.org" },
                    administrator: { email: "admin@example.org" },
                },
            },
        });
    });
    after(() => project?.clean());

    const plinth = (...args: string[]) => project.plinth(...args);
    const succeeded = (ran: Ran): Ran => {
        expect(ran.code, ran.all).to.equal(0);
        return ran;
    };
    const objects = async (instance: string, kinds: string): Promise<Live[]> =>
        (await cluster.json<{ items: Live[] }>(["get", kinds, "--namespace", `qxsms-${instance}`])).items;
    /** Shows whether anything of an instance was changed; with fingerprints of Secrets, so that none is printed. */
    const state = async (instance: string) =>
        (await objects(instance, "deployments,statefulsets,jobs,services,persistentvolumeclaims,secrets")).map(
            ({ kind, metadata, data }) =>
                [
                    `${kind} ${metadata.name}`,
                    metadata.uid,
                    metadata.generation ??
                        createHash("sha256")
                            .update(JSON.stringify(data ?? {}))
                            .digest("hex"),
                ] as const,
        );
    const changed = (before: Awaited<ReturnType<typeof state>>, after: Awaited<ReturnType<typeof state>>) =>
        after.filter((one) => !before.some((old) => old.join() === one.join())).map(([name]) => name);
    const grace = async (instance: string) =>
        (await objects(instance, "deployments")).find(({ metadata }) => metadata.name === "worker")!.spec!.template!
            .spec.terminationGracePeriodSeconds;

    it("adds an instance like another one, and changes only the new one", async () => {
        succeeded(await plinth("launch", stack));
        const before = await state("pprd");
        succeeded(await plinth("instance", "add", "wpss", stack, "--like", "pprd", "--host", "wpss.example.org"));
        succeeded(await plinth("launch", stack));
        expect(await state("pprd")).to.deep.equal(before);
        const names = (of: typeof before) => of.map(([name]) => name.replace(/(Job .*)-.*/, "$1")).sort();
        expect(names(await state("wpss"))).to.deep.equal(names(before));
    });

    it("applies a change of the defaults to every instance, as previewed", async () => {
        const before = [await state("pprd"), await state("wpss")] as const;
        project.edit(`Pulumi.${stack}.yaml`, "longestTaskSeconds: 300", "longestTaskSeconds: 900");
        const { all } = succeeded(await plinth("preview", stack));
        expect(all).to.include("pprd-worker").and.to.include("wpss-worker");
        // First to one of them, by targeting it in the engine.
        const one = ["up", "--yes", "--skip-preview", "--stack", stack, "--target", "**::pprd-*"];
        succeeded(await project.pulumi(...one));
        expect([await grace("pprd"), await grace("wpss")]).to.deep.equal([915, 315]);
        succeeded(await plinth("launch", stack));
        for (const [index, instance] of (["pprd", "wpss"] as const).entries()) {
            expect(await grace(instance)).to.equal(915);
            expect(changed(before[index]!, await state(instance))).to.deep.equal(["Deployment worker"]);
        }
    });

    it("detects and reverts manual changes, which do not include restarts", async () => {
        const scale = ["scale", "deployment/worker", "--replicas", "4", "--namespace", "qxsms-pprd"];
        await cluster.kubectl(scale);
        expect((await plinth("drift", stack)).code).to.equal(2);
        succeeded(await plinth("launch", stack));
        succeeded(await plinth("restart", "pprd/web,pprd/worker", stack));
        succeeded(await plinth("drift", stack));
    });

    it("changes the password of one instance, and rolls the pods that use it", async () => {
        const before = [await state("pprd"), await state("wpss")] as const;
        succeeded(await plinth("secrets", "rotate", "pprd", "databasePassword", stack));
        expect(changed(before[0], await state("pprd"))).to.include.members([
            "Deployment web",
            "Deployment worker",
            "Secret database",
            "StatefulSet database",
        ]);
        expect(await state("wpss")).to.deep.equal(before[1]);
    });

    it("replaces a protected volume only when the stack's file names it", async () => {
        const queues = async () =>
            (await objects("wpss", "persistentvolumeclaims")).find(({ metadata }) => metadata.name === "broker")!
                .metadata.uid;
        const claim = "persistentvolumeclaim/qxsms-wpss/broker";
        const before = await queues();
        const other = await state("pprd");
        project.edit(
            `Pulumi.${stack}.yaml`,
            "host: wpss.example.org",
            "host: wpss.example.org\n      volumes: { broker: { storageClass: shared } }",
        );
        const refused = await plinth("launch", stack);
        expect(refused.code).to.equal(1);
        expect(refused.all)
            .to.match(new RegExp(`  ${claim} would be deleted and recreated, .*; it is protected\n`))
            .and.include(`  plinth:acceptLoss: [${claim}]`)
            .and.not.include("--accept-loss");
        expect((await plinth("launch", stack, "--accept-loss", claim)).code).to.equal(1);
        expect(await queues()).to.equal(before);
        const line = `  plinth:acceptLoss: [${claim}]\n`;
        project.edit(`Pulumi.${stack}.yaml`, "config:\n", `config:\n${line}`);
        const { all } = succeeded(await plinth("launch", stack));
        expect(all).to.include(`is no longer needed; the loss has happened: ${claim}.`);
        expect(await queues()).not.to.equal(before);
        expect(await state("pprd")).to.deep.equal(other);
        project.edit(`Pulumi.${stack}.yaml`, line, "");
        succeeded(await plinth("launch", stack));
        const { out } = await project.pulumi("stack", "export", "--stack", stack);
        const { deployment } = JSON.parse(out) as State;
        expect(
            deployment!.resources!.find(({ urn }) => urn.endsWith("::wpss-broker") && urn.includes("Claim")),
        ).to.include({ protect: true });
    });

    it("removes an instance, restores it with its data, and purges it, while the other one keeps running", async () => {
        const data = async () =>
            (await state("wpss")).filter(([name]) => /^(PersistentVolumeClaim|Secret) /.test(name));
        const [before, other] = [await data(), await state("pprd")];
        succeeded(await plinth("instance", "remove", "wpss", stack, "--yes", "wpss"));
        expect(await objects("wpss", "deployments,statefulsets,services")).to.deep.equal([]);
        expect(await data()).to.deep.equal(before);
        succeeded(await plinth("start", stack, "wpss"));
        expect(await data()).to.deep.equal(before);
        succeeded(await plinth("instance", "remove", "wpss", stack, "--yes", "wpss"));
        succeeded(await plinth("purge", "wpss", stack, "--yes", "wpss"));
        const namespaces = await cluster.json<{ items: Live[] }>(["get", "namespaces"]);
        expect(namespaces.items.map(({ metadata }) => metadata.name))
            .to.include("qxsms-pprd")
            .and.not.to.include("qxsms-wpss");
        expect(await state("pprd")).to.deep.equal(other);
        succeeded(await plinth("drift", stack));
    });
});
