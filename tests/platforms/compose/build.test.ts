import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { bake, builtImages, imagesOf } from "../../../operations/images/images";
import { mirrored } from "../../../operations/images/mirror";
import { Session } from "../../../operations/session";
import { changeEnvironment } from "../../support/environment";
import { write } from "../../support/files";
import { StandIns } from "../../support/standIns";
import { scratch } from "../../support/tools";
import { convert, refusalOf } from "./support";

const files = { Dockerfile: "FROM scratch\n", "api/Dockerfile": "FROM scratch\n" };
const page = (build: unknown, more = {}) => ({ services: { web: { build, ports: ["80"], ...more } } });

describe("images that a Compose project builds", () => {
    const imageOf = (compose: object, args = {}) =>
        convert(compose, { files, ...args }).container("Deployment", "web").image;

    it("are pulled from the stack's registry, by a tag that follows the build", () => {
        const images = { registry: "registry.example.org/shop" };
        const project = (build: unknown) => imageOf(page(build), { values: { images } }) as string;
        expect(project(".")).to.match(/^registry\.example\.org\/shop\/[\w-]+-web:0-[0-9a-f]{10}$/);
        const tag = (build: unknown) => project(build).split(":")[1];
        expect(tag({ context: ".", args: { A: "1" } })).not.to.equal(tag({ context: ".", args: { A: "2" } }));
        expect(tag({ context: "./api" })).to.equal(tag("api"));
        expect(tag(".")).not.to.equal(
            (imageOf(page("."), { files: { Dockerfile: "FROM scratch\nUSER 1\n" } }) as string).split(":").at(-1),
        );
    });
    it("have the name and tag that the project gives them, where they are built", () => {
        const named = (more: object) => imageOf({ name: "shop", ...page(".", { image: "me/page:1.4", ...more }) });
        expect(named({})).to.equal("docker.io/me/page:1.4");
        expect(named({ pull_policy: "build" })).to.equal("localhost:5000/plinth/me/page:1.4");
        expect(named({ "x-plinth": { build: true } })).to.equal("localhost:5000/plinth/me/page:1.4");
        const untagged = page(".", { image: "quay.io/me/page", pull_policy: "build" });
        expect(imageOf(untagged)).to.match(/^localhost:5000\/plinth\/me\/page:0-[0-9a-f]{10}$/);
    });
    it("are refused where a cluster could not pull them, or Docker could not build them", () => {
        const production = { stack: "production", values: { cluster: { context: "production" } } };
        expect(refusalOf(page("."), { files, ...production })).to.match(
            /compose\.yaml:3:5: services\.web\.build: is built here, and the cluster cannot pull it from localhost:5000\/plinth: set plinth:images\.registry, or set images\.web of shop/,
        );
        const registry = { values: { ...production.values, images: { registry: "registry.example.org" } } };
        expect(refusalOf(page("."), { files, ...production, ...registry })).not.to.include("services.web.build");
        expect(refusalOf(page("./gone"), { files })).to.match(/services\.web\.build\.context: .*\/gone does not exist/);
        expect(refusalOf(page("."))).to.match(/services\.web\.build: .* has no Dockerfile/);
        expect(refusalOf(page({ context: ".", dockerfile_inline: "FROM scratch" }))).to.equal("");
        expect(refusalOf(page("https://git.example.org/page.git"))).to.equal("");
        const own = { instance: { images: { web: "registry.example.org/web:3" } } };
        expect(imageOf(page("./gone"), own)).to.equal("registry.example.org/web:3");
    });
    it("get no secret that only the cluster knows", () => {
        const values = { secrets: { shop: { TOKEN: "hidden-8" } } };
        const build = { context: ".", args: { TOKEN: "${TOKEN}" } };
        expect(refusalOf(page(build), { files, values })).to.include(
            "services.web.build.args.TOKEN: has the value of TOKEN in plinth:secrets",
        );
    });

    describe("by docker", () => {
        let folder: ReturnType<typeof scratch>;
        let tools: StandIns;
        let restore: () => void;
        beforeEach(() => {
            folder = scratch();
            tools = new StandIns(folder.path, ["REGISTRY"]);
            tools.add("docker");
            restore = changeEnvironment({ PATH: tools.path });
        });
        afterEach(() => {
            restore();
            folder.clean();
        });
        const stackOf = async (compose: string, registry = "registry.example.org/shop") => {
            write(folder.path, {
                ...files,
                "compose.yaml": compose,
                "Pulumi.dev.yaml": `config:\n  plinth:images: {registry: ${registry}, mirror: mirror.example.org}\n  plinth:instances:\n    shop: {platform: compose, host: shop.localhost, file: compose.yaml}\n`,
            });
            return imagesOf(new Session("dev", { folder: folder.path }));
        };

        it("are targets as the project says, beside those of this program", async () => {
            const stack = await stackOf(`
name: shop
services:
  web:
    image: page:2
    pull_policy: build
    build:
      context: .
      target: final
      args: { VERSION: "2", FROM_OUTSIDE: }
      additional_contexts: { base: "service:api" }
      secrets: [{ source: token, target: npm }, key]
      ssh: [default]
      platforms: [linux/amd64]
      provenance: mode=max
      sbom: false
      shm_size: 64m
      ulimits: { nofile: 1024, nproc: { soft: 1, hard: 2 } }
      extra_hosts: ["a.example.org:192.0.2.1"]
      tags: ["registry.example.org/page:latest"]
    ports: ["80"]
  api:
    build: ./api
  cache:
    image: valkey/valkey:9
secrets:
  token: { environment: NPM_TOKEN }
  key: { file: ./key.pem }
`);
            const built = builtImages(stack);
            expect(built.map(({ name }) => name)).to.deep.equal(["web", "api"]);
            await bake(stack, { push: true });
            const [call] = tools.calls().filter((one) => one.includes("buildx bake"));
            const [, file] = /--file images\/docker-bake\.hcl --file (\S+) --push page-2 shop-api-0-[0-9a-f]{10}$/.exec(
                call!,
            )!;
            const { target } = JSON.parse(readFileSync(join(__dirname, "..", "..", "..", file!), "utf8")) as {
                target: Record<string, { context: string; contexts: object }>;
            };
            const api = Object.keys(target)[1]!;
            expect(target["page-2"]).to.deep.equal({
                context: folder.path,
                dockerfile: "Dockerfile",
                target: "final",
                args: { VERSION: "2" },
                contexts: { base: `target:${api}` },
                "shm-size": "67108864",
                "extra-hosts": { "a.example.org": "192.0.2.1" },
                ulimits: ["nofile=1024", "nproc=1:2"],
                platforms: ["linux/amd64"],
                ssh: ["default"],
                secret: ["id=npm,env=NPM_TOKEN", `id=key,src=${join(folder.path, "key.pem")}`],
                attest: ["type=provenance,mode=max", "type=sbom,disabled=true"],
                tags: ["registry.example.org/shop/page:2", "registry.example.org/page:latest"],
            });
            expect(target[api]!.context).to.equal(join(folder.path, "api"));
            // What Docker Hub has is copied to its mirror, what is built is not.
            expect(mirrored(stack).map(({ from }) => from)).to.include("docker.io/valkey/valkey:9");
            expect(mirrored(stack).filter(({ to }) => to.includes("shop-api"))).to.deep.equal([]);
        });
        it("can be built one by one, by the service's name", async () => {
            const stack = await stackOf("services: {web: {build: .}, api: {build: ./api}}");
            const some = await bake(stack, { only: ["api"], push: false });
            expect(some.map(({ name }) => name)).to.deep.equal(["api"]);
        });
    });
}).timeout(120_000);
