import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { stringify } from "yaml";
import type { ControlPlane } from "../support/controlPlane";
import { Project } from "../support/project";
import { StandIns } from "../support/standIns";
import { scratch } from "../support/tools";

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
const volume = {
    metadata: { name: "pvc-1", annotations: { "pv.kubernetes.io/provisioned-by": "a driver" } },
    spec: { persistentVolumeReclaimPolicy: "Retain", claimRef: { namespace: "opencart-shop", name: "files" } },
    status: { phase: "Bound" },
};

describe("giving an instance up", function () {
    this.timeout(120_000);
    const folder = scratch();
    let server: Server;
    let project: Project;
    let programs: StandIns;
    const file = () => readFileSync(join(project.path, `Pulumi.${stack}.yaml`), "utf8");
    /** How the engine's preview ends; it never gets to the end of a run. */
    const engine = (preview: number) => {
        const log = 'for word; do [ "$before" != --event-log ] || : >"$word"; before=$word; done';
        const words = `"version "*) echo v3.0.0 ;; "stack export") cat '${folder.path}/state' ;; "preview "*) ${log}; exit ${preview} ;; "up "*) exit 1 ;;`;
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
        writeFileSync(join(folder.path, "state"), JSON.stringify({ deployment: { resources } }));
        const written = { claims: { items: [object] }, volumes: { items: [volume] } };
        for (const [name, list] of Object.entries(written))
            writeFileSync(join(folder.path, name), JSON.stringify(list));
        programs = new StandIns(folder.path);
        programs.add(
            "kubectl",
            `case "$*" in *"get persistentvolumes "*) cat '${folder.path}/volumes' ;; *"get persistentvolumeclaims "*) cat '${folder.path}/claims' ;; *get*) echo '{"items":[]}' ;; esac`,
        );
        project = new Project({ kubeconfig, bin: folder.path } as ControlPlane);
        const shop = { platform: "opencart", host: "shop.example.org", sharedFiles: "oneNode", state: "removed" };
        project.write(stack, { "plinth:cluster": { context: "x" }, "plinth:instances": { shop } });
    });
    after(() => {
        server.close();
        project.clean();
        folder.clean();
    });

    for (const command of ["purge", "forget"]) {
        const run = async () => {
            programs.calls();
            const { environment } = project;
            const args = [join(project.path, "cli", "plinth.cjs"), command, "shop", stack, "--yes", "shop"];
            const env = { ...environment.env, PATH: programs.path };
            const { exitCode, all } = await execa(process.execPath, args, { ...environment, env });
            expect(exitCode, all).to.equal(1);
            return {
                all,
                changes: programs.calls().flatMap((call) => /(?:un)?protect |patch |pulumi up/.exec(call) ?? []),
            };
        };
        it(`changes nothing where the run is refused: ${command}`, async () => {
            const before = file();
            engine(1);
            const { all, changes } = await run();
            expect(changes, all).to.deep.equal(["unprotect ", "protect "]);
            expect(all).not.to.include("It is not finished");
            expect(file()).to.equal(before);
        });
        it(`marks the volumes once nothing is refused, and says how to go on: ${command}`, async () => {
            const before = file();
            engine(0);
            const { all, changes } = await run();
            expect(changes, all).to.deep.equal(["unprotect ", "patch ", "pulumi up"]);
            expect(all).to.include(`go on with: ./plinth ${command} shop ${stack}`);
            expect(file()).not.to.include("shop");
            writeFileSync(join(project.path, `Pulumi.${stack}.yaml`), before);
        });
    }
});
