import { accessSync, constants, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import type { Drift } from "../../cli/driftText";
import { type ControlPlane, controlPlane } from "../support/controlPlane";
import { scratch } from "../support/tools";

const root = join(__dirname, "..", "..");
const command = join(root, "cli", "plinth.cjs");
const stack = "day2-engine-by-a-test";
const file = join(root, `Pulumi.${stack}.yaml`);
const namespace = ["--namespace", "day2-engine"];

/** The folder of a program, or undefined. npm puts its launcher of the engine before all others: that one fetches. */
const folderOf = (name: string): string | undefined =>
    (process.env["PATH"] ?? "").split(delimiter).find((folder) => {
        if (folder.includes("node_modules")) return false;
        try {
            accessSync(join(folder, name), constants.X_OK);
            return true;
        } catch {
            return false;
        }
    });

describe("day 2 with the real engine", function () {
    this.timeout(600_000);
    let cluster: ControlPlane;
    let engine: string;
    const home = scratch();
    const plinth = async (...args: string[]) => {
        const { exitCode, stdout, stderr } = await execa(process.execPath, [command, ...args], {
            env: {
                PATH: `${cluster.bin}:${engine}:${dirname(process.execPath)}:/usr/bin:/bin`,
                HOME: home.path,
                PULUMI_HOME: join(home.path, "pulumi"),
                PULUMI_BACKEND_URL: `file://${home.path}`,
                PULUMI_CONFIG_PASSPHRASE: "of a test",
                PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
                NO_COLOR: "1",
            },
            extendEnv: false,
            reject: false,
            stdin: "ignore",
        });
        return { code: exitCode, out: stdout, error: stderr };
    };
    const drift = async () => {
        const { code, out, error } = await plinth("drift", stack, "--json");
        expect([0, 2], error).to.include(code);
        const { objects } = JSON.parse(out) as { objects: Drift[] };
        return { code, objects: objects.map(({ kind, name, what }) => `${kind} ${name} ${what}`) };
    };

    before(async function () {
        const found = ["pulumi", "pulumi-resource-kubernetes", "pulumi-resource-random"].map(folderOf);
        if (found.includes(undefined)) {
            console.log("      skipped: the Pulumi CLI and its plugins are not on the PATH");
            this.skip();
        }
        engine = [...new Set(found)].join(":");
        cluster = await controlPlane(this);
        if (cluster.context) {
            console.log("      skipped: needs simulated nodes, on which pods get ready without their images");
            this.skip();
        }
        writeFileSync(
            file,
            `config:
  plinth:cluster: {kubeconfig: ${cluster.kubeconfig}, loadBalancer: false, metrics: false}
  plinth:protect: false
  plinth:instances:
    one:
      platform: opencart
      namespace: day2-engine
      host: one.example.org
      sharedFiles: oneNode
      edge: {type: ClusterIP, publicAddress: 192.0.2.1}
      replicas: {frontend: {min: 1, max: 4}}
`,
        );
        const { code, out, error } = await plinth("launch", stack);
        expect(code, out + error).to.equal(0);
    });
    after(async () => {
        rmSync(file, { force: true });
        home.clean();
        if (cluster)
            await cluster.kubectl(["delete", "namespace", "day2-engine", "--wait=false", "--ignore-not-found"]);
    });

    it("neither a restart nor what an autoscaler decides is drift", async () => {
        expect((await plinth("restart", "all", stack)).code).to.equal(0);
        await cluster.kubectl(["scale", "deployment", "frontend", "--replicas", "3", ...namespace]);
        expect(await drift()).to.deep.equal({ code: 0, objects: [] });
    });

    it("drift lists what was changed and what is gone, and exits 2; labels of others are none", async () => {
        await cluster.kubectl(["delete", "service", "cache", ...namespace]);
        await cluster.kubectl(["label", "deployment", "admin", "example.org/foreign=1", ...namespace]);
        const image = ["set", "image", "deployment/edge", "caddy=docker.io/library/caddy:2.0"];
        await cluster.kubectl([...image, ...namespace]);
        expect(await drift()).to.deep.equal({
            code: 2,
            objects: ["Deployment edge changed", "Service cache missing"],
        });
        // As it was: the engine gives nothing back that somebody else has taken over.
        await cluster.kubectl(["delete", "deployment", "edge", ...namespace]);
    });

    it("stop takes the pods away and keeps data and passwords; start brings all back, and what was gone by hand", async () => {
        const password = async () =>
            (await cluster.json<{ data: object }>(["get", "secret", "database", ...namespace])).data;
        const before = await password();
        const stopped = await plinth("stop", stack);
        expect(stopped.code, stopped.out + stopped.error).to.equal(0);
        expect(readFileSync(file, "utf8")).to.include("\n      state: stopped\n");
        const left = await cluster.json<{ items: { kind: string }[] }>([
            "get",
            "deployments,statefulsets,cronjobs,persistentvolumeclaims",
            ...namespace,
        ]);
        expect(new Set(left.items.map(({ kind }) => kind))).to.deep.equal(new Set(["PersistentVolumeClaim"]));
        expect((await plinth("status", stack)).code).to.equal(0);

        const started = await plinth("start", stack, "one");
        expect(started.code, started.out + started.error).to.equal(0);
        expect(await password()).to.deep.equal(before);
        expect(await drift()).to.deep.equal({ code: 0, objects: [] });
        expect((await plinth("status", stack)).code).to.equal(0);
    });
});
