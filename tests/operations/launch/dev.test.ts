import { readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { parse } from "yaml";
import { ownState } from "../../../operations/engine/engine";
import { localProblems } from "../../../cli/commands/dev";
import { chooseCluster, minikubeMount, nodePortsOf } from "../../../operations/launch/devCluster";
import { showWhereToOpen } from "../../../operations/launch/devUrls";
import { renderStack } from "../../../operations/render/rendering";
import { Session } from "../../../operations/session";
import { changeEnvironment } from "../../support/environment";
import { StandIns } from "../../support/standIns";
import { freePort, scratch } from "../../support/tools";

const root = join(__dirname, "..", "..", "..");

const failure = (work: Promise<unknown>): Promise<string> =>
    work.then(
        () => "",
        (error: Error) => error.message,
    );

describe("dev up", function () {
    this.timeout(300_000);
    let folder: ReturnType<typeof scratch>;
    let tools: StandIns;
    let listener: Server;
    let server: string;
    before((done) => {
        // A cluster only has to accept connections here.
        listener = createServer().listen(0, "127.0.0.1", () => {
            server = `https://127.0.0.1:${(listener.address() as { port: number }).port}`;
            done();
        });
    });
    after(() => listener.close());
    beforeEach(() => {
        folder = scratch();
        tools = new StandIns(folder.path, ["REGISTRY"]);
        tools.add("docker", 'case "$*" in "version "*) echo linux/amd64 ;; esac');
        tools.add(
            "pulumi",
            `case "$*" in version*) echo v3.0.0 ;; *output*) echo '{"instances": {}}' ;; *export*) echo '{}' ;; esac`,
        );
        tools.add("kubectl", `echo '{"items": []}'`);
    });
    afterEach(() => folder.clean());

    const kubeconfig = (name: string, address = server, cluster: object = {}): string =>
        JSON.stringify({
            "current-context": name,
            contexts: [{ name, context: { cluster: name, user: name } }],
            clusters: [{ name, cluster: { server: address, ...cluster } }],
        });
    const minikube = { extensions: [{ name: "cluster_info", extension: { provider: "minikube.sigs.k8s.io" } }] };
    const use = (...args: Parameters<typeof kubeconfig>) =>
        writeFileSync(join(folder.path, "kubeconfig"), kubeconfig(...args));
    /** A stand-in that makes a cluster the current one after creating it. */
    const maker = (name: string, when: string, ...args: Parameters<typeof kubeconfig>) =>
        tools.add(name, `case "$*" in ${when}) echo '${kubeconfig(...args)}' > "$KUBECONFIG" ;; esac`);

    const environment = () => ({
        PATH: tools.path,
        HOME: folder.path,
        KUBECONFIG: join(folder.path, "kubeconfig"),
        PULUMI_HOME: join(folder.path, "pulumi"),
        PLINTH_HOME: join(folder.path, "own"),
        PULUMI_BACKEND_URL: `file://${folder.path}`,
        NO_COLOR: "1",
    });
    async function up(...args: string[]) {
        const { exitCode, stdout, stderr } = await execa(join(root, "plinth"), ["dev", "up", ...args], {
            env: environment(),
            extendEnv: false,
            reject: false,
        });
        return { code: exitCode, out: stdout, error: stderr };
    }
    /** The changing calls, without the queries before and after them. */
    const deeds = () =>
        tools
            .calls()
            .map((call) => call.replace(/^(pulumi up).*/, "$1"))
            .filter((call) => / bake |^pulumi up|^(minikube|kind)/.test(call) && !call.endsWith("get clusters"));
    const [php, nginx] = ["php", "nginx"].map((part) => `localhost:5000/plinth/opencart-${part}:4.1.0.4`);
    const bake =
        "REGISTRY=localhost:5000/plinth docker buildx bake --file images/docker-bake.hcl --load --provenance=false --sbom=false " +
        "--set *.platform=linux/amd64 opencart-php opencart-nginx";

    describe("the command", () => {
        it("creates a cluster with minikube, builds, loads, launches, and prints the shop's URL", async () => {
            maker("minikube", "start*", "shop", server, minikube);
            tools.add("kind");
            const { code, out, error } = await up("--profile", "shop", "--driver", "kvm2");
            expect(code, error).to.equal(0);
            expect(deeds()).to.deep.equal([
                "minikube start --profile shop --driver kvm2 --ports 127.0.0.1:30080:30080",
                bake,
                `minikube image load ${php} --profile shop`,
                `minikube image load ${nginx} --profile shop`,
                "pulumi up",
            ]);
            expect(out).to.include("opencart shop: http://shop.localhost:30080/");
            expect(error).to.include("$ minikube start --profile shop --driver kvm2");
        });
        it("passes all arguments after -- on to minikube, and takes no others", async () => {
            maker("minikube", "start*", "minikube", server, minikube);
            const more = ["--hyperv-virtual-switch", "Default Switch", "--memory=8g"];
            const { code, error } = await up("--no-build", "--driver", "hyperv", "--", ...more);
            expect(code, error).to.equal(0);
            expect(deeds()[0]).to.equal(
                "minikube start --driver hyperv --ports 127.0.0.1:30080:30080 --hyperv-virtual-switch Default Switch --memory=8g",
            );
            const loose = await up("--no-build", "shop");
            expect(loose.code).to.equal(1);
            expect(loose.error).to.include('"shop" is not allowed; arguments of minikube follow after --');
        });
        it("uses the current cluster and earlier builds", async () => {
            use("kind-mine");
            tools.add("kind");
            const { code, error } = await up("--no-build");
            expect(code, error).to.equal(0);
            expect(error).to.include("Using the current context: kind-mine");
            expect(deeds()).to.deep.equal([`kind load docker-image ${php} ${nginx} --name mine`, "pulumi up"]);
        });
        it("names everything that is missing at once, and changes nothing", async () => {
            tools.remove("docker");
            tools.add("pulumi", "exit 1");
            const { code, error } = await up();
            expect(code).to.equal(1);
            expect(error)
                .to.include("Nothing was changed. Missing:")
                .and.include("docker: it is not on the PATH")
                .and.include("neither minikube nor kind is on the PATH")
                .and.include("the Pulumi CLI");
            expect(error).not.to.match(/\n\s+at /);
            expect(deeds()).to.deep.equal([]);
        });
        it("never uses a remote cluster", async () => {
            use("production", "https://k8s.example.org:6443");
            tools.add("minikube");
            const { code, error } = await up("--cluster", "minikube");
            expect(code).to.equal(1);
            expect(error)
                .to.include('the context "production" (https://k8s.example.org:6443) is not a cluster on this machine')
                .and.include("KUBECONFIG=~/.kube/plinth-dev ./plinth dev up");
            expect(tools.calls()).to.deep.equal([]);
        });
        it("stops at a failed step", async () => {
            use("kind-mine");
            tools.add("kind", "exit 9");
            const { code } = await up();
            expect(code).to.equal(9);
            expect(deeds()).to.deep.equal([bake, `kind load docker-image ${php} ${nginx} --name mine`]);
        });
    });

    describe("the cluster", () => {
        let restore: () => void;
        beforeEach(() => {
            restore = changeEnvironment(environment());
        });
        afterEach(() => restore());
        const ports = async () => nodePortsOf((await renderStack("dev")).objects);

        it("sees the folders that pods mount, whatever creates it", async () => {
            const folders = ["/home/ada/qed/flask_qed", "/home/ada/qed/templates"];
            maker("kind", "create*", "kind-kind");
            await chooseCluster(new Session("dev"), { cluster: "kind" }).start({ ports: [], folders });
            const { nodes } = parse(readFileSync(join(ownState, "kind.yaml"), "utf8")) as { nodes: object[] };
            expect(nodes[0]).to.have.deep.property("extraMounts", [
                { hostPath: "/home/ada/qed/flask_qed", containerPath: "/plinth/host/home/ada/qed/flask_qed" },
                { hostPath: "/home/ada/qed/templates", containerPath: "/plinth/host/home/ada/qed/templates" },
            ]);
        });
        it("gets the one folder of minikube that has them all", () => {
            const mount = (...folders: string[]) => minikubeMount(folders);
            expect(mount()).to.equal(undefined);
            expect(mount("/home/ada/qed")).to.equal("/home/ada/qed:/plinth/host/home/ada/qed");
            expect(mount("/home/ada/qed/a", "/home/ada/qed/ab")).to.equal("/home/ada/qed:/plinth/host/home/ada/qed");
            expect(mount("C:/Users/ada/a", "C:/Users/ada/b")).to.equal("C:/Users/ada:/plinth/host/C/Users/ada");
            expect(() => mount("/home/ada", "/srv/data")).to.throw(
                /none has all of dev\.mounts: \/home\/ada, \/srv\/data/,
            );
        });
        it("is created by kind without minikube, with the stack's node port on this machine alone", async () => {
            maker("kind", "create*", "kind-kind");
            const cluster = chooseCluster(new Session("dev"), {});
            expect(await cluster.check()).to.deep.equal([]);
            await cluster.start({ ports: await ports(), folders: [] });
            const config = join(ownState, "kind.yaml");
            expect(deeds()).to.deep.equal([`kind create cluster --name kind --config ${config}`]);
            const made = parse(readFileSync(config, "utf8")) as { nodes: object[] };
            expect(made.nodes).to.deep.equal([
                {
                    role: "control-plane",
                    extraPortMappings: [
                        { containerPort: 30080, hostPort: 30080, listenAddress: "127.0.0.1", protocol: "TCP" },
                    ],
                },
            ]);
        });
        it("is reused if kind has it already", async () => {
            tools.add("kind", 'case "$*" in "get clusters") printf "other\\nmine\\n" ;; esac');
            tools.add("minikube");
            await chooseCluster(new Session("dev"), { cluster: "kind", profile: "mine" }).start({
                ports: [],
                folders: [],
            });
            expect(deeds()).to.deep.equal(["kind export kubeconfig --name mine"]);
        });
        it("is started if minikube has stopped it", async () => {
            use("shop", `https://127.0.0.1:${await freePort()}`, minikube);
            const cluster = chooseCluster(new Session("dev"), { profile: "shop" });
            expect(JSON.stringify(await cluster.check())).to.include("minikube: it is not on the PATH");
            tools.add("minikube");
            expect(await cluster.check()).to.deep.equal([]);
            await cluster.start({ ports: await ports(), folders: [] });
            expect(deeds()).to.deep.equal(["minikube start --profile shop"]);
        });
        it("is missing if no other local one answers", async () => {
            use("kind-mine", `https://127.0.0.1:${await freePort()}`);
            const missing = await chooseCluster(new Session("dev"), {}).check();
            expect(missing[0]!.remedy).to.equal("start it: docker start mine-control-plane");
        });
        it("is never a different one than the options request", () => {
            use("kind-mine");
            const choose = (options: Parameters<typeof chooseCluster>[1]) => () =>
                chooseCluster(new Session("dev"), options);
            for (const options of [{ cluster: "minikube" }, { profile: "other" }, { driver: "docker" }] as const)
                expect(choose(options)).to.throw('the current context is "kind-mine"');
            expect(choose({ cluster: "kind", profile: "mine" })).not.to.throw();
            writeFileSync(join(folder.path, "kubeconfig"), "{}");
            expect(choose({ cluster: "kind", driver: "docker" })).to.throw("kind has no drivers");
            const session = new Session("dev");
            const config = session.config();
            const named = { ...config, cluster: { ...config.cluster, context: "gone" } };
            expect(() => chooseCluster(Object.assign(session, { config: () => named }), {})).to.throw(
                'names the context "gone", which does not exist',
            );
        });
        it("fails with the tool that creates it", async () => {
            tools.add("minikube", "exit 5");
            expect(await failure(chooseCluster(new Session("dev"), {}).start({ ports: [], folders: [] }))).to.include(
                "minikube start failed",
            );
        });
    });

    describe("the URL", () => {
        async function shown(host: string, port: number) {
            const rendering = await renderStack("dev");
            const instance = rendering.outputs.instances["opencart"]!;
            const urls = { shop: `http://${host}:${port}/`, admin: `http://${host}:${port}/admin/` };
            const lines: string[] = [];
            const log = console.log;
            console.log = (line: string) => lines.push(line);
            try {
                await showWhereToOpen({
                    ...rendering,
                    outputs: { ...rendering.outputs, instances: { opencart: { ...instance, urls } } },
                });
            } finally {
                console.log = log;
            }
            return lines.join("\n");
        }
        it("is printed alone if the node port answers on this machine", async () => {
            const hosts: (string | undefined)[] = [];
            const shop = createHttpServer((request, response) => {
                hosts.push(request.headers.host);
                response.writeHead(503).end();
            });
            await new Promise<void>((resolve) => shop.listen(0, "127.0.0.1", resolve));
            const { port } = shop.address() as { port: number };
            expect(await shown("shop.localhost", port)).to.equal(
                `\nopencart shop: http://shop.localhost:${port}/\nopencart admin: http://shop.localhost:${port}/admin/`,
            );
            expect(hosts).to.deep.equal([`shop.localhost:${port}`]);
            expect(await shown("shop.test", port)).to.include('add "127.0.0.1 shop.test" to the hosts file');
            shop.close();
        });
        it("comes with the command that forwards the port if it does not answer", async () => {
            const port = await freePort();
            const text = await shown("shop.localhost", port);
            expect(text).to.include(`./plinth open opencart/edge dev --port ${port} --service-port http`);
        });
    });

    describe("the stack", () => {
        it("has no load balancer and no public certificates", () => {
            const { instances, ...rest } = new Session("production").config();
            const paths = localProblems({ ...rest, instances }).map(({ path }) => path);
            expect(paths).to.deep.equal(["plinth:instances.opencart.edge.type", "plinth:instances.opencart.tls.mode"]);
            expect(localProblems(new Session("dev").config())).to.deep.equal([]);
            const behind = instances.map((one) => ({ ...one, edge: { type: "shared" as const } }));
            expect(localProblems({ ...rest, instances: behind })[0]!.path).to.equal("plinth:edge.edge.type");
            const gone = instances.map((one) => ({ ...one, state: "removed" as const }));
            expect(localProblems({ ...rest, instances: gone })).to.deep.equal([]);
        });
    });
});
