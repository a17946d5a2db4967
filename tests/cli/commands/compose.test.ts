import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { checkProject } from "../../../operations/compose/check";
import { standalone } from "../../../operations/compose/standalone";
import { addInstance } from "../../../operations/instances/addInstance";
import { writeRendering } from "../../../operations/render/manifests";
import { renderGiven } from "../../../operations/render/rendering";
import { Session } from "../../../operations/session";
import { scratch } from "../../support/tools";

const projects = join(__dirname, "..", "..", "platforms", "compose", "projects");
const board = join(projects, "board", "compose.yaml");

describe("compose check", () => {
    it("tells what becomes of each service and volume, and which would fit restricted", () => {
        const { services, volumes, secrets, warnings } = checkProject({ files: [board] });
        const of = (name: string) => services.find(({ service }) => service === name)!;
        expect(of("web")).to.deep.include({ becomes: "Deployment web", names: ["web:3000"], claims: ["uploads"] });
        expect(of("db").becomes).to.equal("StatefulSet db");
        expect(services.filter(({ lacks }) => lacks.length === 0).map(({ service }) => service)).to.deep.equal([
            "cache",
        ]);
        expect(volumes).to.deep.equal([
            ["db-data", "20Gi", "ReadWriteOnce"],
            ["uploads", "5Gi", "ReadWriteOnce"],
        ]);
        expect(secrets).to.include.members(["BOARD_DB_PASSWORD", "CACHE_PASSWORD", "SESSION_SECRET"]);
        expect(warnings).to.deep.equal([]);
    });
    it("tells of a service in another one's pod, and what has no counterpart", () => {
        const { services, warnings } = checkProject({ files: [join(projects, "fleet", "docker-compose.yml")] });
        expect(services.find(({ service }) => service === "probe")!.becomes).to.equal("in the pod of gateway");
        expect(warnings.join("\n")).to.include("docker-compose.yml:36:9: services.probe.ulimits: has no counterpart");
    });
});

describe("render --compose", () => {
    it("writes the objects of a project without a stack, and no secret", () => {
        const { path, clean } = scratch();
        const files = writeRendering(renderGiven(standalone({ files: [board] })), join(path, "out"), false);
        expect(files).to.include("compose-board/deployment-web.yaml");
        const secret = readFileSync(join(path, "out", "compose-board", "secret-db-env.yaml"), "utf8");
        expect(secret).not.to.include("elephant");
        expect(readdirSync(join(path, "out", "compose-board"))).to.include("networkpolicy-network-default.yaml");
        clean();
    });
});

describe("instance add --compose", () => {
    it("writes an instance with the files' paths from the stack file", async () => {
        const { path: folder, clean } = scratch();
        writeFileSync(join(folder, "Pulumi.dev.yaml"), "config:\n  plinth:instances: {}\n");
        mkdirSync(join(folder, "shop"));
        writeFileSync(
            join(folder, "shop", "compose.yaml"),
            "services: { web: { image: 'nginx:1.29', ports: ['80'] } }\n",
        );
        const add = () =>
            addInstance(new Session("dev", { folder }), "shop", {
                host: "shop.example.org",
                compose: [join(folder, "shop", "compose.yaml")],
            });
        await add();
        const [instance] = new Session("dev", { folder }).config().instances;
        expect(instance).to.deep.include({ platform: "compose", file: ["shop/compose.yaml"] });
        writeFileSync(join(folder, "Pulumi.dev.yaml"), "config:\n  plinth:instances: {}\n");
        writeFileSync(
            join(folder, "shop", "compose.yaml"),
            "services: { web: { image: 'nginx:1.29', prots: ['80'] } }\n",
        );
        let message = "";
        await add().catch((error: Error) => (message = error.message));
        expect(message).to.match(/compose\.yaml:1:\d+: services\.web\.prots: is no key here; did you mean "ports"\?/);
        clean();
    });
}).timeout(60_000);
