import { readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import type { Context } from "../../../config/kubeconfig";
import type { StackConfig } from "../../../config/stack";
import { bake, builtImages, checkBuilt, checkUnlocked, findDocker, imagesOf } from "../../../operations/images/images";
import { kubectlOn } from "../../../operations/cluster/kubectl";
import { loaderFor } from "../../../operations/images/localCluster";
import { copyImages, mirrored } from "../../../operations/images/mirror";
import { Session } from "../../../operations/session";
import { changeEnvironment } from "../../support/environment";
import { Registry, registryConfig } from "../../support/registry";
import { StandIns } from "../../support/standIns";
import { freePort, program, scratch } from "../../support/tools";

const root = join(__dirname, "..", "..", "..");
const [php, nginx] = ["php", "nginx"].map((part) => `localhost:5000/plinth/opencart-${part}:4.1.0.4`) as [
    string,
    string,
];

/** A copy of the stack dev with another start. */
async function stackWith(folder: string, lines: string) {
    const text = readFileSync(join(root, "Pulumi.dev.yaml"), "utf8");
    writeFileSync(join(folder, "Pulumi.dev.yaml"), text.replace("config:\n", `config:\n  ${lines}\n`));
    return imagesOf(new Session("dev", { folder }));
}

/** How images reach a context for a stack of this configuration, if its cluster answers. */
const loading = (context: Context, config: StackConfig) =>
    loaderFor(context, {
        config: () => config,
        kubectl: () => Promise.resolve(kubectlOn(config, { command: "kubectl", args: [] })),
    });

const failure = (work: Promise<unknown>): Promise<string> =>
    work.then(
        () => "",
        (error: Error) => error.message,
    );

describe("images", function () {
    this.timeout(60_000);
    let folder: ReturnType<typeof scratch>;
    let tools: StandIns;
    let restore: () => void;
    beforeEach(() => {
        folder = scratch();
        tools = new StandIns(folder.path, ["REGISTRY", "HUB", "ADMIN_PATH"]);
        docker();
        restore = changeEnvironment({ PATH: tools.path });
    });
    afterEach(() => {
        restore();
        folder.clean();
    });

    /** docker as it is on a machine with arm64. */
    const docker = (script = "") =>
        tools.add("docker", `case "$*" in "version "*) echo linux/arm64 ;; esac\n${script}`);

    /** The changing calls, without the queries before them. */
    const deeds = () => tools.calls().filter((call) => !/docker (version|buildx version|image inspect)/.test(call));

    const buildx = "docker buildx bake --file images/docker-bake.hcl";

    describe("the mirror", () => {
        it("gets every public image that pods pull from it, and none that is built or named by the user", async () => {
            const stack = await stackWith(folder.path, "plinth:images: { mirror: localhost:5000/mirror }");
            const copies = mirrored(stack);
            const caddy = copies.find(({ to }) => to.includes("/caddy:"))!;
            expect(caddy.from).to.match(/^docker\.io\/library\/caddy:/);
            expect(caddy.to).to.equal(caddy.from.replace("docker.io", "localhost:5000/mirror"));
            expect(copies.filter(({ to }) => to.includes("opencart-"))).to.deep.equal([]);
            await copyImages([caddy]);
            expect(deeds()).to.deep.equal([`docker buildx imagetools create --tag ${caddy.to} ${caddy.from}`]);
        });
        it("must be named", async () => {
            const stack = await stackWith(folder.path, "plinth:labels: {}");
            expect(() => mirrored(stack)).to.throw(
                /Nothing was copied: "dev" has no mirror; set plinth:images\.mirror/,
            );
        });
    });

    describe("the command", function () {
        // Each call loads the whole program.
        this.timeout(300_000);
        async function images(...args: string[]) {
            const { exitCode, stdout, stderr } = await execa(join(root, "plinth"), ["images", ...args], {
                env: {
                    PATH: tools.path,
                    HOME: folder.path,
                    KUBECONFIG: join(folder.path, "kubeconfig"),
                    NO_COLOR: "1",
                },
                extendEnv: false,
                reject: false,
            });
            return { code: exitCode, out: stdout, error: stderr };
        }

        it("builds for docker's own architecture, under the names that the stack's pods pull, and shows the command", async () => {
            const { code, out, error } = await images("build", "production");
            expect(code, error).to.equal(0);
            const settings = "REGISTRY=registry.example.org/plinth ADMIN_PATH=admin";
            const call = `${settings} ${buildx} --load --provenance=false --sbom=false --set *.platform=linux/arm64 opencart-php opencart-nginx`;
            expect(deeds()).to.deep.equal([call]);
            expect(error).to.include(`$ ${settings} ${buildx} --load`);
            for (const { reference } of builtImages(await imagesOf(new Session("production"))))
                expect(out).to.include(`built ${reference}`);
        });
        it("pushes for both architectures, following the bake file; fails with the build", async () => {
            docker('case "$*" in "buildx bake"*) exit 17 ;; esac');
            const { code, out } = await images("push", "production");
            expect(code).to.equal(17);
            expect(out).not.to.include("pushed");
            expect(deeds()).to.deep.equal([
                `REGISTRY=registry.example.org/plinth ADMIN_PATH=admin ${buildx} --push opencart-php opencart-nginx`,
            ]);
        });
        it("names everything that is missing, and exits 1", async () => {
            docker('case "$*" in *version*) echo "Cannot connect to it" >&2; exit 1 ;; esac');
            const { code, error } = await images("build");
            expect(code).to.equal(1);
            expect(error).to.include("Nothing was built. Missing:\n  - docker's daemon: Cannot connect to it");
            expect(error).to.include("docker's plugin buildx");
            expect(error).not.to.match(/\n\s+at /);
            expect(deeds()).to.deep.equal([]);
        });
        it("loads into the cluster of the current context", async () => {
            // A cluster only has to accept connections here.
            const listener = createServer();
            await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
            const server = `https://127.0.0.1:${(listener.address() as { port: number }).port}`;
            writeFileSync(
                join(folder.path, "kubeconfig"),
                JSON.stringify({
                    "current-context": "kind-shop",
                    contexts: [{ name: "kind-shop", context: { cluster: "shop", user: "shop" } }],
                    clusters: [{ name: "shop", cluster: { server } }],
                }),
            );
            try {
                const without = await images("load");
                expect(without.code).to.equal(1);
                expect(without.error).to.include("Nothing was loaded. Missing:\n  - kind: it is not on the PATH");
                tools.add("kind");
                const { code, error } = await images("load");
                expect(code, error).to.equal(0);
                expect(deeds()).to.deep.equal([`kind load docker-image ${php} ${nginx} --name shop`]);
            } finally {
                listener.close();
            }
        });
    });

    describe("to build", () => {
        it("are one or all, for the requested platforms, from the stack's mirror", async () => {
            const stack = await stackWith(folder.path, "plinth:images: {mirror: mirror.example.org/cache/}");
            await bake(stack, { only: ["opencart-nginx"], platforms: ["linux/amd64", "linux/arm64"], push: false });
            expect(deeds()).to.deep.equal([
                `REGISTRY=localhost:5000/plinth HUB=mirror.example.org/cache ADMIN_PATH=admin ${buildx} ` +
                    "--load --provenance=false --sbom=false --set *.platform=linux/amd64 --set *.platform=linux/arm64 opencart-nginx",
            ]);
        });
        it("must be known, as must the platform", async () => {
            const stack = await imagesOf(new Session("dev"));
            const typo = bake(stack, { only: ["opencart-ngnix"], push: false });
            expect(await failure(typo)).to.match(/"opencart-ngnix" is not an image.*did you mean "opencart-nginx"\?/);
            const arm = bake(stack, { platforms: ["arm64"], push: false });
            expect(await failure(arm)).to.include('"arm64" is not a platform');
            expect(deeds()).to.deep.equal([]);
        });
        it("need docker", async () => {
            tools.remove("docker");
            expect(JSON.stringify(await findDocker())).to.include("docker: it is not on the PATH");
        });
        it("are those that the stack file does not replace; a digest alone does not replace one", async () => {
            const built = async (images: string) => {
                const text = `config:\n  plinth:instances:\n    a: {platform: opencart, host: a.localhost, sharedFiles: oneNode, images: ${images}}\n`;
                writeFileSync(join(folder.path, "Pulumi.dev.yaml"), text);
                return builtImages(await imagesOf(new Session("dev", { folder: folder.path }))).map(
                    ({ reference }) => reference,
                );
            };
            expect(await built("{}")).to.deep.equal([php, nginx]);
            expect(await built("{opencart-php: theirs/php:4.1.0.4, opencart-nginx: theirs/nginx:4}")).to.deep.equal([]);
            expect(await built("{opencart-php: theirs/php:4.1.0.4}")).to.deep.equal([nginx]);
            const digest = `sha256:${"0".repeat(64)}`;
            expect(await built(`{opencart-php: "${php}@${digest}"}`)).to.deep.equal([php, nginx]);
            // Only a registry knows what has that digest.
            const locked = await imagesOf(new Session("dev", { folder: folder.path }));
            expect(() => checkUnlocked(locked)).to.throw(`plinth:instances.a.images.opencart-php: ${php}@${digest}`);
            expect(() => checkUnlocked({ ...locked, used: [] })).not.to.throw();
        });
        it("are not the same image with different settings", async () => {
            const shop = (name: string, adminPath: string, more = "") =>
                `    ${name}: {platform: opencart, host: ${name}.localhost, sharedFiles: oneNode, adminPath: ${adminPath}${more}}\n`;
            const build = async (...shops: string[]) => {
                writeFileSync(join(folder.path, "Pulumi.dev.yaml"), `config:\n  plinth:instances:\n${shops.join("")}`);
                return failure(bake(await imagesOf(new Session("dev", { folder: folder.path })), { push: false }));
            };
            expect(await build(shop("a", "office"), shop("b", "back"))).to.include(
                'plinth:instances.a.adminPath is "office" and plinth:instances.b.adminPath is "back"',
            );
            expect(deeds()).to.deep.equal([]);
            const own = ", images: {opencart-php: x/php:4.1.0.4, opencart-nginx: x/nginx:4.1.0.4}";
            expect(await build(shop("a", "office"), shop("b", "back", own))).to.equal("");
            expect(deeds()[0]).to.include("ADMIN_PATH=office docker buildx bake");
        });
    });

    describe("to load", () => {
        const context = { name: "k3s", server: "https://127.0.0.1:6443" };

        it("are loaded by the tools of k3d and minikube, also for a minikube of any name", async () => {
            const { config } = await imagesOf(new Session("dev"));
            const built = [{ name: "opencart-php", reference: php }] as const;
            for (const [tool, given, call] of [
                ["kind", { ...context, name: "kind-a-b" }, `kind load docker-image ${php} --name a-b`],
                ["k3d", { ...context, name: "k3d-shop" }, `k3d image import ${php} --cluster shop`],
                ["minikube", { ...context, name: "minikube" }, `minikube image load ${php} --profile minikube`],
                ["minikube", { ...context, name: "shop", minikube: true }, `minikube image load ${php} --profile shop`],
            ] as const) {
                const loader = loading(given, config);
                tools.remove(tool);
                expect((await loader.check()).map(({ what }) => what)).to.deep.equal([
                    `${tool}: it is not on the PATH`,
                ]);
                tools.add(tool);
                expect(await loader.check()).to.deep.equal([]);
                await loader.load(built);
                expect(deeds()).to.deep.equal([call]);
                tools.add(tool, "exit 3");
                expect(await failure(loader.load(built)))
                    .to.include(`${tool} `)
                    .and.include("failed");
                deeds();
            }
        });
        it("exist already if the cluster uses the local docker, which is verified", async () => {
            const { config } = await imagesOf(new Session("dev"));
            for (const name of ["docker-desktop", "orbstack"]) {
                const loader = loading({ ...context, name }, config);
                expect(await loader.check()).to.deep.equal([]);
                await loader.load([]);
            }
            const rancher = loading({ ...context, name: "rancher-desktop" }, config);
            tools.add("kubectl", "echo docker://28.1.1");
            expect(await rancher.check()).to.deep.equal([]);
            tools.add("kubectl", "echo containerd://2.1.0");
            expect(JSON.stringify(await rancher.check()))
                .to.include("containerd://2.1.0 does not have access to Docker's images")
                .and.include("dockerd (moby)");
            expect(deeds().every((call) => call.startsWith("kubectl "))).to.equal(true);
        });
        it("are never loaded into a remote cluster, and must have been built", async () => {
            const { config } = await imagesOf(new Session("dev"));
            const elsewhere = { name: "production", server: "https://k8s.example.org" };
            expect(() => loading(elsewhere, config)).to.throw(/is not a local cluster.*images push dev/);
            docker('case "$*" in "image inspect"*nginx*) exit 1 ;; esac');
            const missing = await failure(checkBuilt("dev", builtImages(await imagesOf(new Session("dev")))));
            expect(missing).to.include(
                `not in the local Docker:\n  ${nginx}\nBuild them first: ./plinth images build dev`,
            );
        });
        it("are pushed to the registry on this machine, for any other cluster on loopback", async function () {
            const registry = await Registry.start(program(this, "docker-registry"), folder.path);
            try {
                const needed = await stackWith(folder.path, `plinth:images: {registry: ${registry.host}/plinth}`);
                const loader = loading(context, needed.config);
                expect(await loader.check()).to.deep.equal([]);
                await loader.load(builtImages(needed));
                expect(deeds()).to.deep.equal([
                    `docker push ${registry.host}/plinth/opencart-php:4.1.0.4`,
                    `docker push ${registry.host}/plinth/opencart-nginx:4.1.0.4`,
                ]);
            } finally {
                await registry.stop();
            }
        });
        it("wait for that registry, which is started if none answers", async function () {
            const command = program(this, "docker-registry");
            const port = await freePort();
            const pid = join(folder.path, "pid");
            const config = registryConfig(folder.path, port);
            docker(
                `case "$*" in start*) exit 1 ;; run*) sleep 1; ${command} serve ${config} > ${folder.path}/log 2>&1 & echo $! > ${pid} ;; esac`,
            );
            const needed = await stackWith(folder.path, `plinth:images: {registry: localhost:${port}/plinth}`);
            try {
                await loading(context, needed.config).load(builtImages(needed));
                const calls = deeds();
                expect(calls.slice(0, 2)).to.deep.equal([
                    `docker start plinth-registry-${port}`,
                    `docker run --detach --restart unless-stopped --name plinth-registry-${port} ` +
                        `--publish 127.0.0.1:${port}:5000 docker.io/library/registry:3.1.1`,
                ]);
                expect(calls.slice(2).map((call) => call.split("/").at(-1))).to.deep.equal([
                    "opencart-php:4.1.0.4",
                    "opencart-nginx:4.1.0.4",
                ]);
                expect((await fetch(`http://localhost:${port}/v2/`)).status).to.equal(200);
            } finally {
                process.kill(Number(readFileSync(pid, "utf8")));
            }
        });
        it("are not pushed to anything but a local registry", async () => {
            const other = createHttpServer((_, response) => response.writeHead(403).end());
            await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
            try {
                const taken = `localhost:${(other.address() as { port: number }).port}`;
                const needed = await stackWith(folder.path, `plinth:images: {registry: ${taken}/plinth}`);
                expect(await failure(loading(context, needed.config).load(builtImages(needed)))).to.match(
                    /is not a registry \(status 403\).*localhost:5001/,
                );
                const away = await stackWith(folder.path, "plinth:images: {registry: registry.example.org/plinth}");
                expect(await failure(loading(context, away.config).check())).to.include("./plinth images push dev");
                expect(deeds()).to.deep.equal([]);
            } finally {
                other.close();
            }
        });
    });
});
