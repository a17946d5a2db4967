import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { parse } from "yaml";
import { isBuilt } from "../../../sandbox";
import { write } from "../../support/files";
import { Project } from "../../support/project";
import { program } from "../../support/tools";

const compose = `
name: shop
services:
  web:
    image: registry.example.org/shop:1
    ports: ["8080:8080"]
    environment: { DATABASE_URL: "postgres://shop:\${DB_PASSWORD}@shop_db:5432/shop" }
    depends_on: { migrate: { condition: service_completed_successfully } }
  migrate:
    image: registry.example.org/shop:1
    command: migrate
    depends_on: { shop_db: { condition: service_healthy } }
  shop_db:
    image: postgres:17
    environment: { POSTGRES_PASSWORD: "\${DB_PASSWORD}" }
    volumes: [rows:/var/lib/postgresql/data]
    healthcheck: { test: [CMD, pg_isready] }
  tidy: { image: "registry.example.org/shop:1", command: tidy, restart: "no" }
volumes: { rows: {} }
`;

interface Instance {
    readonly file: string;
    readonly replicas?: object;
    readonly volumeType?: string;
}

describe("launch --compose, on the sandbox", function () {
    this.timeout(600_000);
    let project: Project;
    before(function () {
        this.timeout(1_200_000);
        if (!isBuilt()) program(this, "go");
        // Without the Pulumi CLI, and without any cluster but the sandbox.
        project = new Project({ kubeconfig: "/nonexistent", bin: "/usr/bin" });
        project.write("dev", {
            "plinth:cluster": { loadBalancer: false, metrics: false },
            "plinth:defaults": { tls: { mode: "off" }, edge: { type: "ClusterIP" } },
            "plinth:instances": {},
        });
        write(project.path, { "shop/compose.yaml": compose, "shop/.env": "DB_PASSWORD=elephant-7\n" });
    });
    after(async () => {
        await project?.plinth("sandbox", "down");
        project?.clean();
    });
    const launch = (...args: string[]) =>
        project.plinth("launch", "--sandbox", "--compose", join("shop", "compose.yaml"), ...args);
    const instance = () => {
        const { config } = parse(readFileSync(join(project.path, "Pulumi.dev.yaml"), "utf8")) as {
            config: { "plinth:instances": { shop: Instance } };
        };
        return config["plinth:instances"].shop;
    };
    const kubectl = async (...args: string[]) => {
        const folder = join(project.path, ".plinth", "sandbox");
        const all = ["--kubeconfig", join(folder, "kubeconfig"), "--namespace", "compose-shop", ...args];
        return (await execa(join(folder, "bin", "kubectl"), all)).stdout;
    };

    it("refuses what is no project, and changes nothing", async () => {
        write(project.path, { "bad/compose.yaml": "services:\n  web: {image: a, prots: [80]}\n" });
        const { code, all } = await project.plinth("launch", "--compose", join("bad", "compose.yaml"));
        expect(code).to.equal(1);
        expect(all).to.include('compose.yaml:2:19: services.web.prots: is no key here; did you mean "ports"?');
        const alone = await project.plinth("launch", "--replicas", "3");
        expect(alone.all).to.include("--replicas belong to --compose FILE");
        expect(instance()).to.equal(undefined);
    });
    it("starts a project as it is, with several pods of each service that keeps no data", async () => {
        const { code, all } = await launch("--replicas", "3", "--volumes", "hostPath");
        expect(code, all).to.equal(0);
        expect(instance()).to.deep.include({ file: "shop/compose.yaml", replicas: { web: 3 }, volumeType: "hostPath" });
        expect(all).to.include("http://shop.localhost/").and.not.include("elephant-7");
        const ready = await kubectl(
            "get",
            "deployments,statefulsets",
            "-o",
            "jsonpath={range .items[*]}{.metadata.name}={.status.readyReplicas} {end}",
        );
        expect(ready.trim().split(" ")).to.have.members(["edge=1", "migrate=1", "web=3", "shop-db=1"]);
        const volume = await kubectl(
            "get",
            "persistentvolume",
            "rows.compose-shop",
            "-o",
            "jsonpath={.spec.hostPath.path} {.status.phase}",
        );
        expect(volume).to.equal("/var/lib/plinth/compose-shop/rows Bound");
    });
    it("follows the file at the next launch, and leaves options to the stack file", async () => {
        write(project.path, { "shop/compose.yaml": compose.replace("shop:1\n    ports", "shop:2\n    ports") });
        const { code, all } = await launch("--replicas", "5");
        expect(code, all).to.equal(0);
        expect(all).to.include('"shop" is in Pulumi.dev.yaml already: change its host, replicas and volumeType there.');
        expect(
            await kubectl(
                "get",
                "deployment",
                "web",
                "-o",
                "jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image}",
            ),
        ).to.equal("3 registry.example.org/shop:2");
    });
});
