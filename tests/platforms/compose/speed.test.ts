import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { stringify } from "yaml";
import { write } from "../../support/files";
import { scratch } from "../../support/tools";

const root = join(__dirname, "..", "..", "..");

/** Converts a project in a process of its own, as a command does, and prints the milliseconds of CPU that it took. */
const measured = `
const { renderGiven } = require("./operations/render/rendering");
const { standalone } = require("./operations/compose/standalone");
const start = process.cpuUsage();
renderGiven(standalone({ files: [process.argv[1]] }));
const { user, system } = process.cpuUsage(start);
console.log((user + system) / 1000);
`;

/** A service with what most have: variables, a password, a volume, a file, a health check, and peers that it names. */
const service = (i: number) => ({
    image: `registry.example.org/app-${i}:\${TAG:-1.0}`,
    environment: {
        ...Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`KEY_${n}`, `http://app-${n % (i + 1)}:8080/x`])),
        DB_PASSWORD: "${DB_PASSWORD}",
        DATABASE_URL: `postgres://app:\${DB_PASSWORD}@app-${Math.max(0, i - 1)}:5432/x`,
    },
    expose: [8080, 5432],
    volumes: [`data-${i}:/data`, "./files:/files:ro"],
    depends_on: i > 0 ? { [`app-${i - 1}`]: { condition: "service_healthy" } } : {},
    healthcheck: { test: ["CMD", "true"], interval: "10s" },
    labels: ["a=b", "c=d"],
    deploy: { resources: { limits: { cpus: "0.5", memory: "128M" } } },
});

describe("the conversion of Compose projects", function () {
    this.timeout(600_000);
    const { path, clean } = scratch();
    after(clean);

    /** Milliseconds of CPU for a project with so many services, in a run of its own. */
    function measure(count: number): () => Promise<number> {
        const numbers = Array.from({ length: count }, (_, i) => i);
        const file = `${count}/compose.yaml`;
        write(path, {
            [file]: stringify({
                services: Object.fromEntries(numbers.map((i) => [`app-${i}`, service(i)])),
                volumes: Object.fromEntries(numbers.map((i) => [`data-${i}`, null])),
            }),
            [`${count}/.env`]: "DB_PASSWORD=elephant-7\n",
            [`${count}/files/a.ini`]: "url = http://app-0:8080\n",
        });
        const args = ["--require", "./cli/loader.cjs", "--eval", measured, join(path, file)];
        return async () => Number((await execa(process.execPath, args, { cwd: root })).stdout);
    }

    it("adds less than half a second of CPU to a command for 57 services, and grows with their number", async () => {
        const runs = [1, 57, 100].map(measure);
        const least = [Infinity, Infinity, Infinity];
        const added = () => least[1]! - least[0]!;
        const growth = () => (least[2]! - least[0]!) / added();
        // The least of several runs: whatever else the machine does only adds to them.
        for (let run = 0; run < 12 && (run < 3 || added() >= 500 || growth() >= 2.6); run++)
            for (const [at, once] of runs.entries()) least[at] = Math.min(least[at]!, await once());
        console.log(`        ${least.map(Math.round).join(", ")} ms for 1, 57, 100 services`);
        expect(added(), "ms of CPU").to.be.below(500);
        expect(growth(), "100 services to 57").to.be.below(2.6);
    });
});
