import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { stringify } from "yaml";
import { Component } from "../../../components/component";
import { givenByEngine, register } from "../../../components/registering";
import { Resource, randomPassword, resultOf } from "../../../components/resource";
import type { Given } from "../../../config/read";
import { Value } from "../../../config/value";
import { PlainPlan, type PlainResource } from "../../../operations/render/plainPlan";
import { readStackFile, stackNames } from "../../../operations/stackfile/stackFile";
import { declareProgram } from "../../../platforms/program";
import { configurations } from "../../support/configurations";
import { changeEnvironment } from "../../support/environment";
import { record, type Requested } from "../../support/record";
import { platforms } from "../../support/storagePlatform";

const fixtures = join(__dirname, "..", "..", "stacks");

/** The SDK's requests to the engine, and the plan without the SDK. */
async function bothEnds(given: Given, preview: boolean) {
    const options = { offline: true, platforms };
    const asked = await record(
        () => {
            const { plan, outputs } = declareProgram(givenByEngine(), options);
            return register(plan, outputs);
        },
        { ...given, preview },
    );
    const { plan, outputs } = declareProgram(given, options);
    const plain = new PlainPlan(plan, { ...given, preview });
    return { asked, plain: { resources: plain.resources, outputs: plain.resolve(outputs) } };
}

/** Everything that matters, by URN. Lists without a meaningful order are sorted. */
const byUrn = (resources: readonly (PlainResource | Requested)[]) =>
    Object.fromEntries(
        resources.map(({ dependencies, secrets, aliases, ...resource }) => [
            resource.urn,
            {
                ...resource,
                inputs: resource.type.startsWith("pulumi:providers:") ? asStrings(resource.inputs) : resource.inputs,
                dependencies: [...dependencies].sort(),
                secrets: [...secrets].sort(),
                aliases: aliases.map((alias) => (typeof alias === "string" ? alias : alias.name)),
            },
        ]),
    );

/** The settings of a provider are sent as strings. */
const asStrings = (inputs: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(
        Object.entries(inputs).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    );

/** References to later resources: a parent, a provider, a dependency. */
const forward = (resources: readonly (PlainResource | Requested)[]) => {
    const seen = new Set([""]);
    return resources.flatMap(({ urn, parent, provider, dependencies }) => {
        const missing = [parent, provider, ...dependencies].filter((other) => !seen.has(other));
        seen.add(urn);
        return missing.map((other) => `${urn} refers to ${other}`);
    });
};

async function expectSame(given: Given, preview: boolean): Promise<void> {
    const { asked, plain } = await bothEnds(given, preview);
    expect(asked.resources.length).to.equal(plain.resources.length);
    expect(byUrn(plain.resources)).to.deep.equal(byUrn(asked.resources));
    expect(plain.outputs).to.deep.equal(asked.outputs);
    expect(forward(plain.resources)).to.deep.equal([]);
    expect(forward(asked.resources)).to.deep.equal([]);
}

describe("what is rendered", function () {
    this.timeout(240_000);
    // The SDK's provider reads it from the environment.
    let restore: () => void;
    before(() => {
        restore = changeEnvironment({ KUBECONFIG: undefined });
    });
    after(() => restore());

    // The SDK takes a second of CPU time for each: previews and updates take turns, and come at random below.
    for (const [index, name] of stackNames(fixtures).entries())
        it(`equals what the engine is asked for${index % 2 ? " in a preview" : ""}: ${name}`, () =>
            expectSame(readStackFile(name, fixtures), index % 2 === 1));

    it("equals what the engine is asked for: any valid configuration", async () => {
        const folder = mkdtempSync(join(tmpdir(), "plinth-ends-"));
        try {
            await fc.assert(
                fc.asyncProperty(configurations, fc.boolean(), async ({ config }, preview) => {
                    writeFileSync(join(folder, "Pulumi.any.yaml"), stringify({ config }));
                    await expectSame(readStackFile("any", folder), preview);
                }),
                { numRuns: Number(process.env["PROPERTY_RUNS"] ?? 8), seed: Number(process.env["PROPERTY_SEED"] ?? 1) },
            );
        } finally {
            rmSync(folder, { recursive: true });
        }
    });
});

describe("a plan of any resources", () => {
    /** Both ends of a plan, without the stack itself. */
    const ends = async (plan: readonly Resource[]) => {
        const given = { project: "plinth", stack: "x", config: {} };
        const { resources } = await record(() => register(plan, {}), given);
        return [byUrn(new PlainPlan(plan, given).resources), byUrn(resources)] as const;
    };

    it("has the same options at both ends, including aliases", async () => {
        const stack = { plan: [] as Resource[] };
        const owner = new Component({ name: "shop", stack }, "Namespace", "namespace", {
            aliases: [{ name: "once" }],
        });
        const child = new Component({ name: "shop", owner, stack }, "Task", "install");
        const password = randomPassword("shop-password", 20, 1, { parent: child.resource, protect: true });
        const secret = new Resource(
            "kubernetes:core/v1:Secret",
            "shop-secret",
            { apiVersion: "v1", kind: "Secret", stringData: { key: resultOf(password).map((text) => `a ${text}`) } },
            { parent: owner.resource, ignoreChanges: ["metadata"], aliases: [{ name: "before" }] },
        );
        const other = new Resource(
            "kubernetes:example.org/v1:Any",
            "shop-any",
            {
                apiVersion: "example.org/v1",
                kind: "Any",
                list: [{ a: Value.of(1) }, null],
                gone: undefined,
                hidden: [{ deep: Value.secret("x") }],
                shown: resultOf(password)
                    .map((text) => text.length)
                    .disclosed(),
            },
            { dependsOn: [secret] },
        );
        stack.plan.push(password, secret, other);
        const [plain, asked] = await ends(stack.plan);
        expect(plain).to.deep.equal(asked);
        const of = (type: string) => Object.values(plain).find((resource) => resource.type === type)!;
        expect(of("kubernetes:core/v1:Secret")).to.deep.include({
            aliases: ["before"],
            ignoreChanges: ["metadata"],
            secrets: ["stringData"],
            dependencies: [of("random:index/randomPassword:RandomPassword").urn],
        });
        expect(of("random:index/randomPassword:RandomPassword").protect).to.equal(true);
        expect(of("kubernetes:example.org/v1:Any").inputs["list"]).to.deep.equal([{ a: 1 }, null]);
        expect(of("kubernetes:example.org/v1:Any").secrets).to.deep.equal(["hidden"]);
        expect(of("plinth:components:Namespace").aliases).to.deep.equal(["once"]);
    });

    it("is refused if a resource comes before one that it refers to", async () => {
        const first = randomPassword("first", 20);
        const second = new Resource(
            "kubernetes:v1:Any",
            "second",
            { apiVersion: "v1", kind: "Any" },
            { dependsOn: [first] },
        );
        expect(() => new PlainPlan([second, first], { project: "plinth", stack: "x" })).to.throw(
            RangeError,
            "precede it",
        );
        const failure = await record(() => register([second, first], {}), {
            project: "p",
            stack: "x",
            config: {},
        }).then(
            () => undefined,
            (error: unknown) => error,
        );
        expect(failure).to.be.instanceOf(RangeError);
    });
});
