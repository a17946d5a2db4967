import { mkdirSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { ComposeError, loadProject } from "../../compose";
import { ComposeGo, type Question } from "../support/composeGo";
import { env, type Texts, wantedAnswer, writeProject } from "../support/composeProjects";
import { scratch } from "../support/tools";

interface Refusal {
    readonly files: Texts;
    readonly question?: Question;
    /** Parts of the message, in order. The first one is the place. */
    readonly says: readonly string[];
    /** Whether compose-go reads it: only what would take too long is refused beyond that. @default false */
    readonly isReadByComposeGo?: boolean;
}

const app = (...lines: readonly string[]): Texts => ({
    "compose.yaml": ["services:", "  app:", "    image: a", ...lines.map((line) => `    ${line}`)].join("\n"),
});

/** An alias that stands for ten times the one before it. */
const bomb = [
    "x-0: &a0 [1]",
    ...Array.from({ length: 9 }, (_, i) => `x-${i + 1}: &a${i + 1} [${`*a${i},`.repeat(10)}]`),
];
const tower = ["x-0: &a0 [1]", ...Array.from({ length: 400 }, (_, i) => `x-${i + 1}: &a${i + 1} [*a${i}]`)];

const refusals: Readonly<Record<string, Refusal>> = {
    "an unknown key": {
        files: app("enviroment: {A: 1}"),
        says: ["compose.yaml:4:5: services.app.enviroment:", 'did you mean "environment"?', "allowed:"],
    },
    "a wrong kind": {
        files: app("ports: 80"),
        says: ["compose.yaml:4:5: services.app.ports:", "is an integer; allowed: a list"],
    },
    "a wrong kind among alternatives": {
        files: app("environment: 5"),
        says: ["compose.yaml:4:5: services.app.environment:", "allowed: a mapping, a list"],
    },
    "a wrong value deep inside": {
        files: app("depends_on:", "  other:", "    condition: healthy"),
        says: [
            "compose.yaml:6:9: services.app.depends_on.other.condition:",
            '"healthy"; allowed: service_started, service_healthy',
        ],
    },
    "an undefined volume": {
        files: app("volumes:", '  - "dat:/a"'),
        says: ["compose.yaml:5:9: services.app.volumes[0]:", 'the volume "dat" is not defined'],
    },
    "an undefined network": {
        files: app("networks: [front]"),
        says: ["compose.yaml:4:16: services.app.networks.front:", 'the network "front" is not defined'],
    },
    "an undefined secret": {
        files: app("secrets: [token]"),
        says: ["compose.yaml:4:15: services.app.secrets[0]:", 'the secret "token" is not defined'],
    },
    "an undefined config": {
        files: app("configs: [{source: a}]"),
        says: ["services.app.configs[0]:", 'the config "a" is not defined'],
    },
    "an undefined dependency": {
        files: app("depends_on: [apq]"),
        says: ["compose.yaml:4:18: services.app.depends_on.apq:", 'did you mean "app"?'],
    },
    "a dependency in no active profile": {
        files: { "compose.yaml": "services:\n  a: {image: a, depends_on: [b]}\n  b: {image: b, profiles: [p]}" },
        says: ["compose.yaml:2:30: services.a.depends_on.b:", 'the profile "p"'],
    },
    "a circle of dependencies": {
        files: { "compose.yaml": "services:\n  a: {image: a, links: [b]}\n  b: {image: b, depends_on: [a]}" },
        says: ["compose.yaml:2:", "a → b → a"],
    },
    "a missing env file": {
        files: app("env_file:", "  - gone.env"),
        says: ["compose.yaml:5:9: services.app.env_file[0]:", "gone.env does not exist"],
    },
    "a mistake in an env file": {
        files: { ...app("env_file: a.env"), "a.env": "A=1\nB='x\n" },
        says: ["a.env:2:1:", "quote"],
    },
    "a required variable": {
        files: app("user: ${NONE:?set it}"),
        says: ["compose.yaml:4:11: services.app.user:", "NONE must have a value: set it"],
    },
    "all variables that cannot be replaced at once": {
        files: app("user: ${NONE:?one}", "hostname: ${NONE:?two}"),
        says: ["compose.yaml:4:11:", "one", "compose.yaml:5:15:", "two"],
    },
    "a text for a number": {
        files: app("scale: ${TAG}x"),
        says: ["compose.yaml:4:12: services.app.scale:", "must be an integer"],
    },
    "services that extend each other": {
        files: { "compose.yaml": "services:\n  a: {extends: b}\n  b: {extends: {service: a}}" },
        says: ["services.a.extends:", "a in compose.yaml → b in compose.yaml → a in compose.yaml"],
    },
    "a missing base": {
        files: app("extends: {file: base.yaml, service: b}"),
        says: ["compose.yaml:4:21: services.app.extends.file:", "base.yaml does not exist"],
    },
    "an unknown base": {
        files: { ...app("extends: {file: b.yaml, service: b}"), "b.yaml": "services: {c: {image: a}}" },
        says: ["compose.yaml:4:5:", 'no service "b" in b.yaml'],
    },
    "files that include each other": {
        files: { "compose.yaml": "include:\n  - b.yaml", "b.yaml": "include: [compose.yaml]" },
        says: ["b.yaml:1:11: include[0]:", "compose.yaml → b.yaml → compose.yaml"],
    },
    "a missing include": {
        files: { "compose.yaml": "include:\n  - b.yaml" },
        says: ["compose.yaml:2:5: include[0]:", "b.yaml does not exist"],
    },
    "a port out of range": {
        files: app('ports: ["80:70000"]'),
        says: ["compose.yaml:4:13: services.app.ports[0]:", "container port"],
    },
    "the same target twice": { files: app("tmpfs: [/a]", "volumes: [/a]"), says: ["services.app.volumes[0]:", "/a"] },
    "neither image nor build": {
        files: { "compose.yaml": "services:\n  app: {command: a}" },
        says: ["compose.yaml:2:3: services.app:", "image, build or provider"],
    },
    "two numbers of replicas": {
        files: app("scale: 2", "deploy: {replicas: 3}"),
        says: ["compose.yaml:4:5: services.app.scale:"],
    },
    "a name for several containers": {
        files: app("scale: 2", "container_name: one"),
        says: ["compose.yaml:5:5: services.app.container_name:"],
    },
    "a tab": {
        files: { "compose.yaml": "services:\n\tapp: {image: a}" },
        says: ["compose.yaml:2:1:", "spaces, not tabs"],
    },
    "a key twice": {
        files: app("image: b"),
        says: ["compose.yaml:4:5: services.app.image:", "twice, first in line 3"],
    },
    "a key that is no text": {
        files: { "compose.yaml": "services:\n  1: {image: a}" },
        says: ["compose.yaml:2:3: services:", "a key must be a text; quote it"],
    },
    "an alias without anchor": { files: app("user: *nobody"), says: ["compose.yaml:4:11:", "anchor"] },
    "an alias in itself": {
        files: app("x-a: &a [*a]"),
        says: ["compose.yaml:4:14:", "inside the value that it repeats"],
    },
    "a merge key that is no mapping": { files: app("<<: [1]"), says: ["compose.yaml:4:5:", "mappings"] },
    "an alias bomb": { files: { "compose.yaml": bomb.join("\n") }, says: ["compose.yaml:", "more than 300000 values"] },
    "a tower of aliases": {
        files: { "compose.yaml": [...tower, "services: {a: {image: a}}"].join("\n") },
        says: ["compose.yaml:", "nested deeper than 200 levels"],
    },
    "a deep list": {
        files: { "compose.yaml": `x-a: ${"[".repeat(250)}${"]".repeat(250)}\nservices: {a: {image: a}}` },
        says: ["compose.yaml:1:", "deep"],
        isReadByComposeGo: true,
    },
    "a deep variable": {
        files: app(`user: "${"${NONE:-".repeat(300)}${"}".repeat(300)}"`),
        says: ["compose.yaml:4:11:", "nested deeper than 100 levels"],
        isReadByComposeGo: true,
    },
    "a wrong project name": { files: app(), question: { name: "No Name" }, says: ["name:", "lower-case letters"] },
    "a list as a file": { files: { "compose.yaml": "- services" }, says: ["compose.yaml:1:1:", "mapping"] },
    "an empty file": { files: { "compose.yaml": "# nothing\n" }, says: ["compose.yaml:", "is empty"] },
    "no file": { files: { "other.txt": "" }, says: ["has no Compose file; allowed: compose.yaml"] },
};

describe("what is no Compose project", () => {
    const { path, clean } = scratch();
    let oracle: ComposeGo;

    before(async function () {
        oracle = await ComposeGo.start(this);
    });
    after(() => {
        oracle?.stop();
        clean();
    });

    /** The message. */
    const refused = (question: Question & { readonly folder: string }): string => {
        try {
            loadProject({ env, ...question });
        } catch (error) {
            if (error instanceof ComposeError) return error.message;
            throw error;
        }
        return "";
    };

    for (const [what, { files, question, says, isReadByComposeGo = false }] of Object.entries(refusals))
        it(`has ${what}`, async () => {
            const asked = { ...question, folder: writeProject(join(path, what.replaceAll(" ", "-")), files) };
            const message = refused(asked);
            let at = 0;
            for (const part of says) {
                expect(message.slice(at)).to.include(part);
                at = message.indexOf(part, at) + part.length;
            }
            expect((await wantedAnswer(oracle, asked)).error === undefined).to.equal(isReadByComposeGo);
        });

    it("has 200 MB, and is not read", () => {
        const folder = writeProject(join(path, "large"), { "compose.yaml": "" });
        truncateSync(join(folder, "compose.yaml"), 200 * 2 ** 20);
        expect(refused({ folder })).to.include("compose.yaml has 200 MB; allowed: 8 MB");
    });

    it("is a folder", () => {
        const folder = join(path, "folder");
        mkdirSync(join(folder, "compose.yaml"), { recursive: true });
        expect(refused({ folder })).to.include("compose.yaml is a folder; allowed: a file");
    });

    it("quotes no value of an env file, which may be a secret", () => {
        const folder = writeProject(join(path, "secret"), { ...app("env_file: a.env"), "a.env": "PASSWORD='hidden\n" });
        expect(refused({ folder })).to.include("a.env:1:1").and.not.include("hidden");
    });
});
