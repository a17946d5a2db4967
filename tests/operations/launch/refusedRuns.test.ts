import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { stringify } from "yaml";
import { digestOf } from "../../../components/loadBalancer/reload";
import type { ControlPlane } from "../../support/controlPlane";
import { edgePod, line } from "../../support/observed";
import { Project } from "../../support/project";
import { StandIns } from "../../support/standIns";
import { scratch } from "../../support/tools";

const stack = "production";
const urn = (type: string, name: string) => `urn:pulumi:${stack}::plinth::${type}::${name}`;
const root = urn("plinth:components:Namespace", "shop-namespace");
const claim = urn("kubernetes:core/v1:PersistentVolumeClaim", "shop-files");
const labels = { "app.kubernetes.io/instance": "shop", "app.kubernetes.io/name": "files" };
const object = {
    kind: "PersistentVolumeClaim",
    metadata: { name: "files", namespace: "opencart-shop", labels },
    spec: { resources: { requests: { storage: "1Gi" } } },
    status: { phase: "Bound" },
};
const resources = [
    { urn: root, type: "plinth:components:Namespace" },
    {
        urn: claim,
        type: "kubernetes:core/v1:PersistentVolumeClaim",
        parent: root,
        protect: true,
        outputs: object,
    },
];
const restoreTask = {
    urn: urn("kubernetes:batch/v1:CronJob", "shop-restore"),
    type: "kubernetes:batch/v1:CronJob",
    outputs: {
        apiVersion: "batch/v1",
        kind: "CronJob",
        metadata: {
            name: "restore",
            namespace: "opencart-shop",
            labels: { ...labels, "app.kubernetes.io/name": "restore" },
            annotations: { "plinth.dev/writers": "admin" },
        },
    },
};
const volume = {
    metadata: { name: "pvc-1", annotations: { "pv.kubernetes.io/provisioned-by": "a driver" } },
    spec: { persistentVolumeReclaimPolicy: "Retain", claimRef: { namespace: "opencart-shop", name: "files" } },
    status: { phase: "Bound" },
};

describe("a run after a change of the file", function () {
    this.timeout(120_000);
    const folder = scratch();
    let server: Server;
    let project: Project;
    let programs: StandIns;
    let written: string;
    const state = (all: readonly object[]) =>
        writeFileSync(join(folder.path, "state"), JSON.stringify({ deployment: { resources: all } }));
    const run = async (args: readonly string[], path = programs.path) => {
        programs.calls();
        const { environment } = project;
        const env = { ...environment.env, PATH: path };
        const { exitCode, all } = await execa(process.execPath, [join(project.path, "cli", "plinth.cjs"), ...args], {
            ...environment,
            env,
        });
        return { code: exitCode, all: all ?? "", calls: programs.calls() };
    };
    const file = () => readFileSync(join(project.path, `Pulumi.${stack}.yaml`), "utf8");
    /** How the engine's preview ends, and how its run ends. */
    const engine = (preview: number, up = 1) => {
        const log = 'for word; do [ "$before" != --event-log ] || : >"$word"; before=$word; done';
        const words = `"version "*) echo v3.0.0 ;; "stack export") /bin/cat '${folder.path}/state' ;; "stack output") echo '{}' ;; "preview "*) ${log}; exit ${preview} ;; "up "*) exit ${up} ;;`;
        programs.add("pulumi", `case "$1 $2" in ${words} esac`);
    };
    before(async () => {
        server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
        await new Promise((resolve) => server.once("listening", resolve));
        const kubeconfig = join(folder.path, "kubeconfig");
        const clusters = [
            { name: "x", cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } },
        ];
        const contexts = [{ name: "x", context: { cluster: "x", user: "x" } }];
        writeFileSync(kubeconfig, stringify({ clusters, contexts, users: [{ name: "x", user: {} }] }));
        state(resources);
        const lists = { claims: { items: [object] }, volumes: { items: [volume] } };
        for (const [name, list] of Object.entries({ ...lists, pods: { items: [] } }))
            writeFileSync(join(folder.path, name), JSON.stringify(list));
        programs = new StandIns(folder.path);
        programs.add(
            "kubectl",
            `case "$*" in *"get pods "*) cat '${folder.path}/pods' ;; *" logs "*) cat '${folder.path}/said' ;; *"get persistentvolumes "*) cat '${folder.path}/volumes' ;; *"get persistentvolumeclaims "*) cat '${folder.path}/claims' ;; *get*) echo '{"items":[]}' ;; esac`,
        );
        project = new Project({ kubeconfig, bin: folder.path } as ControlPlane);
        const shop = { platform: "opencart", host: "shop.example.org", sharedFiles: "oneNode", state: "removed" };
        project.write(stack, {
            "plinth:cluster": { context: "x" },
            "plinth:instances": { shop },
            "plinth:secrets": { shop: { adminPassword: "in-clear-0815" } },
        });
        written = file();
    });
    afterEach(() => writeFileSync(join(project.path, `Pulumi.${stack}.yaml`), written));
    after(() => {
        server.close();
        project.clean();
        folder.clean();
    });

    for (const command of ["purge", "forget"]) {
        const giveUp = async () => {
            const { code, all, calls } = await run([command, "shop", stack, "--yes", "shop"]);
            return { code, all, changes: calls.flatMap((call) => /(?:un)?protect |patch |pulumi up/.exec(call) ?? []) };
        };
        it(`changes nothing if it is refused: ${command}`, async () => {
            engine(1);
            const { code, all, changes } = await giveUp();
            expect(code, all).to.equal(1);
            expect(changes, all).to.deep.equal(["unprotect ", "protect "]);
            expect(all).not.to.include("The removal is not complete");
            expect(file()).to.equal(written);
        });
        it(`marks the volumes once nothing is refused, and says how to continue, without secrets: ${command}`, async () => {
            engine(0);
            const { code, all, changes } = await giveUp();
            expect(code, all).to.equal(1);
            expect(changes, all).to.deep.equal(["unprotect ", "patch ", "pulumi up"]);
            expect(all).to.include(`continue with: ./plinth ${command} shop ${stack}`);
            expect(all).to.include("plinth:secrets.shop with adminPassword").and.not.include("in-clear-0815");
            expect(file()).not.to.include("shop");
        });
    }

    it("waits for claims that the engine does not wait for, then releases their volumes: purge", async () => {
        engine(0, 0);
        const path = join(folder.path, "volumes");
        const before = readFileSync(path, "utf8");
        // The controller releases it shortly after the engine ends.
        const released = JSON.stringify({ items: [{ ...volume, status: { phase: "Released" } }] });
        const going = run(["purge", "shop", stack, "--yes", "shop"]);
        const late = setInterval(() => {
            if (!programs.called().some((call) => call.startsWith("pulumi up"))) return;
            clearInterval(late);
            setTimeout(() => writeFileSync(path, released), 1500);
        }, 100);
        const { code, all, calls } = await going;
        writeFileSync(path, before);
        expect(code, all).to.equal(0);
        const end = calls.slice(calls.findIndex((call) => call.startsWith("pulumi up")));
        expect(end.filter((call) => call.includes("get persistentvolumes")).length).to.be.greaterThan(1);
        expect(end.at(-1)).to.include("wait --for=delete persistentvolume/pvc-1");
    });

    it("does not delete a volume that an instance of the file takes over", async () => {
        const path = join(folder.path, "volumes");
        const before = readFileSync(path, "utf8");
        const annotations = { "plinth.dev/stack": `plinth.${stack}`, "plinth.dev/instance": "old" };
        const items = [{ ...volume, metadata: { name: "pvc-1", annotations }, status: { phase: "Available" } }];
        writeFileSync(path, JSON.stringify({ items }));
        writeFileSync(
            join(project.path, `Pulumi.${stack}.yaml`),
            written.replace(
                "sharedFiles: oneNode",
                "sharedFiles: oneNode\n      volumes: { files: { existing: pvc-1 } }",
            ),
        );
        const { code, all, calls } = await run(["volumes", "delete", "pvc-1", stack, "--yes", "pvc-1"]);
        writeFileSync(path, before);
        expect(code, all).to.equal(1);
        expect(all).to.include(
            "pvc-1 is adopted by plinth:instances.shop.volumes.files.existing in Pulumi.production.yaml",
        );
        expect(calls.filter((call) => !call.includes(" get "))).to.deep.equal([]);
    });

    it("restores the file if it is refused, and keeps the change if it fails later: start", async () => {
        const start = () => run(["start", stack, "shop"]);
        engine(1);
        const refused = await start();
        expect(refused.code, refused.all).to.equal(1);
        expect(refused.all).not.to.include("is already changed");
        expect(file()).to.equal(written);
        engine(0);
        state([]);
        const failed = await start();
        state(resources);
        expect(failed.code, failed.all).to.equal(1);
        expect(failed.all).to.include(`Pulumi.${stack}.yaml is already changed`);
        expect(file()).to.include("state: running");
    });

    it("is unfinished while an edge rejects its rules, says how to continue, and finishes once it serves them: start", async () => {
        const [pods, said] = [join(folder.path, "pods"), join(folder.path, "said")];
        const before = readFileSync(pods, "utf8");
        const items = [edgePod("edge-1", {}, { namespace: "opencart-shop" })];
        writeFileSync(pods, JSON.stringify({ items }));
        // The stand-in's ConfigMap is empty.
        const configuration = digestOf("", "", []);
        engine(0, 0);
        state([]);
        writeFileSync(said, line(configuration, false, "unrecognized directive: x"));
        const refusing = await run(["start", stack, "shop"]);
        writeFileSync(said, line(configuration, true));
        const following = await run(["launch", stack]);
        state(resources);
        writeFileSync(pods, before);
        expect(refusing.code, refusing.all).to.equal(1);
        expect(refusing.all)
            .to.include("opencart-shop/edge-1 on a: unrecognized directive: x")
            .and.to.include(`Pulumi.${stack}.yaml is already changed`);
        expect(file()).to.include("state: running");
        expect(following.code, following.all).to.equal(0);
        expect(following.all).to.include("The new rules are in effect in 1 edge pod.");
    });

    it("never interrupts a restore, even if it cannot see one", async () => {
        engine(0);
        state([...resources, restoreTask]);
        const { code, all, calls } = await run(["launch", stack], programs.alone("pulumi"));
        state(resources);
        expect(code, all).to.equal(1);
        expect(all).to.include(
            "Nothing was changed: kubectl is missing, so it cannot be checked whether a restore is in progress",
        );
        expect(calls.filter((call) => /pulumi (up|refresh|preview)/.test(call))).to.deep.equal([]);
    });
});
