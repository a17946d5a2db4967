import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { stringify } from "yaml";
import { addInstance } from "../../operations/instances/addInstance";
import { imagesOf } from "../../operations/images/images";
import { renderStack } from "../../operations/render/rendering";
import { secretKeys } from "../../operations/secrets/secrets";
import { Session } from "../../operations/session";
import { allPlatforms } from "../../operations/stackfile/stackConfig";
import { platforms } from "../../platforms";
import { problemsOf } from "../support/declare";
import { scratch } from "../support/tools";

const root = join(__dirname, "..", "..");

const wiki = (name: string, how = "export default ", api = "apiVersion: 1,") => `
import { definePlatform, edgeSecrets, imagesNamed, instanceFields, publish, WebTier, z } from "plinth/platform";
const images = imagesNamed({ "${name}": { reference: "wiki:1.2", built: true } });
enum Port { Http = 8080 }
${how}definePlatform({
    ${api}
    name: "${name}",
    schema: z.strictObject({ platform: z.literal("${name}"), ...instanceFields, language: z.enum(["en", "de"]).default("en") }),
    images,
    defaults: () => ({}),
    secrets: { wikiToken: "Token of the wiki", ...edgeSecrets },
    declare: (instance, { host, language }) => {
        const token = instance.secret(instance.owner, "token", { token: instance.password("token", "wikiToken") }).token;
        const web = new WebTier(instance, "web", {
            pod: {
                user: 1000,
                containers: [
                    {
                        name: "wiki",
                        image: images["${name}"],
                        ports: { http: Port.Http as number },
                        resources: { cpu: "50m", memory: "64Mi" },
                        env: { LANGUAGE: language, TOKEN: token },
                        probes: { readiness: { tcpSocket: { port: 8080 } } },
                    },
                ],
            },
        });
        publish(instance, [{ host, routes: [{ to: web.service }] }]);
        return { urls: { wiki: \`http://\${host}/\` } };
    },
});
`;

describe("platforms from elsewhere", () => {
    const { path: folder, clean } = scratch();
    after(clean);
    const write = (file: string, text: string) => {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        writeFileSync(join(folder, file), text);
    };
    const stack = (name: string, sources: unknown, instances: object = {}) =>
        write(
            `Pulumi.${name}.yaml`,
            stringify({
                config: {
                    ...(sources === undefined ? {} : { "plinth:platforms": sources }),
                    "plinth:cluster": { context: "x" },
                    "plinth:instances": instances,
                },
            }),
        );
    const one = (platform: string) => ({ one: { platform, host: "one.example.org" } });
    const problems = async (sources: unknown) => {
        stack("wrong", sources);
        return problemsOf(renderStack("wrong", { folder }));
    };
    before(() => {
        write("wiki.ts", wiki("wiki"));
        write("named.ts", wiki("named", "export const platform = "));
        write("list.ts", `import named from "./wiki";\nexport default [named];\n`);
        write("node_modules/@acme/plinth-docs/package.json", '{ "name": "@acme/plinth-docs", "main": "index.ts" }');
        write("node_modules/@acme/plinth-docs/index.ts", wiki("docs"));
        // A package's own dependencies do not replace the interfaces of its platform.
        write("node_modules/@acme/plinth-docs/node_modules/plinth/package.json", '{ "name": "plinth" }');
    });

    it("are files and packages, and one file may define several", async () => {
        stack("all", ["./wiki.ts", join(folder, "named.ts"), "./list.ts", "@acme/plinth-docs"], {
            ...one("wiki"),
            two: { platform: "named", host: "two.example.org" },
            three: { platform: "docs", host: "three.example.org" },
        });
        const { outputs } = await renderStack("all", { folder });
        expect(Object.values(outputs.instances).map(({ platform }) => platform)).to.have.members([
            "wiki",
            "named",
            "docs",
        ]);
    });

    it("work like built-in ones: schema, secrets, images, new instances, the configuration", async () => {
        stack("all", ["./wiki.ts"], one("wiki"));
        const session = new Session("all", { folder });
        expect(session.config().platforms).to.deep.equal(["./wiki.ts"]);
        expect(secretKeys(session).map(({ key }) => key)).to.include("wikiToken");
        const { used } = await imagesOf(session);
        expect(used.find(({ name }) => name === "wiki")).to.include({ own: "localhost:5000/plinth/wiki:1.2" });
        const { diff } = await addInstance(session, "two", { platform: "wiki", host: "two.example.org" });
        expect(diff.join("\n")).to.include("two");
        expect(
            await problemsOf(addInstance(session.refreshed(), "three", { platform: "wikki", host: "x.example.org" })),
        )
            .to.include('"wikki"')
            .and.include('did you mean "wiki"?')
            .and.include(`allowed: ${[...Object.keys(platforms), "wiki"].join(", ")}`);
        expect(Object.keys(allPlatforms(folder))).to.include.members([...Object.keys(platforms), "wiki"]);
    });

    it("are found through Pulumi.yaml, for stacks that name none", async () => {
        write(
            "shared/Pulumi.yaml",
            stringify({ name: "plinth", config: { "plinth:platforms": { value: ["../wiki.ts"] } } }),
        );
        write(
            "shared/Pulumi.one.yaml",
            stringify({ config: { "plinth:cluster": { context: "x" }, "plinth:instances": one("wiki") } }),
        );
        const { outputs } = await renderStack("one", { folder: join(folder, "shared") });
        expect(outputs.instances["one"]?.platform).to.equal("wiki");
    });

    it("are loaded by a checkout's own command, also from ES modules", async () => {
        write("esm/package.json", '{ "name": "mine", "type": "module" }');
        write("esm/wiki.ts", wiki("wiki"));
        stack("esm", ["./esm/wiki.ts"], one("wiki"));
        const { objects } = await renderStack("esm", { folder });
        expect(objects).not.to.have.length(0);
        const checkout = join(folder, "checkout");
        for (const part of ["cli", "operations", "components", "config", "compose", "platforms", "sandbox"])
            cpSync(join(root, part), join(checkout, part), { recursive: true });
        for (const file of ["package.json", "Pulumi.yaml"]) cpSync(join(root, file), join(checkout, file));
        symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"));
        writeFileSync(
            join(checkout, "Pulumi.dev.yaml"),
            stringify({ config: { "plinth:platforms": ["../wiki.ts"], "plinth:instances": one("wiki") } }),
        );
        const plinth = (...args: string[]) =>
            execa(process.execPath, [join(checkout, "cli", "plinth.cjs"), ...args], { cwd: checkout });
        expect((await plinth("config", "check", "dev")).stdout).to.match(/^dev: 1 instance/);
        expect((await plinth("config", "schema")).stdout).to.include('"wikiToken"');
        expect((await plinth("instance", "list", "dev")).stdout).to.match(/one +wiki/);
    }).timeout(240_000);

    it("are loaded in the engine's program, from the engine's folder", async () => {
        const context = { name: "x", context: { cluster: "x", user: "x" } };
        const cluster = { name: "x", cluster: { server: "https://192.0.2.1" } };
        const kubeconfig = { apiVersion: "v1", kind: "Config", contexts: [context], clusters: [cluster], users: [] };
        write("kubeconfig", stringify(kubeconfig));
        write("engine/wiki.ts", wiki("wiki"));
        // As run by the engine's Node host, with mocks instead of the engine.
        const program = `
            const pulumi = require("@pulumi/pulumi");
            const mocks = { call: ({ inputs }) => inputs, newResource: ({ name, inputs }) => ({ id: name, state: inputs }) };
            pulumi.runtime.setMocks(mocks, "plinth", "one", true).then(() => {
                pulumi.runtime.setAllConfig(${JSON.stringify({
                    "plinth:cluster": JSON.stringify({ context: "x" }),
                    "plinth:platforms": JSON.stringify(["./wiki.ts"]),
                    "plinth:instances": JSON.stringify(one("wiki")),
                })});
                return pulumi.runtime.runInPulumiStack(async () => console.log(Object.keys(require("./index.ts")().instances)));
            });`;
        const run = execa(process.execPath, ["--require", "./cli/loader.cjs", "--eval", program], {
            cwd: root,
            env: { PULUMI_NODEJS_ROOT_DIRECTORY: join(folder, "engine"), KUBECONFIG: join(folder, "kubeconfig") },
        });
        expect((await run).stdout).to.include("[ 'one' ]");
    }).timeout(240_000);

    describe("with mistakes of their own", () => {
        const failing = async (file: string, change: (text: string) => string) => {
            write(file, change(wiki("wiki")));
            stack("wrong", [`./${file}`], { ...one("wiki"), two: { platform: "wiki", host: "two.example.org" } });
            return problemsOf(renderStack("wrong", { folder }));
        };
        it("report what they throw for each instance, with file and line, without a stack trace", async () => {
            const keyed = await failing("keyed.ts", (text) => text.replace('"wikiToken")', '"wikiTokn")'));
            for (const name of ["one", "two"])
                expect(keyed).to.include(
                    `plinth:instances.${name}: the platform wiki failed in ${join(folder, "keyed.ts")}, line 13: ` +
                        'the platform wiki does not declare a secret "wikiTokn"; did you mean "wikiToken"?',
                );
            const typed = await failing("typed.ts", (text) => text.replace("LANGUAGE: language", "A: host.a.b"));
            expect(typed).to.include("Cannot read properties of undefined (reading 'b')");
            expect(keyed + typed).not.to.match(/^\s+at /m);
        });
        it("name the line however short the process keeps its traces, and however deep it was thrown", async () => {
            const deep = `((function down(n: number): string { if (n > 0) return down(n - 1) + ""; throw new Error("deep"); })(30))`;
            const { stackTraceLimit } = Error;
            Error.stackTraceLimit = 1;
            try {
                const short = await failing("short.ts", (text) => text.replace('"wikiToken")', '"wikiTokn")'));
                expect(short).to.include(`failed in ${join(folder, "short.ts")}, line 13: `);
                expect(Error.stackTraceLimit).to.equal(1);
            } finally {
                Error.stackTraceLimit = stackTraceLimit;
            }
            write("node_modules/deep/index.ts", `export const fail = (): string => ${deep};\n`);
            const far = await failing("far.ts", (text) =>
                `import { fail } from "deep";${text}`.replace("LANGUAGE: language", "LANGUAGE: fail()"),
            );
            expect(far).to.match(/failed in .*far\.ts, line 23: deep/);
        });
        it("are refused for unknown engines, topologies and policies", async () => {
            const database = (how: string) => (text: string) =>
                text
                    .replace("import { ", "import { cacheOf, databaseOf, ")
                    .replace("...instanceFields,", `...instanceFields, service: ${how},`);
            expect(await failing("engine.ts", database('databaseOf(["postgresql"])'))).to.include(
                '"postgresql" is not a known engine of a database; did you mean "postgres"?; allowed: mariadb, mysql, postgres',
            );
            expect(await failing("topology.ts", database('databaseOf(["mysql"], ["double"])'))).to.include(
                '"double" is not a known topology of a database; allowed: single, replicated, galera, operator, external',
            );
            expect(await failing("policy.ts", database('cacheOf({ policies: ["lru"] })'))).to.include(
                '"lru" is not a known policy of a cache',
            );
        });
        it("are refused if they redefine or lack a key that every instance has", async () => {
            const own = (text: string) => text.replace("...instanceFields,", "...instanceFields, replicas: z.int(),");
            expect(await failing("own.ts", own)).to.include(
                'the schema of the platform wiki has a key "replicas" of its own, and replicas is a key that every instance has',
            );
            const lacks = (text: string) => text.replace("...instanceFields,", "host: instanceFields.host,");
            expect(await failing("lacks.ts", lacks)).to.include(
                'the schema of the platform wiki lacks "namespace", which every instance has; add ...instanceFields',
            );
        });
        it("are refused `egress` that none of their components uses", async () => {
            write("wiki.ts", wiki("wiki"));
            const way = { egress: [{ ports: [443] }] };
            stack("egress", ["./wiki.ts"], { one: { ...one("wiki").one, ...way } });
            expect(await problemsOf(renderStack("egress", { folder }))).to.include(
                "plinth:instances.one.egress: matches nothing: no component of the platform wiki uses it",
            );
            write("open.ts", wiki("wiki").replace('"web", {', '"web", { networkRules: instance.egress([]),'));
            stack("egress", ["./open.ts"], { one: { ...one("wiki").one, ...way } });
            expect(await problemsOf(renderStack("egress", { folder }))).to.equal("");
        });
    });

    it("work with stack files in another folder, which is named if the file is missing", async () => {
        expect(await problemsOf(renderStack("gone", { folder }))).to.include(
            `the stack file Pulumi.gone.yaml does not exist in ${folder}`,
        );
    });

    describe("are refused, with key and value", () => {
        it("if they do not exist", async () => {
            expect(await problems(["./gone.ts"])).to.include(
                `plinth:platforms.0: "./gone.ts" was not found in ${folder}`,
            );
            expect(await problems(["./wiki.ts", "platforms/wiki.ts"])).to.match(
                /plinth:platforms\.1: "platforms\/wiki\.ts" was not found as an npm package .*begins with \.\/ or \.\.\//,
            );
        });
        it("if they do not load, without a stack trace", async () => {
            write("throws.ts", 'throw new Error("no licence\\n    at somewhere");');
            write("broken.ts", "export default {;\n");
            write("lacks.ts", 'import "plinth/nothing";\n');
            const message = await problems(["./throws.ts", "./broken.ts", "./lacks.ts"]);
            expect(message).to.include(
                `plinth:platforms.0: "./throws.ts" could not be loaded from ${join(folder, "throws.ts")}: no licence`,
            );
            expect(message).to.match(/plinth:platforms\.1: "\.\/broken\.ts" could not be loaded from .*\(\d+:\d+\)/);
            expect(message).to.match(/plinth:platforms\.2: "\.\/lacks\.ts" could not be loaded from .*'\.\/nothing'/);
            expect(message).not.to.match(/^\s+at /m);
        });
        it("if they are not platforms", async () => {
            write("none.ts", "export default { name: 'wiki' };\n");
            expect(await problems(["./none.ts"])).to.include('plinth:platforms.0: "./none.ts" exports no platform');
        });
        it("if another one has the same name", async () => {
            write("again.ts", wiki("wiki"));
            write("shop.ts", wiki("opencart"));
            const message = await problems(["./wiki.ts", "./again.ts", "./shop.ts"]);
            expect(message).to.include('plinth:platforms.1: "./again.ts" has a platform named "wiki", and there is');
            expect(message).to.include('plinth:platforms.2: "./shop.ts" has a platform named "opencart", and there is');
            write("images.ts", wiki("images").replace('"images": { reference', "redis: { reference"));
            expect(await problems(["./images.ts"])).to.include(
                '"./images.ts" has an image named "redis", and there is',
            );
        });
        it("if the name is invalid, or they are written for other interfaces", async () => {
            write("upper.ts", wiki("Wiki"));
            write("later.ts", wiki("later", "export default ", "apiVersion: 2,"));
            write("silent.ts", wiki("silent", "export default ", ""));
            const message = await problems(["./upper.ts", "./later.ts", "./silent.ts"]);
            expect(message).to.include('plinth:platforms.0: "./upper.ts" has a platform named "Wiki"; allowed:');
            expect(message).to.include('"later" for version 2 of Plinth\'s interfaces; this program has version 1');
            expect(message).to.include('"silent" that does not say what it is written for; add apiVersion: 1');
        });
        it("if the list is not a list of strings", async () => {
            expect(await problems("./wiki.ts")).to.include("plinth:platforms: ");
            expect(await problems([1])).to.include("plinth:platforms.0: ");
        });
    });
});
