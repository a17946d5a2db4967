import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { foldersOf, forwardsOf, missingFolders } from "../../operations/launch/devFolders";
import { type DeclareArgs, find, podOf, problemsOf } from "../support/declare";
import { declareQed } from "../support/qed";
import { scratch } from "../support/tools";

const dev = {
    mounts: { "qed-flask": { "/src/": "/home/ada//flask_qed/" }, "qed-django": { "/src/static_qed": "C:/qed/static" } },
};
const problems = (instance: object, args: DeclareArgs = {}): Promise<string> =>
    problemsOf(declareQed({ ...args, instance: { dev, ...instance } }));

describe("folders of a developer's machine", () => {
    it("are volumes of the node, in all containers of a component's image and in place of what they have there", async () => {
        const objects = await declareQed({ instance: { dev, sources: { flask: true } } });
        const { containers, volumes } = podOf(objects, "Deployment", "qed-flask");
        const at = containers[0].volumeMounts.filter(({ mountPath }: { mountPath: string }) => mountPath === "/src");
        expect(at).to.deep.equal([{ name: "dev-qed-flask-0", mountPath: "/src" }]);
        expect(volumes).to.deep.include({
            name: "dev-qed-flask-0",
            persistentVolumeClaim: { claimName: "dev-qed-flask-0" },
        });
        const volume = find(objects, "PersistentVolume", "dev-qed-flask-0.qed-shop");
        expect(volume["spec"].hostPath).to.deep.equal({ path: "/plinth/host/home/ada/flask_qed", type: "Directory" });
        expect(find(objects, "PersistentVolumeClaim", "dev-qed-flask-0")["spec"]).to.deep.include({
            storageClassName: "",
            volumeName: volume.metadata.name,
        });
        const django = podOf(objects, "Deployment", "qed-django");
        for (const { name, volumeMounts } of [...django.initContainers, ...django.containers])
            expect(
                volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath),
                name,
            ).to.include("/src/static_qed");
        expect(find(objects, "PersistentVolume", "dev-qed-django-0.qed-shop")["spec"].hostPath.path).to.equal(
            "/plinth/host/C/qed/static",
        );
    });
    it("are for a local cluster only", async () => {
        expect(await problems({}, { stack: "staging", values: { cluster: { context: "x" } } })).to.match(
            /instances\.shop\.dev: is not allowed here; allowed: only in the stack "dev"/,
        );
    });
    for (const [mounts, message] of [
        [{ "qed-flak": { "/src": "/a" } }, /dev\.mounts\.qed-flak: matches nothing.*qed-flask/],
        [{ "qed-flask": { "/src": "../a" } }, /dev\.mounts\.qed-flask\./],
        [{ "qed-flask": { "/src": "/a/../b" } }, /an absolute path of a folder/],
    ] as const)
        it(`are refused: ${JSON.stringify(mounts)}`, async () =>
            expect(await problems({ dev: { mounts } })).to.match(message));

    it("must exist before a cluster is started", () => {
        const folder = scratch();
        mkdirSync(join(folder.path, "code"));
        writeFileSync(join(folder.path, "file"), "");
        const at = (name: string) => ({ "/src": join(folder.path, name) });
        const config = {
            instances: [
                {
                    name: "one",
                    state: "running",
                    dev: { mounts: { a: at("code"), b: at("file"), c: at("none") }, ports: { web: 8080 } },
                },
                { name: "two", state: "removed", dev: { mounts: { a: at("none") }, ports: { web: 8081 } } },
            ],
        } as unknown as Parameters<typeof foldersOf>[0];
        expect(missingFolders(config).map(({ path }) => path)).to.deep.equal([
            "plinth:instances.one.dev.mounts.b./src",
            "plinth:instances.one.dev.mounts.c./src",
        ]);
        expect(foldersOf(config)).to.have.length(3);
        expect(forwardsOf(config)).to.deep.equal([{ instance: "one", component: "web", local: 8080 }]);
        folder.clean();
    });
});
