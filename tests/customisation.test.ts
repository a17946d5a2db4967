import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parse, stringify } from "yaml";
import { type RenderedObject, type Rendering, renderStack } from "../operations/render/rendering";
import { stackNames } from "../operations/stackfile/stackFile";
import { platforms } from "./support/storagePlatform";

const fixtures = join(__dirname, "stacks");

interface StackYaml {
    config: Record<string, unknown> & {
        "plinth:instances": Record<string, Record<string, unknown>>;
        "plinth:edge"?: Record<string, unknown>;
    };
}

/** Renders a fixture after a change to its file. */
async function renderChanged(name: string, change: (file: StackYaml) => void): Promise<Rendering> {
    const folder = mkdtempSync(join(tmpdir(), "plinth-custom-"));
    try {
        const file = parse(readFileSync(join(fixtures, `Pulumi.${name}.yaml`), "utf8")) as StackYaml;
        change(file);
        writeFileSync(join(folder, `Pulumi.${name}.yaml`), stringify(file));
        return await renderStack(name, { folder, platforms });
    } finally {
        rmSync(folder, { recursive: true });
    }
}

interface Target {
    readonly instance: string;
    readonly kind: string;
    readonly name: string;
}

/** Every object by the name that a user addresses it by: without prefix and hash. */
async function targetsOf(name: string): Promise<Target[]> {
    const { resources } = await renderStack(name, { folder: fixtures, platforms });
    return resources
        .filter(({ type }) => type.startsWith("kubernetes:"))
        .map(({ name: resource, inputs }) => {
            const object = inputs as unknown as RenderedObject;
            const instance = object.metadata.labels!["app.kubernetes.io/instance"]!;
            return { instance, kind: object.kind, name: resource.slice(instance.length + 1) };
        })
        .filter((target) => !isOfCluster(target));
}

/** The class of the cluster's settings belongs to no instance: those settings change it. */
const isOfCluster = ({ kind }: { readonly kind: string }): boolean => kind === "StorageClass";

/** Where the keys of an instance stand in a stack file; the shared balancer has the same ones. */
const keysOf = (file: StackYaml, instance: string): Record<string, unknown[]> =>
    (instance === "edge" ? file.config["plinth:edge"] : file.config["plinth:instances"][instance]) as Record<
        string,
        unknown[]
    >;

const add = (keys: Record<string, unknown[]>, key: string, value: unknown) => {
    keys[key] = [...(keys[key] ?? []), value];
};

const mark = "example.org/patched";

describe("every object of every fixture", function () {
    // Each fixture is rendered once for every object of it.
    this.timeout(120_000);
    for (const stack of stackNames(fixtures)) {
        it(`${stack}: takes a patch`, async () => {
            const targets = await targetsOf(stack);
            const { objects } = await renderChanged(stack, (file) => {
                for (const { instance, kind, name } of targets)
                    add(keysOf(file, instance), "patches", {
                        kind,
                        name,
                        patch: { metadata: { annotations: { [mark]: name } } },
                    });
            });
            expect(
                objects
                    .filter((object) => !isOfCluster(object) && object.metadata.annotations?.[mark] === undefined)
                    .map(({ kind, metadata }) => `${kind} ${metadata.name}`),
            ).to.deep.equal([]);
        });
        it(`${stack}: carries a label of the stack`, async () => {
            const { objects } = await renderChanged(stack, ({ config }) => {
                config["plinth:labels"] = { "example.org/team": "shops" };
            });
            expect(objects.filter(({ metadata }) => metadata.labels?.["example.org/team"] !== "shops")).to.deep.equal(
                [],
            );
            // A workload's selector never changes again: a label of the user's must not get into it.
            const selectors = objects.map(({ spec }) => (spec as { selector?: object } | undefined)?.selector);
            expect(JSON.stringify(selectors)).not.to.include("example.org/team");
        });
        it(`${stack}: can be omitted`, async () => {
            const targets = await targetsOf(stack);
            const omitted = await renderChanged(stack, (file) => {
                for (const { instance, kind, name } of targets) add(keysOf(file, instance), "omit", { kind, name });
            });
            expect(omitted.objects.filter((object) => !isOfCluster(object))).to.deep.equal([]);
        });
    }

    it("small: can be omitted alone, and nothing else is removed or changed", async () => {
        const { objects: all } = await renderStack("small", { folder: fixtures, platforms });
        for (const { instance, kind, name } of await targetsOf("small")) {
            const { objects } = await renderChanged("small", (file) =>
                add(keysOf(file, instance), "omit", { kind, name }),
            );
            expect(objects, `${kind} ${name}`).to.have.length(all.length - 1);
        }
    }).timeout(120_000);

    it("a patched ConfigMap gets a new name, and its pods name the new one", async () => {
        const patch = { kind: "ConfigMap", name: "frontend-nginx", patch: { data: { "extra.conf": "# mine\n" } } };
        const before = await renderStack("small", { folder: fixtures, platforms });
        const after = await renderChanged("small", (file) => add(keysOf(file, "opencart"), "patches", patch));
        const mapOf = ({ objects }: Rendering) =>
            objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name.startsWith("frontend-nginx-"))!
                .metadata.name;
        const podOf = ({ objects }: Rendering) =>
            JSON.stringify(objects.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === "frontend"));
        expect(mapOf(after)).not.to.equal(mapOf(before));
        expect(podOf(after)).to.include(mapOf(after)).and.not.include(mapOf(before));
    });
});
