import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { objectYaml } from "../operations/render/manifests";
import { type Rendering, renderStack } from "../operations/render/rendering";
import { readStackFile, stackNames } from "../operations/stackfile/stackFile";
import { declareProgram } from "../platforms/program";
import { brokenRules } from "./support/invariants";
import {
    identity,
    otherInPreview,
    registeredTwice,
    secretsInClear,
    secretsWithoutUse,
    sent,
    withOtherProviders,
} from "./support/renderedRules";
import { platforms } from "./support/storagePlatform";

const fixtures = join(__dirname, "stacks");
const golden = join(__dirname, "golden");
const update = process.env["UPDATE_GOLDEN"] === "1";

/** Objects that a fixture's user has created. */
const existing = ["node-certificate", "pull", "gitlab-cdsp-it"];

const rendered = new Map<string, Promise<Rendering>>();
const render = (name: string): Promise<Rendering> => {
    if (!rendered.has(name)) rendered.set(name, renderStack(name, { folder: fixtures, platforms }));
    return rendered.get(name)!;
};

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
            it("gives pods access to every component whose password they have", async () => {
                const { stack } = declareProgram(readStackFile(name, fixtures), { offline: true, platforms });
                expect(secretsWithoutUse(stack, sent(await render(name)))).to.deep.equal([]);
            });
            it("sends the objects of the golden file", async () => {
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
                expect(withOtherProviders(await render(name))).to.deep.equal([]);
            });
            it("registers every resource once", async () => {
                expect(registeredTwice(await render(name))).to.deep.equal([]);
            });
            it("declares the same in a preview, without data of the cluster", async () => {
                expect(await otherInPreview(name, { folder: fixtures, platforms })).to.deep.equal([]);
            });
            it("keeps every secret in a Secret", async () => {
                expect(secretsInClear(await render(name))).to.deep.equal([]);
            });
        });
    }

    it("each have a golden file, and there are no others", () => {
        const wanted = stackNames(fixtures).flatMap((name) => [`${name}.urns`, `${name}.yaml`]);
        // While they are being written, the new ones do not exist yet.
        if (!update) expect(readdirSync(golden).sort()).to.deep.equal(wanted.sort());
    });

    it("keep namespace, claims, secrets and the address if stopped, and all but the address if removed", async () => {
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
