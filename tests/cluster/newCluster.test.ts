import { createHash } from "node:crypto";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { expect } from "chai";
import type { RenderedObject } from "../../operations/render/rendering";
import { isBuilt, removeSandbox, type Sandbox, sandboxContext, startSandbox } from "../../sandbox";
import { Project, type Ran, shopIn } from "../support/project";
import { optionalProgram, program, scratch } from "../support/tools";

const [stack, namespace] = ["moving", "moving-shop"];

describe("another cluster behind a stack, with the real engine on two real API servers", function () {
    this.timeout(600_000);
    const folder = scratch();
    const [first, second] = [join(folder.path, "first"), join(folder.path, "second")];
    let clusters: Sandbox[] = [];
    let project: Project;
    before(async function () {
        optionalProgram(this, "pulumi", "that a lost cluster is named, and made anew in one run, is seen");
        if (!isBuilt()) program(this, "go");
        clusters = [await startSandbox({ folder: first }), await startSandbox({ folder: second })];
        const { kubeconfig, kubectl } = clusters[0]!;
        project = new Project({ kubeconfig, bin: join(kubectl, "..") });
        copyFileSync(kubeconfig, at("kubeconfig"));
        write("kubeconfig");
        succeeded(await project.plinth("launch", stack));
    });
    after(async () => {
        for (const one of [first, second]) await removeSandbox(one).catch(() => undefined);
        project?.clean();
        folder.clean();
    });

    const at = (file: string) => join(folder.path, file);
    const write = (file: string) =>
        project.write(stack, {
            "plinth:cluster": { kubeconfig: at(file), context: sandboxContext, loadBalancer: false },
            "plinth:protect": true,
            "plinth:instances": { shop: shopIn(namespace) },
        });
    const succeeded = ({ code, all }: Ran) => expect(code, all).to.equal(0);
    const refused = async (...args: string[]) => {
        const { code, all } = await project.plinth("launch", stack, ...args);
        expect(code, all).to.equal(1);
        return all;
    };
    /** The options of the command that a refused launch prints last. */
    const printed = async (...args: string[]) =>
        new RegExp(`\\./plinth launch ${stack} (.*)$`).exec(await refused(...args))?.[1]?.split(" ");
    const kubectl = (cluster: Sandbox, ...args: string[]) =>
        execa(cluster.kubectl, ["--kubeconfig", cluster.kubeconfig, ...args]);
    const objects = async (cluster: Sandbox, kinds: string) => {
        const { stdout } = await kubectl(cluster, "get", kinds, "--namespace", namespace, "--output", "json");
        return (JSON.parse(stdout) as { items: (RenderedObject & { data?: object })[] }).items;
    };
    /** A fingerprint of every password, so that none is ever printed. */
    const passwords = async (cluster: Sandbox) =>
        Object.fromEntries(
            (await objects(cluster, "secrets")).map(({ metadata, data }) => [
                metadata.name,
                createHash("sha256").update(JSON.stringify(data)).digest("hex"),
            ]),
        );
    /** The stack's objects in a cluster, with their versions, which change with every write. */
    const everything = async (cluster: Sandbox) =>
        (
            await objects(
                cluster,
                "deployments,statefulsets,cronjobs,jobs,services,secrets,configmaps,persistentvolumeclaims",
            )
        ).map(({ kind, metadata }) => [
            kind,
            metadata.name,
            (metadata as { resourceVersion?: string }).resourceVersion,
        ]);
    /** Kills a launch once a condition holds. */
    const killed = async (args: readonly string[], when: () => Promise<boolean>) => {
        const run = project.start(["launch", stack, ...args]);
        for (let tries = 0; tries < 1200 && !(await when()); tries += 1) await sleep(50);
        await project.kill(run);
    };
    const changes = async () => {
        const { out } = await project.pulumi("stack", "history", "--json", "--page-size", "1", "--stack", stack);
        return (JSON.parse(out) as { resourceChanges: Readonly<Record<string, number>> }[])[0]!.resourceChanges;
    };

    it("accepts another path of the kubeconfig without a question if the cluster is the same", async () => {
        copyFileSync(at("kubeconfig"), at("renewed"));
        rmSync(at("kubeconfig"));
        write("renewed");
        succeeded(await project.plinth("launch", stack));
        expect(Object.keys(await changes())).to.have.members(["same", "update"]);
        expect((await changes())["update"]).to.equal(1);
    });

    it("continues with the printed command after being killed during the move: nothing is lost, and the old cluster is unchanged", async () => {
        const [old, fresh] = clusters as [Sandbox, Sandbox];
        const before = await passwords(old);
        const untouched = await everything(old);
        copyFileSync(fresh.kubeconfig, at("renewed"));

        const continueWith = ["--new-cluster", sandboxContext, "--recover"];
        // If it was killed before anything was created there.
        expect(await printed("--recover")).to.deep.equal(continueWith);
        // Secrets come before pods: the stack is partly created.
        await killed(["--new-cluster", sandboxContext], async () => (await objects(fresh, "secrets")).length > 2);
        expect(await objects(fresh, "deployments")).to.have.length.below(4);
        expect(await printed()).to.deep.equal(["--recover"]);
        expect(await printed("--new-cluster", sandboxContext)).to.deep.equal(continueWith);
        // The state already has the new cluster: the first option has no effect any more.
        succeeded(await project.plinth("launch", stack, ...continueWith));
        expect(await objects(fresh, "deployments")).to.have.length(4);
        // The last run only has to restore the ordinary provider.
        expect(Object.keys(await changes())).to.have.members(["same", "update"]);
        expect((await changes())["update"]).to.equal(1);
        expect(await passwords(fresh)).to.deep.equal(before);
        expect(await everything(old)).to.deep.equal(untouched);
    });

    it("reports that the stack was deployed elsewhere, and recreates everything in one run once the cluster is named", async () => {
        const [fresh, old] = clusters as [Sandbox, Sandbox];
        const before = await passwords(old);
        await kubectl(fresh, "delete", "namespace", namespace);
        await removeSandbox(second);
        copyFileSync(fresh.kubeconfig, at("renewed"));
        const named = await refused();
        for (const object of [`namespace/${namespace}`, `persistentvolumeclaim/${namespace}/database`])
            expect(named).to.include(`\n  ${object}\n`);
        expect(named)
            .to.include(`contains none of the objects that "${stack}" was deployed with`)
            .and.include(`./plinth launch ${stack} --new-cluster ${sandboxContext}`)
            .and.not.include("pulumi preview");
        expect(await refused("--new-cluster", "another")).to.include("not --new-cluster another");

        // A foreign object of the same name, which the stack's passwords would overwrite.
        await kubectl(fresh, "create", "namespace", namespace);
        await kubectl(fresh, "create", "secret", "generic", "database", "--namespace", namespace);
        expect(await refused("--new-cluster", sandboxContext)).to.include(
            `secret/${namespace}/database would be overwritten`,
        );
        await kubectl(fresh, "delete", "namespace", namespace);

        const moved = await project.plinth("launch", stack, "--new-cluster", sandboxContext);
        succeeded(moved);
        expect(moved.all).to.include(`Recreated in a different cluster:\n  namespace/${namespace}\n`);
        expect(Object.keys(await changes())).to.have.members(["create", "same"]);
        expect(
            (await objects(fresh, "deployments,statefulsets")).map(({ metadata }) => metadata.name),
        ).to.include.members(["database", "frontend"]);
        expect(await passwords(fresh)).to.deep.equal(before);
        expect(await refused("--new-cluster", sandboxContext)).to.include("Omit the option");
    });
});
