import { join } from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import { loadProject } from "../../compose";
import { env, writeProject } from "../support/composeProjects";
import { scratch } from "../support/tools";

const folder = join(__dirname, "cases");
const load = (name: string) => loadProject({ folder: join(folder, name), env });

describe("a project that was read", () => {
    it("tells where its values are written", () => {
        const { sources, project } = load("merge");
        expect(sources.at(["services", "app", "image"])).to.deep.equal({ file: "compose.yaml", line: 4, column: 5 });
        expect(sources.at(["services", "app", "command"])).to.deep.include({ file: "compose.override.yaml", line: 3 });
        const ports = project.services["app"]!.ports!;
        const last = ports.findIndex(({ published }) => published === "9191");
        expect(sources.at(["services", "app", "ports", last])).to.deep.include({ file: "compose.override.yaml" });
        expect(sources.at(["services", "app", "environment", "E"])).to.deep.equal({
            file: "a.env",
            line: 1,
            column: 1,
        });
        expect(sources.at(["services", "app", "environment", "C"])).to.deep.include({
            file: "compose.override.yaml",
            line: 5,
        });
    });

    it("takes nothing from this process", () => {
        process.env["PLINTH_TEST_TAG"] = "leaked";
        try {
            const { path, clean } = scratch();
            writeProject(path, {
                "compose.yaml": "services: {a: {image: 'a:${PLINTH_TEST_TAG}', volumes: ['~/a:/a']}}",
            });
            const { project, warnings } = loadProject({ folder: path });
            clean();
            expect(project.services["a"]!.image).to.equal("a:");
            expect(project.services["a"]!.volumes![0]!.source).to.equal(join(path, "~/a"));
            expect(warnings.map(({ place, message }) => [place.line, message])).to.deep.equal([
                [1, "the variable PLINTH_TEST_TAG is not set, and is taken as empty"],
            ]);
        } finally {
            delete process.env["PLINTH_TEST_TAG"];
        }
    });

    it("names all files that were read, and only those", () => {
        const { files } = load("include");
        const names = ["compose", "sub/compose", "shared/compose", "other/compose", "other/over"].map(
            (name) => `${name}.yaml`,
        );
        expect(files.map((file) => file.slice(folder.length + "/include/".length)).sort()).to.deep.equal(
            [...names, "sub/.env", "other/vars.env"].sort(),
        );
    });

    it("reads a port of YAML 1.1's base 60 as it is written", () => {
        const { path, clean } = scratch();
        writeProject(path, { "compose.yaml": "services:\n  a:\n    image: a\n    ports:\n      - 22:22\n" });
        const { project } = loadProject({ folder: path });
        clean();
        expect(project.services["a"]!.ports).to.deep.equal([
            { mode: "ingress", target: 22, published: "22", protocol: "tcp" },
        ]);
    });

    it("takes time in proportion to its services, and little of it", function () {
        this.timeout(300_000);
        const { path, clean } = scratch();
        const service = (i: number) => ({
            image: `registry.example.org/app-${i}:\${TAG:-1.0}`,
            environment: Object.fromEntries(
                Array.from({ length: 20 }, (_, n) => [`KEY_${n}`, `http://app-${n}:\${PORT}/x`]),
            ),
            ports: [`${8000 + i}:80`],
            volumes: [`data-${i}:/data`, "./files:/files:ro"],
            depends_on: i > 0 ? { [`app-${i - 1}`]: { condition: "service_healthy" } } : {},
            healthcheck: { test: ["CMD", "true"], interval: "10s" },
            labels: ["a=b", "c=d"],
            deploy: { resources: { limits: { cpus: "0.5", memory: "128M" } } },
        });
        const cost = (count: number): number => {
            const numbers = Array.from({ length: count }, (_, i) => i);
            const name = `compose-${count}.yaml`;
            writeProject(path, {
                [name]: stringify({
                    services: Object.fromEntries(numbers.map((i) => [`app-${i}`, service(i)])),
                    volumes: Object.fromEntries(numbers.map((i) => [`data-${i}`, null])),
                }),
            });
            const once = (): number => {
                const start = process.cpuUsage();
                loadProject({ folder: path, files: [name], env });
                const { user, system } = process.cpuUsage(start);
                return (user + system) / 1000;
            };
            return Math.min(once(), once(), once());
        };
        // The first load also compiles the code, which is kept between commands.
        const usual = cost(57);
        const [fifty, hundred] = [cost(50), cost(100)];
        clean();
        expect(usual, "ms of CPU for 57 services").to.be.below(500);
        expect(hundred / fifty, "100 services to 50").to.be.below(3.2);
    });
});
