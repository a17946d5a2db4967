import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { brokenBy, objectYaml, renderStack } from "plinth/testing";
import { stringify } from "yaml";
import { engines } from "../../config/database";
import { instanceFields } from "../../config/fields";
import { containerOf, find, type Sent } from "../support/declare";
import { scratch } from "../support/tools";

const root = join(__dirname, "..", "..");
const read = (...path: string[]) => readFileSync(join(root, ...path), "utf8");

/** The blocks of a language on the page, put together. */
const blocksOf = (language: string): string =>
    [...read("docs", "platforms.md").matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, "g"))]
        .map(([, block]) => block)
        .join("");
const withoutBlankLines = (text: string): string => text.replace(/\n\s*\n/g, "\n");

const services = { database: { topology: "single" }, broker: { topology: "single" } };

describe("docs/platforms.md", () => {
    const { path: folder, clean } = scratch();
    after(clean);
    before(() => writeFileSync(join(folder, "ghost.ts"), blocksOf("ts")));

    it("builds the example, line by line", () => {
        expect(withoutBlankLines(blocksOf("ts"))).to.equal(withoutBlankLines(read("examples", "ghost", "ghost.ts")));
    });
    it("has code that works in a separate folder: the objects are those of the example", async () => {
        const stack = read("tests", "examples", "Pulumi.ghost.yaml");
        writeFileSync(join(folder, "Pulumi.ghost.yaml"), stack.replace("../../examples/ghost/ghost.ts", "./ghost.ts"));
        const { objects } = await renderStack("ghost", { folder });
        const text = objects.map((object) => `---\n${objectYaml(object)}`).join("");
        expect(text).to.equal(read("tests", "examples", "ghost.yaml"));
    });
    it("puts passwords into URLs, with what has a meaning there escaped", async () => {
        const [url, composed] = blocksOf("typescript").split(/(?=const broker)|const migrate/);
        writeFileSync(
            join(folder, "urls.ts"),
            `
import { Broker, broker as brokerConfig, brokerSecrets, Database, databaseOf, databaseSecrets, definePlatform } from "plinth/platform";
import { edgeSecrets, expansion, imagesNamed, instanceFields, literal, publish, Value, variable, WebTier, z } from "plinth/platform";
const images = imagesNamed({ urls: { reference: "urls:1.2", built: true } });
export default definePlatform({
    apiVersion: 1, name: "urls", images, defaults: () => ({}),
    schema: z.strictObject({ platform: z.literal("urls"), ...instanceFields, database: databaseOf(["postgres"]), broker: brokerConfig }),
    secrets: { ...databaseSecrets, ...brokerSecrets, ...edgeSecrets },
    declare: (instance, settings) => {
        const place = { user: "urls", size: "1Gi", resources: { cpu: "1", memory: "1Gi" } };
        const database = new Database(instance, "database", { config: settings.database, database: "urls", ...place });
        const queue = new Broker(instance, "broker", { config: settings.broker, ...place });
        ${url}
        ${composed}
        const container = {
            name: "urls", image: images.urls, ports: { http: 8080 }, resources: { cpu: "50m", memory: "64Mi" },
            probes: { readiness: { tcpSocket: { port: 8080 } } },
            env: { ...connection.env, ...broker.env }, uses: [...connection.uses, ...broker.uses],
        };
        const { service } = new WebTier(instance, "web", { pod: { user: 1000, containers: [container] } });
        publish(instance, [{ host: settings.host, routes: [{ to: service }] }]);
        return { urls: {} };
    },
});`,
        );
        const instance = { platform: "urls", host: "a.example.org", ...services };
        const config = {
            "plinth:platforms": ["./urls.ts"],
            "plinth:cluster": { context: "x" },
            "plinth:instances": { a: instance },
        };
        writeFileSync(join(folder, "Pulumi.urls.yaml"), stringify({ config }));
        const { objects } = await renderStack("urls", {
            folder,
            config: { "plinth:secrets": JSON.stringify({ a: { databasePassword: "a@b/c:1" } }) },
        });
        const all = objects as unknown as Sent[];
        expect(find(all, "Secret", "database-url")["stringData"]).to.deep.equal({
            url: "postgresql://urls:a%40b%2Fc%3A1@database.urls-a.svc.cluster.local:5432/urls",
        });
        expect(containerOf(all, "Deployment", "web", "urls").env).to.deep.include({
            name: "BROKER_URL",
            value: "amqp://$(BROKER)@broker.urls-a.svc.cluster.local/%2F",
        });
        expect(await brokenBy("urls", { folder })).to.deep.equal([]);
    });
    it("lists the keys that every instance has, and the engines", () => {
        const page = read("docs", "platforms.md");
        for (const name of [...Object.keys(instanceFields), ...engines]) expect(page).to.include(`\`${name}\``);
    });
    it("has a test that runs and writes a golden file, and fails after a change", async () => {
        cpSync(join(root, "examples", "ghost", "Pulumi.blog.yaml"), join(folder, "Pulumi.blog.yaml"));
        writeFileSync(join(folder, "ghost.test.js"), blocksOf("js"));
        const mocha = (CI = "") =>
            execa("npx", ["mocha", join(folder, "ghost.test.js")], {
                cwd: root,
                all: true,
                reject: false,
                env: { CI },
            });
        // A pipeline never writes what it compares with.
        expect((await mocha("true")).all).to.include("1 failing");
        const first = await mocha();
        expect(first.exitCode, first.all).to.equal(0);
        expect(first.all).to.include("3 passing");
        const golden = join(folder, "ghost.golden.yaml");
        expect(existsSync(golden)).to.equal(true);
        writeFileSync(golden, readFileSync(golden, "utf8").replace("ghost:6.65.0", "ghost:6.64.0"));
        expect((await mocha()).all).to.include("1 failing");
    }).timeout(120_000);
});
