import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import { type Rendering, renderStack } from "../../operations/render/rendering";
import { Session } from "../../operations/session";
import { chooseKey, dependentsOf, secretKeys, secretStates } from "../../operations/secrets/secrets";
import { dockerConfig } from "../../components/pullSecret";
import { ConfigError } from "../../config/problems";
import type { Sent } from "../support/declare";
import { podsOf } from "../support/invariants";
import { scratch } from "../support/tools";

const registry = "registry.example.org:5000";
const password = `'"hush\\&`;

describe("the pull Secret", function () {
    // Each test renders several times.
    this.timeout(60_000);
    const folder = scratch();
    after(() => folder.clean());

    /** Two instances behind one balancer, of which one has its own registry and backups. */
    const write = (images: object, secrets: object = {}, instances: object = {}) => {
        const config = {
            "plinth:cluster": { context: "fixture" },
            "plinth:images": images,
            "plinth:secrets": { images: secrets },
            "plinth:instances": {
                panel: {
                    platform: "qxsms",
                    host: "panel.example.org",
                    edge: { type: "shared" },
                    images: { qxsms: `${registry}/team/qxsms:staging` },
                    mail: { host: "smtp.example.org", from: "panel@example.org" },
                    administrator: { email: "panel@example.org", account: "generated" },
                    backup: { target: { type: "volume" } },
                },
                shop: {
                    platform: "opencart",
                    host: "shop.example.org",
                    edge: { type: "shared" },
                    sharedFiles: "oneNode",
                },
                ...instances,
            },
        };
        writeFileSync(join(folder.path, "Pulumi.pull.yaml"), stringify({ config }));
        return JSON.stringify({ images: secrets });
    };
    const render = (...args: Parameters<typeof write>): Promise<Rendering> =>
        renderStack("pull", { folder: folder.path, config: { "plinth:secrets": write(...args) } });
    const problems = (...args: Parameters<typeof write>): Promise<string[]> =>
        render(...args).then(
            () => [],
            (error: unknown) => {
                if (!(error instanceof ConfigError)) throw error;
                return error.problems.map(({ path, message }) => `${path}: ${message}`);
            },
        );
    const secretsOf = ({ objects }: Rendering) =>
        objects.filter(({ type }) => type === "kubernetes.io/dockerconfigjson") as unknown as Sent[];
    /** Names of pull Secrets, by the pods that use them. */
    const named = ({ objects }: Rendering) =>
        podsOf(objects as unknown as Sent[]).map(({ owner, template }) => ({
            kind: owner.kind,
            namespace: owner.metadata.namespace!,
            names: ((template.spec.imagePullSecrets ?? []) as { name: string }[]).map(({ name }) => name),
        }));
    const gitlab = { gitlab: { registry, username: "deploy" } };

    it("is in the namespace that pulls from the registry, and every pod there names it in addition to existing ones", async () => {
        const rendering = await render({ pullSecrets: ["by-hand"], credentials: gitlab }, { gitlab: password });
        const [secret, ...others] = secretsOf(rendering);
        expect(others).to.deep.equal([]);
        expect(secret!.metadata).to.include({ namespace: "qxsms-panel", name: "pull-secret" });
        expect(JSON.parse(secret!["stringData"][".dockerconfigjson"])).to.deep.equal({
            auths: {
                [registry]: {
                    username: "deploy",
                    password,
                    auth: Buffer.from(`deploy:${password}`).toString("base64"),
                },
            },
        });
        const pods = named(rendering);
        for (const { kind, namespace, names } of pods)
            expect(names, `${namespace} ${kind}`).to.deep.equal(
                namespace === "qxsms-panel" ? ["by-hand", "pull-secret"] : ["by-hand"],
            );
        const kinds = pods.filter(({ namespace }) => namespace === "qxsms-panel").map(({ kind }) => kind);
        expect(kinds).to.include.members(["StatefulSet", "Deployment", "Job", "CronJob"]);
    });

    it("is in every namespace, including the shared balancer's, if the mirror requires an account", async () => {
        const images = { mirror: `${registry}/cache`, credentials: gitlab };
        const rendering = await render(images, { gitlab: password });
        const namespaces = secretsOf(rendering).map(({ metadata }) => metadata.namespace);
        expect(namespaces).to.have.members(["edge", "opencart-shop", "qxsms-panel"]);
        for (const { names } of named(rendering)) expect(names).to.deep.equal(["pull-secret"]);
    });

    it("is all that changes with the password: no pod rolls, no Task runs again", async () => {
        const before = await render({ credentials: gitlab }, { gitlab: "one" });
        const after = await render({ credentials: gitlab }, { gitlab: "two" });
        const changed = after.objects.filter(
            (object, index) => JSON.stringify(object) !== JSON.stringify(before.objects[index]),
        );
        expect(changed.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).to.deep.equal(["Secret pull-secret"]);
    });

    it("follows the commands for secrets, even while its password is missing", async () => {
        write({ credentials: gitlab });
        const state = async () => {
            const session = new Session("pull", { folder: folder.path });
            const [own] = await secretStates(session, secretKeys(session, "images"));
            return own!;
        };
        const { rule, ...missing } = await state();
        expect(missing).to.deep.equal({ instance: "images", key: "gitlab", value: "missing", places: missing.places });
        expect(rule.purpose).to.equal(`Password or token of deploy at ${registry}, for pulling images`);
        write({ credentials: gitlab }, { gitlab: password });
        expect(await state()).to.deep.include({
            value: "set",
            places: [{ namespace: "qxsms-panel", secret: "pull-secret", key: ".dockerconfigjson" }],
        });
        const session = new Session("pull", { folder: folder.path });
        const one = chooseKey(session, "images", "gitlab");
        const { secrets, workloads } = await dependentsOf(session, one);
        expect(secrets.map(({ name }) => name)).to.deep.equal(["pull-secret"]);
        expect(workloads).to.deep.equal([]);
    });

    it("contains only accounts in use; an unused account causes a warning and blocks no instance", async () => {
        const other = { registry: "registry.exmaple.org", username: "deploy" };
        const rendering = await render({ credentials: { ...gitlab, other } }, { gitlab: "x", other: "y" });
        expect(JSON.stringify(secretsOf(rendering)))
            .to.include(registry)
            .and.not.include("exmaple");
        expect(rendering.outputs.warnings).to.include(
            'plinth:images.credentials.other: no image is pulled from "registry.exmaple.org"',
        );
    });

    it("has Docker Hub under the key that Kubernetes looks for, whichever of its names is used", () => {
        const keys = (host: string) => Object.keys(JSON.parse(dockerConfig([[host, "me", "hush"]])).auths as object);
        expect(keys("docker.io")).to.deep.equal(["https://index.docker.io/v1/"]);
        expect(keys("index.docker.io")).to.deep.equal(["https://index.docker.io/v1/"]);
        expect(keys("localhost:5000")).to.deep.equal(["localhost:5000"]);
    });

    describe("refuses", () => {
        const path = "plinth:images.credentials.gitlab";
        for (const [what, host] of Object.entries({
            "a registry with scheme": "https://registry.example.org",
            "a registry with path": "registry.example.org/team",
            "a name that means a folder of Docker Hub": "registry",
            "no registry": "",
        }))
            it(what, async () =>
                expect(
                    await problems({ credentials: { gitlab: { registry: host, username: "deploy" } } }),
                ).to.deep.equal([
                    `${path}.registry: ${JSON.stringify(host)} is not allowed; allowed: HOST or HOST:PORT, such as registry.example.org:5000 or docker.io, without scheme or path`,
                ]),
            );
        for (const username of ["", "a:b"])
            it(`the user ${JSON.stringify(username)}`, async () =>
                expect(await problems({ credentials: { gitlab: { registry, username } } })).to.deep.equal([
                    `${path}.username: ${JSON.stringify(username)} is not allowed; allowed: a user name of one line, not empty and without ':'`,
                ]));
        it("a registry twice, under any of its names", async () => {
            const hub = (host: string) => ({ registry: host, username: "me" });
            expect(
                await problems(
                    { credentials: { one: hub("docker.io"), two: hub("index.docker.io") } },
                    { one: "x", two: "x" },
                ),
            ).to.deep.equal([
                'plinth:images.credentials.two.registry: "index.docker.io" is already the registry of plinth:images.credentials.one; each registry may have only one account',
            ]);
        });
        it("an account without its password, with the command that sets it", async () =>
            expect(await problems({ credentials: gitlab })).to.deep.equal([
                `${path}: is missing the password of deploy; set it with: ./plinth secrets set images gitlab pull`,
            ]));
        it("an empty password", async () =>
            expect(await problems({ credentials: gitlab }, { gitlab: "" })).to.deep.equal([
                "plinth:secrets.images.gitlab: the value is not allowed; allowed: a text that is not empty",
            ]));
        it("a password without its account", async () =>
            expect(await problems({ credentials: gitlab }, { gitlab: "x", gitlba: "x" })).to.deep.equal([
                'plinth:secrets.images.gitlba: unknown secret; did you mean "gitlab"?; allowed: gitlab',
            ]));
        it("ambiguous names", async () => {
            const images = { platform: "qxsms", host: "images.example.org", debug: true };
            expect(await problems({ credentials: gitlab }, {}, { images })).to.include(
                "plinth:instances.images: is reserved in plinth:secrets for the passwords of plinth:images.credentials; choose another name",
            );
            expect(
                await problems({ pullSecrets: ["pull-secret"], credentials: gitlab }, { gitlab: "x" }),
            ).to.deep.equal([
                'plinth:images.pullSecrets: "pull-secret" is the name of the Secret that plinth:images.credentials creates; choose another one',
            ]);
            expect(await problems({ pullSecrets: ["mine", "mine"] })).to.deep.equal([
                'plinth:images.pullSecrets.1: "mine" is listed twice',
            ]);
        });
    });
});
