import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { execa } from "execa";
import type { Pod } from "../../../operations/cluster/live";
import { streamOf } from "../../../operations/render/manifests";
import { renderStack } from "../../../operations/render/rendering";
import { type ControlPlane, controlPlane } from "../../support/controlPlane";
import { Project } from "../../support/project";
import { scratch } from "../../support/tools";

const stack = "data";
const namespace = "data-shop";

/** Simulated nodes run no containers: the pod's commands run here, on a folder for the volume. */
const standIn = (kubectl: string, pod: string) => `#!/bin/sh
case " $* " in *" exec "*) ;; *) exec '${kubectl}' "$@" ;; esac
while [ "$1" != exec ]; do leading="$leading $1"; shift; done
'${kubectl}' $leading get pod "$2" --namespace ${namespace} --output json > '${pod}'
while [ "$1" != -- ]; do shift; done
[ -z "$SLOW" ] || sleep 60
exec sh -c "$4" sh "$VOLUME\${6#/volume}" "$7"
`;

describe("files of volumes, through a pod on a real API server", function () {
    this.timeout(300_000);
    let cluster: ControlPlane;
    let project: Project;
    const home = scratch();
    const volume = join(home.path, "volume");
    const seen = join(home.path, "pod.json");
    const start = (args: readonly string[], env: Record<string, string> = {}) =>
        execa(process.execPath, [join(project.path, "cli", "plinth.cjs"), ...args], {
            env: {
                PATH: `${join(home.path, "bin")}:${dirname(process.execPath)}:/usr/bin:/bin`,
                HOME: home.path,
                VOLUME: volume,
                NO_COLOR: "1",
                ...env,
            },
            extendEnv: false,
            reject: false,
            stdin: "ignore",
            detached: true,
            all: true,
        });
    const plinth = (...args: string[]) => start(args);
    const pods = async () => (await cluster.json<{ items: Pod[] }>(["get", "pods", "--namespace", namespace])).items;
    const helpers = async () =>
        (await pods()).filter(
            ({ metadata }) =>
                metadata.labels?.["app.kubernetes.io/name"] === "plinth-data" &&
                metadata.deletionTimestamp === undefined,
        );

    before(async function () {
        cluster = await controlPlane(this);
        if (cluster.context) {
            console.log("      skipped: needs simulated nodes, on which pods get ready without their images");
            this.skip();
        }
        project = new Project(cluster);
        mkdirSync(join(home.path, "bin"));
        const wrapper = join(home.path, "bin", "kubectl");
        writeFileSync(wrapper, standIn(join(cluster.bin, "kubectl"), seen));
        chmodSync(wrapper, 0o755);
        mkdirSync(join(volume, "image", "catalog"), { recursive: true });
        writeFileSync(join(volume, "image", "catalog", "a b.txt"), "a picture\n");
        writeFileSync(join(volume, "config.php"), "<?php\n");
        writeFileSync(
            join(project.path, `Pulumi.${stack}.yaml`),
            `config:
  plinth:cluster: {kubeconfig: ${cluster.kubeconfig}, loadBalancer: false, metrics: false}
  plinth:protect: false
  plinth:instances:
    shop:
      platform: opencart
      namespace: ${namespace}
      host: shop.example.org
      tls: {mode: internal}
      sharedFiles: oneNode
      edge: {type: ClusterIP, publicAddress: 192.0.2.1}
`,
        );
        const stream = streamOf(await renderStack(stack, { folder: project.path }), true);
        await cluster.kubectl(["apply", "--server-side", "--filename", "-"], stream);
        for (const tier of ["statefulset/database", "deployment/frontend"])
            await cluster.kubectl(["rollout", "status", tier, "--namespace", namespace, "--timeout=120s"]);
    });
    after(async () => {
        project?.clean();
        home.clean();
        if (cluster && !cluster.context) await cluster.kubectl(["delete", "namespace", namespace, "--wait=false"]);
    });

    it("copies from a running instance: on its node, as its user, read-only", async () => {
        const folder = join(home.path, "copy");
        const { exitCode, all } = await plinth("data", "copy", "shop", "files", folder, stack);
        expect(exitCode, all).to.equal(0);
        expect(readFileSync(join(folder, "image", "catalog", "a b.txt"), "utf8")).to.equal("a picture\n");
        expect(readdirSync(folder).sort()).to.deep.equal(["config.php", "image"]);
        const frontend = (await pods()).find(
            ({ metadata }) => metadata.labels?.["app.kubernetes.io/name"] === "frontend",
        )!;
        const helper = JSON.parse(readFileSync(seen, "utf8")) as Pod & {
            spec: { containers: { volumeMounts: object[] }[] };
        };
        expect(helper.spec.nodeName).to.equal(frontend.spec.nodeName);
        expect(helper.spec.securityContext).to.deep.equal(frontend.spec.securityContext);
        expect(helper.spec.containers[0]!.volumeMounts).to.deep.equal([
            { name: "data", mountPath: "/volume", readOnly: true },
        ]);
        expect(await helpers()).to.deep.equal([]);
    });

    it("copies a single folder or file", async () => {
        const [folder, file] = [join(home.path, "catalog"), join(home.path, "file")];
        expect((await plinth("data", "copy", "shop", "files:/image/catalog", folder, stack)).exitCode).to.equal(0);
        expect(readdirSync(folder)).to.deep.equal(["a b.txt"]);
        expect((await plinth("data", "copy", "shop", "files:config.php", file, stack)).exitCode).to.equal(0);
        expect(readdirSync(file)).to.deep.equal(["config.php"]);
    });

    it("names a path that does not exist, and leaves nothing behind", async () => {
        const folder = join(home.path, "none");
        const refused = async (text: string, ...args: string[]) => {
            const { exitCode, all } = await plinth(...args);
            expect(exitCode, all).to.equal(1);
            expect(all).to.include(text);
        };
        await refused("/imag does not exist in the volume", "data", "copy", "shop", "files:/imag", folder, stack);
        await refused('did you mean "files"?', "data", "copy", "shop", "file", folder, stack);
        await refused('".." is not allowed', "data", "copy", "shop", "files:../x", folder, stack);
        await refused("not an empty folder", "data", "copy", "shop", "files", join(home.path, "copy"), stack);
        expect(readdirSync(home.path).filter((name) => name.startsWith("none"))).to.deep.equal([]);
        expect(await helpers()).to.deep.equal([]);
    });

    it("loads into a volume, but not into that of a running database", async () => {
        const folder = join(home.path, "load");
        mkdirSync(join(folder, "deep"), { recursive: true });
        writeFileSync(join(folder, "deep", "-new.txt"), "new\n");
        const refused = await plinth("data", "load", folder, "shop", "database", stack);
        expect(refused.exitCode).to.equal(1);
        expect(refused.all).to.include("database-0 is using the volume").and.to.include(`./plinth stop ${stack} shop`);
        const { exitCode, all } = await plinth("data", "load", folder, "shop", "files:/image", stack);
        expect(exitCode, all).to.equal(0);
        expect(readFileSync(join(volume, "image", "deep", "-new.txt"), "utf8")).to.equal("new\n");
        expect(existsSync(join(volume, "image", "catalog", "a b.txt"))).to.equal(true);
        expect(await helpers()).to.deep.equal([]);
    });

    it("stops on Ctrl-C, and deletes its pod and partial copies", async () => {
        rmSync(seen);
        const child = start(["data", "copy", "shop", "files", join(home.path, "cut"), stack], { SLOW: "1" });
        for (let tries = 0; tries < 600 && !existsSync(seen); tries++) await sleep(100);
        expect(await helpers()).to.have.length(1);
        process.kill(-child.pid!, "SIGINT");
        const { exitCode, all } = await child;
        expect(exitCode, all).to.equal(130);
        expect(await helpers()).to.deep.equal([]);
        expect(readdirSync(home.path).filter((name) => name.startsWith("cut"))).to.deep.equal([]);
    });

    it("reaches the volumes of a stopped instance, including the database's", async () => {
        const path = join(project.path, `Pulumi.${stack}.yaml`);
        writeFileSync(path, readFileSync(path, "utf8").replace("host:", "state: removed\n      host:"));
        const workloads = ["delete", "statefulset,deployment,cronjob", "--all", "--namespace", namespace];
        await cluster.kubectl([...workloads, "--wait=true", "--cascade=foreground"]);
        const { exitCode, all } = await plinth("data", "load", join(home.path, "load"), "shop", "database", stack);
        expect(exitCode, all).to.equal(0);
        const helper = JSON.parse(readFileSync(seen, "utf8")) as Pod;
        expect(helper.spec.securityContext).to.include({ runAsUser: 999, runAsNonRoot: true });
    });
});
