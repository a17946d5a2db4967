import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { PlainResource } from "../operations/render/plainPlan";
import { objectYaml } from "../operations/render/manifests";
import { type Rendering, renderStack } from "../operations/render/rendering";
import { stackNames } from "../operations/stackfile/stackFile";
import type { Sent } from "./support/declare";
import { brokenRules } from "./support/invariants";
import { platforms } from "./support/storagePlatform";

const fixtures = join(__dirname, "stacks");
const golden = join(__dirname, "golden");
const update = process.env["UPDATE_GOLDEN"] === "1";

/** Objects that a fixture says its user has made. */
const existing = ["node-certificate", "pull", "gitlab-cdsp-it"];

const rendered = new Map<string, Promise<Rendering>>();
const render = (name: string): Promise<Rendering> => {
    if (!rendered.has(name)) rendered.set(name, renderStack(name, { folder: fixtures, platforms }));
    return rendered.get(name)!;
};

const sent = ({ objects }: Rendering) => objects as unknown as Sent[];
const identity = ({ type, name }: PlainResource) => `${type}::${name}`;

/** The file's text; with UPDATE_GOLDEN=1 it is written first. */
function expected(file: string, actual: string): string {
    if (update) writeFileSync(join(golden, file), actual);
    return readFileSync(join(golden, file), "utf8");
}

describe("fixture stacks", () => {
    for (const name of stackNames(fixtures)) {
        describe(name, () => {
            it("keeps every rule", async () => {
                expect(brokenRules(sent(await render(name)), { existing })).to.deep.equal([]);
            });
            it("sends what the golden file says", async () => {
                const { objects } = await render(name);
                const text = objects.map((object) => `---\n${objectYaml(object)}`).join("");
                expect(text).to.equal(expected(`${name}.yaml`, text));
            });
            it("keeps the identity of every resource: a rename needs an alias", async () => {
                const text = `${(await render(name)).resources
                    .map(({ urn }) => urn)
                    .sort()
                    .join("\n")}\n`;
                expect(text).to.equal(expected(`${name}.urns`, text));
            });
            it("creates every Kubernetes object with the stack's own provider", async () => {
                const { resources } = await render(name);
                const objects = resources.filter(({ type }) => type.startsWith("kubernetes:"));
                expect(
                    objects.filter(({ provider }) => !provider.includes("pulumi:providers:kubernetes::cluster")),
                ).to.deep.equal([]);
            });
            it("registers every resource once", async () => {
                const { resources } = await render(name);
                expect(new Set(resources.map(({ urn }) => urn)).size).to.equal(resources.length);
            });
            it("declares the same in a preview, where nothing of the cluster is known", async () => {
                const { resources } = await renderStack(name, { folder: fixtures, preview: true, platforms });
                expect(resources.map(identity).sort()).to.deep.equal(
                    (await render(name)).resources.map(identity).sort(),
                );
            });
            it("keeps every secret in a Secret", async () => {
                const { resources } = await render(name);
                for (const { type, name: resource, inputs, secrets } of resources) {
                    // The shared balancer's Secret of certificates has nothing in it where nobody brings one.
                    const holds = type === "kubernetes:core/v1:Secret" && "stringData" in inputs;
                    if (holds) expect(secrets, resource).to.include("stringData");
                    else expect(JSON.stringify(inputs), `${type} ${resource}`).not.to.include("placeholder-");
                }
            });
        });
    }

    it("have a golden file each, and there is no other", () => {
        const wanted = stackNames(fixtures).flatMap((name) => [`${name}.urns`, `${name}.yaml`]);
        // While they are written the new ones are not there yet.
        if (!update) expect(readdirSync(golden).sort()).to.deep.equal(wanted.sort());
    });

    it("stopped keep namespace, claims, secrets and the address; removed give up the address only", async () => {
        const kinds = async (name: string) => new Set((await render(name)).objects.map(({ kind }) => kind));
        const [running, stopped, removed] = await Promise.all(["small", "stopped", "removed"].map(kinds));
        for (const kind of ["Deployment", "StatefulSet", "Job", "CronJob"]) {
            expect(running!.has(kind), kind).to.equal(true);
            expect(stopped!.has(kind), kind).to.equal(false);
            expect(removed!.has(kind), kind).to.equal(false);
        }
        const services = (await render("stopped")).objects
            .filter(({ kind }) => kind === "Service")
            .map(({ metadata }) => metadata.name);
        expect(services).to.deep.equal(["edge"]);
        expect(removed!.has("Service")).to.equal(false);
        const precious = (rendering: Rendering) =>
            rendering.resources
                .filter(({ type }) => /Namespace$|PersistentVolumeClaim$|:Secret$|^random:/.test(type))
                .filter(({ name: resource }) => resource !== "digest-key")
                .map(identity)
                .sort();
        expect(precious(await render("removed"))).to.deep.equal(precious(await render("small")));
    });
});

describe("example stacks", () => {
    for (const name of stackNames()) {
        it(`${name} is valid and keeps every rule`, async () => {
            const rendering = await renderStack(name);
            expect(rendering.objects).not.to.have.length(0);
            expect(brokenRules(sent(rendering))).to.deep.equal([]);
        });
    }
});
