import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { execa } from "execa";
import { streamOf } from "../../../operations/render/manifests";
import { renderStack } from "../../../operations/render/rendering";
import type { Status } from "../../../operations/status/status";
import { type ControlPlane, controlPlane } from "../../support/controlPlane";
import { Project } from "../../support/project";
import { freePort, program, scratch } from "../../support/tools";

const stack = "day2";

/** Two instances, one with a user's own certificate; no port or address that others could use. */
const stackFile = (cluster: string) => `config:
  plinth:cluster: {${cluster}, loadBalancer: false, metrics: false}   # written by a test
  plinth:protect: false
  plinth:defaults: {platform: opencart, sharedFiles: oneNode, edge: {type: ClusterIP, publicAddress: 192.0.2.1}}
  plinth:instances:
    one: {namespace: day2-one, host: one.example.org, tls: {mode: internal}}
    two:
      namespace: day2-two
      host: two.example.org
      tls: {mode: custom, secretName: own-certificate}
`;

describe("day 2 on a real API server", function () {
    this.timeout(300_000);
    let cluster: ControlPlane;
    let project: Project;
    let file: string;
    let command: string;
    /** Creates the user's own Secret. */
    let certify: () => Promise<void>;
    const home = scratch();
    const environment = () => ({
        PATH: `${cluster.bin}:${dirname(process.execPath)}:/usr/bin:/bin`,
        HOME: home.path,
        PULUMI_HOME: join(home.path, "pulumi"),
        PLINTH_HOME: join(home.path, "own"),
        NO_COLOR: "1",
    });
    const plinth = async (...args: string[]) => {
        const { exitCode, stdout, stderr } = await execa(process.execPath, [command, ...args], {
            env: environment(),
            extendEnv: false,
            reject: false,
            stdin: "ignore",
        });
        return { code: exitCode, out: stdout, error: stderr };
    };
    const status = async () => {
        const { code, out } = await plinth("status", stack, "--json");
        return { code, ...(JSON.parse(out) as Status & { notReady: string[] }) };
    };
    const apply = async (input: string) =>
        cluster.kubectl(["apply", "--server-side", "--force-conflicts", "--filename", "-"], input);
    const settled = async () => {
        const end = Date.now() + 120_000;
        for (;;) {
            const { notReady } = await status();
            if (notReady.length === 0) return;
            if (Date.now() > end) throw new Error(`not ready: ${notReady.join("; ")}`);
            await sleep(1000);
        }
    };
    const podNames = async (namespace: string, component: string) => {
        const selector = `app.kubernetes.io/name=${component}`;
        const args = ["get", "pods", "--namespace", namespace, "--selector", selector];
        const { items } = await cluster.json<{ items: { metadata: { name: string } }[] }>(args);
        return items.map(({ metadata }) => metadata.name).sort();
    };

    before(async function () {
        cluster = await controlPlane(this);
        if (cluster.context) {
            console.log("      skipped: needs simulated nodes, on which pods get ready without their images");
            this.skip();
        }
        const openssl = program(this, "openssl");
        project = new Project(cluster);
        command = join(project.path, "cli", "plinth.cjs");
        file = join(project.path, `Pulumi.${stack}.yaml`);
        writeFileSync(file, stackFile(`kubeconfig: ${cluster.kubeconfig}`));
        await apply(streamOf(await renderStack(stack, { folder: project.path }), true));
        const [key, certificate] = [join(home.path, "tls.key"), join(home.path, "tls.crt")];
        const names = ["-subj", "/CN=two", "-addext", "subjectAltName=DNS:two.example.org"];
        execFileSync(
            openssl,
            [..."req -x509 -newkey rsa:2048 -nodes -days 30 -keyout".split(" "), key, "-out", certificate, ...names],
            { stdio: "pipe" },
        );
        certify = async () => {
            const secret = ["create", "secret", "tls", "own-certificate", "--namespace", "day2-two"];
            await cluster.kubectl([...secret, "--cert", certificate, "--key", key]);
        };
        await certify();
        await settled();
    });
    after(async () => {
        project?.clean();
        home.clean();
        if (cluster && !cluster.context)
            await cluster.kubectl([
                "delete",
                "namespace",
                "day2-one",
                "day2-two",
                "--wait=false",
                "--ignore-not-found",
            ]);
    });

    it("status shows nodes, tiers, tasks, volumes, certificates and addresses", async () => {
        const { code, tiers, tasks, scheduled, claims, certificates, instances, nodes } = await status();
        expect(code).to.equal(0);
        expect(nodes.map(({ ready }) => ready))
            .not.to.include(false)
            .and.not.to.have.length(0);
        expect(
            tiers.map(({ instance, component, ready, desired }) => [instance, component, ready, desired]),
        ).to.deep.equal(
            ["one", "two"].flatMap((name) =>
                ["admin", "cache", "database", "edge", "frontend"].map((component) => [name, component, 1, 1]),
            ),
        );
        expect(tasks.map(({ state }) => state)).to.deep.equal(["done", "done", "done", "done"]);
        expect(scheduled.map(({ component }) => component)).to.deep.equal(["cron", "cron"]);
        expect(claims.map(({ phase }) => phase))
            .not.to.include("Pending")
            .and.not.to.have.length(0);
        const managers = certificates.map(({ namespace, managedBy, hosts }) => [namespace, managedBy, hosts]);
        expect(managers).to.deep.include(["day2-one", "Caddy", undefined]);
        expect(managers).to.deep.include(["day2-two", "Secret", ["two.example.org"]]);
        expect(instances.map(({ urls }) => urls["shop"])).to.deep.equal([
            "https://one.example.org/",
            "https://two.example.org/",
        ]);
        const { out } = await plinth("status", stack);
        expect(out)
            .to.match(/^one\/frontend +1\/1 +opencart-php:/m)
            .and.to.match(/ready is ready\.$/);
    });

    it("status names missing objects, unschedulable pods and missing certificates, and exits 1", async () => {
        const deployment = ["deployment", "frontend", "--namespace", "day2-one"];
        await cluster.kubectl(["delete", ...deployment]);
        await cluster.kubectl(["delete", "secret", "own-certificate", "--namespace", "day2-two"]);
        const selector = { spec: { template: { spec: { nodeSelector: { "example.org/none": "x" } } } } };
        await cluster.kubectl([
            "patch",
            "deployment",
            "admin",
            "--namespace",
            "day2-two",
            "--patch",
            JSON.stringify(selector),
        ]);
        await sleep(3000);
        const { code, notReady } = await status();
        expect(code).to.equal(1);
        const text = notReady.join("\n");
        expect(text).to.include(`one/frontend: is not in the cluster: ./plinth launch ${stack}`);
        expect(text).to.match(/^two\/admin: Unschedulable: 0\/\d+ nodes are available/m);
        expect(text).to.include("certificate day2-two/own-certificate: the Secret is missing");
        expect(notReady).to.have.length(3);

        await certify();
        await cluster.kubectl(["delete", "deployment", "admin", "--namespace", "day2-two"]);
        await apply(streamOf(await renderStack(stack, { folder: project.path }), true));
    });

    it("status reports pods evicted for the disk space they used, and the key that raises the limit", async () => {
        const [frontend] = await podNames("day2-one", "frontend");
        const [database] = await podNames("day2-one", "database");
        const message = (volume: string) => `Usage of EmptyDir volume "${volume}" exceeds the limit "1Gi". `;
        // As a kubelet leaves it; the Deployment then creates another pod.
        const evicted = { phase: "Failed", reason: "Evicted", message: message("nginx-tmp") };
        const pod = ["pod", frontend!, "--namespace", "day2-one"];
        await cluster.kubectl([
            "patch",
            ...pod,
            "--subresource=status",
            "--type=merge",
            "--patch",
            JSON.stringify({ status: evicted }),
        ]);
        // A StatefulSet's pod is recreated under its name: only the kubelet's event remains.
        const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
        const event = {
            apiVersion: "v1",
            kind: "Event",
            metadata: { name: `${database}.1`, namespace: "day2-one" },
            involvedObject: { apiVersion: "v1", kind: "Pod", name: database, namespace: "day2-one" },
            type: "Warning",
            reason: "Evicted",
            message: message("tmp"),
            firstTimestamp: now,
            lastTimestamp: now,
            count: 1,
        };
        await apply(JSON.stringify(event));
        await settled();

        const { code, evictions } = await status();
        expect(code).to.equal(0);
        expect(
            Object.fromEntries(evictions.map(({ component, reason, key }) => [component, [reason, key]])),
        ).to.deep.equal({
            frontend: [message("nginx-tmp").trim(), 'plinth:instances.one.volumes."frontend.nginx-tmp".size'],
            database: [message("tmp").trim(), 'plinth:instances.one.volumes."database.tmp".size'],
        });
        const { out } = await plinth("status", stack);
        expect(out).to.match(
            /^one\/frontend +1 +\d+s ago +Usage of EmptyDir volume "nginx-tmp" exceeds the limit "1Gi"/m,
        );
        await cluster.kubectl(["delete", ...pod, "--ignore-not-found"]);
        await cluster.kubectl(["delete", "event", event.metadata.name, "--namespace", "day2-one"]);
    });

    it("logs, exec and open find the component by its labels, and otherwise list the components", async () => {
        const several = await plinth("logs", "frontend", stack);
        expect(several.code).to.equal(1);
        expect(several.error).to.include("name one of: one/frontend, two/frontend");
        const misspelt = await plinth("logs", "one/fronted", stack);
        expect(misspelt.error).to.include('did you mean "one/frontend"?');
        const container = await plinth("logs", "one/frontend", stack, "--container", "ngnix");
        expect(container.error).to.include('did you mean "nginx"?; available: files, ready, php, nginx');

        const logs = await plinth("logs", "two/edge", stack, "--since", "1h", "--tail", "5");
        expect(logs.error).to.include(
            "logs --namespace day2-two --selector app.kubernetes.io/instance=two,app.kubernetes.io/name=edge --prefix --all-containers",
        );
        const [pod] = await podNames("day2-one", "database");
        const exec = await plinth("exec", "one/database", stack, "--", "ls", "-l", "--", "/");
        expect(exec.error).to.include(`exec --namespace day2-one ${pod} --container mariadb --stdin -- ls -l -- /\n`);
    });

    it("exec says why no pod is ready", async () => {
        const selector = { spec: { template: { spec: { nodeSelector: { "example.org/none": "x" } } } } };
        const cache = ["deployment", "cache", "--namespace", "day2-one"];
        await cluster.kubectl(["patch", ...cache, "--patch", JSON.stringify(selector)]);
        await cluster.kubectl(["scale", ...cache, "--replicas", "0"]);
        await cluster.kubectl(["scale", ...cache, "--replicas", "1"]);
        await sleep(3000);
        const { code, error } = await plinth("exec", "one/cache", stack, "--", "ls");
        expect(code).to.equal(1);
        expect(error).to.match(/one\/cache has no ready pod; cache-\S+: Unschedulable: /);
        await cluster.kubectl(["delete", ...cache]);
        await apply(streamOf(await renderStack(stack, { folder: project.path }), true));
    });

    it("open forwards a local port to the Service until interrupted", async () => {
        const port = await freePort();
        const child = spawn(process.execPath, [command, "open", "two/edge", stack, "--port", String(port)], {
            env: environment(),
            stdio: ["ignore", "pipe", "pipe"],
            // A process group, all of which receives a terminal's Ctrl-C.
            detached: true,
        });
        let said = "";
        for (const stream of [child.stdout, child.stderr])
            stream.on("data", (data: Buffer) => (said += data.toString()));
        const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
        for (let tries = 0; tries < 300 && !said.includes("Forwarding from"); tries++) await sleep(100);
        expect(said)
            .to.include(`two/edge: 127.0.0.1:${port}\n`)
            .and.to.include(`curl --resolve two.example.org:${port}:127.0.0.1`)
            .and.to.include(`port-forward --namespace day2-two service/edge ${port}:443`)
            .and.to.include(`Forwarding from 127.0.0.1:${port}`);
        const busy = await plinth("open", "one/database", stack, "--port", String(port));
        expect(busy.code).to.equal(1);
        expect(busy.error).to.include(`Port ${port} of this machine is not available`);
        process.kill(-child.pid!, "SIGINT");
        expect(await ended).to.equal(0);
    });

    it("restart replaces only the pods of the named tiers, and waits for them", async () => {
        await settled();
        const of = async () => ({
            frontend: await podNames("day2-one", "frontend"),
            database: await podNames("day2-one", "database"),
            other: await podNames("day2-two", "frontend"),
        });
        const revisions = async () =>
            (
                await cluster.json<{ items: { metadata: { uid: string } }[] }>([
                    "get",
                    "pods",
                    "--namespace",
                    "day2-one",
                ])
            ).items.map(({ metadata }) => metadata.uid);
        const [names, uids] = [await of(), await revisions()];
        const refused = await plinth("restart", "one/frontend,one/cron", stack);
        expect(refused.code).to.equal(1);
        expect(refused.error).to.include('no tier "one/cron"');
        expect(await of()).to.deep.equal(names);

        const { code, out } = await plinth("restart", "one/frontend,one/database", stack);
        expect(code).to.equal(0);
        expect(out).to.include('deployment "frontend" successfully rolled out');
        const { frontend, other } = await of();
        expect(frontend).not.to.include(names.frontend[0]);
        expect(other).to.deep.equal(names.other);
        // A StatefulSet's pod keeps its name.
        expect((await revisions()).filter((uid) => !uids.includes(uid))).to.have.length(2);
        const { metadata } = await cluster.json<{ metadata: { managedFields: { manager: string }[] } }>([
            "get",
            "deployment",
            "frontend",
            "--namespace",
            "day2-one",
            "--show-managed-fields",
        ]);
        expect(metadata.managedFields.map(({ manager }) => manager)).to.include("kubectl-rollout");
    });

    it("stop and start change one line of the file, and status shows the state", async () => {
        const before = readFileSync(file, "utf8");
        const unknown = await plinth("stop", stack, "on", "--no-launch");
        expect(unknown.code).to.equal(1);
        expect(unknown.error).to.include('no instance "on"; did you mean "one"?');
        expect(readFileSync(file, "utf8")).to.equal(before);

        const stopped = await plinth("stop", stack, "two", "--no-launch");
        expect(stopped.code).to.equal(0);
        expect(stopped.out).to.include("\n+      state: stopped\n");
        expect(readFileSync(file, "utf8").replace("      state: stopped\n", "")).to.equal(before);
        expect((await status()).instances.map(({ state }) => state)).to.deep.equal(["running", "stopped"]);

        // A change that cannot be launched is not written either.
        const refused = await plinth("start", stack);
        expect(refused.code).to.equal(1);
        expect(refused.error).to.include("Nothing was deployed. Missing:").and.to.include("the Pulumi CLI");
        expect(refused.out).to.include("-      state: stopped\n+      state: running");
        expect(readFileSync(file, "utf8")).to.include("state: stopped");
    });

    it("drift reports a missing engine with a different exit code than drift", async () => {
        const { code, error } = await plinth("drift", stack);
        expect(code).to.equal(1);
        expect(error).to.include("Missing: the Pulumi CLI");
    });
});
