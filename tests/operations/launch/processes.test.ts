import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { digestOf } from "../../../components/loadBalancer/reload";
import { edgePod, line } from "../../support/observed";
import { Project, shopIn } from "../../support/project";
import { StandIns } from "../../support/standIns";
import { scratch } from "../../support/tools";

const stack = "production";
const namespace = "opencart-shop";
const urn = (type: string, name: string) => `urn:pulumi:${stack}::plinth::${type}::${name}`;
const resource = (type: string, name: string, outputs: object) => ({
    urn: urn(type, name),
    type,
    protect: true,
    outputs,
});
const claim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "files", namespace, uid: "1", labels: { "plinth.dev/stack": `plinth.${stack}` } },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "5Gi" } } },
};
const restore = { name: "restore", namespace, annotations: { "plinth.dev/writers": "admin" } };
/** The engine's state of a stack with backups. */
const state = {
    deployment: {
        resources: [
            resource("kubernetes:core/v1:PersistentVolumeClaim", "shop-files", claim),
            resource("kubernetes:batch/v1:CronJob", "shop-restore", { kind: "CronJob", metadata: restore }),
        ],
    },
};

describe("a launch of an unchanged stack", function () {
    this.timeout(120_000);
    const folder = scratch();
    let server: Server;
    let project: Project;
    let programs: StandIns;
    before(async () => {
        server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
        await new Promise((resolve) => server.once("listening", resolve));
        const { port } = server.address() as AddressInfo;
        const file = (name: string, content: object | string) => {
            const path = join(folder.path, name);
            writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
            return path;
        };
        const kubeconfig = file("kubeconfig", {
            clusters: [{ name: "x", cluster: { server: `http://127.0.0.1:${port}` } }],
            contexts: [{ name: "x", context: { cluster: "x", user: "x" } }],
            users: [{ name: "x", user: {} }],
        });
        programs = new StandIns(folder.path);
        const log = 'for word; do [ "$before" != --event-log ] || : >"$word"; before=$word; done';
        programs.add(
            "pulumi",
            `case "$1 $2" in "version "*) echo v3.0.0 ;; "stack export") cat '${file("state", state)}' ;; "stack output") echo '{}' ;; "preview "*) ${log} ;; esac`,
        );
        const pods = file("pods", { items: [edgePod("edge-1", {}, { namespace })] });
        // The stand-in's ConfigMap is empty.
        const said = file("said", line(digestOf("", "", []), true));
        programs.add(
            "kubectl",
            `case "$*" in *"get pods "*) cat '${pods}' ;; *" logs "*) cat '${said}' ;; *"get --filename"*) cat > /dev/null; cat '${file("live", claim)}' ;; *get*) echo '{}' ;; esac`,
        );
        project = new Project({ kubeconfig, bin: folder.path });
        project.write(stack, {
            "plinth:cluster": { context: "x" },
            "plinth:instances": { shop: shopIn(namespace) },
        });
    });
    after(() => {
        server.close();
        project.clean();
        folder.clean();
    });

    it("starts no process for information that another one has provided", async () => {
        const { environment } = project;
        const { exitCode, all } = await execa(
            process.execPath,
            [join(project.path, "cli", "plinth.cjs"), "launch", stack],
            { ...environment, env: { ...environment.env, PATH: programs.path } },
        );
        expect(exitCode, all).to.equal(0);
        const calls = programs.calls().map((call) => call.replace(/ --(context|stack|event-log|namespace) \S+/g, ""));
        expect(calls).to.deep.equal([
            "pulumi version",
            // Whether the stack exists, and what could be lost.
            "pulumi stack export",
            // Whether it is the same cluster, no restore is under way, and the volumes fit.
            "kubectl get --filename - --ignore-not-found --output json",
            "pulumi preview --refresh --run-program",
            // Whether the pods would be admitted.
            "kubectl create --dry-run=server --output name --filename -",
            "pulumi up --yes --skip-preview --suppress-outputs --suppress-progress --refresh --run-program",
            "pulumi stack output --json",
            "kubectl get pods --selector app.kubernetes.io/managed-by=plinth --output json",
            "kubectl get configmap edge --output json",
            "kubectl logs edge-1 --container reload --tail 50 --request-timeout 5s",
        ]);
    });
});
