import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { brokenBy, checkAny, objectYaml, renderStack } from "plinth/testing";
import ghost from "../../examples/ghost/ghost";
import { readStackFile } from "../../operations/stackfile/stackFile";
import { containerOf, find, podOf, problemsOf } from "../support/declare";
import { linesOf } from "../support/imports";
import { sent } from "../support/renderedRules";

const example = join(__dirname, "..", "..", "examples", "ghost");
const golden = join(__dirname, "ghost.yaml");

describe("examples/ghost", () => {
    const render = () => renderStack("ghost", { folder: __dirname });
    const of = async (instance: string) =>
        sent(await render()).filter(({ metadata }) => metadata.namespace === `ghost-${instance}`);
    const env = async (instance: string): Promise<Record<string, unknown>> => {
        const container = containerOf(await of(instance), "Deployment", "ghost", "ghost");
        return Object.fromEntries(
            container.env.map(({ name, value }: { name: string; value: string }) => [name, value]),
        );
    };

    it("has at most 150 lines", () => {
        expect(linesOf(join(example, "ghost.ts"))).to.be.at.most(150);
    });
    it("keeps every rule, in the tests' stack and in its own", async () => {
        expect(await brokenBy("ghost", { folder: __dirname })).to.deep.equal([]);
        expect(await brokenBy("blog", { folder: example })).to.deep.equal([]);
    });
    it("sends the objects of the golden file", async () => {
        const text = (await render()).objects.map((object) => `---\n${objectYaml(object)}`).join("");
        if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, text);
        expect(text).to.equal(readFileSync(golden, "utf8"));
    });
    it("keeps every rule in any valid configuration, and its policies open the edges and nothing else", () => {
        const more = fc.record(
            {
                mail: fc.constantFrom({ host: "smtp.example.org", username: "ghost", from: "ghost@example.org" }),
                objectStorage: fc.constantFrom(
                    { topology: "single", publicHost: "files.example.org" },
                    { topology: "external", endpoint: "https://s3.example.org:9000" },
                ),
            },
            { requiredKeys: [] },
        );
        checkAny(ghost, { more, runs: 10 });
    }).timeout(240_000);
    it("never runs two pods: the old one stops first, and more replicas are refused", async () => {
        expect(find(await of("blog"), "Deployment", "ghost")["spec"].strategy).to.deep.equal({ type: "Recreate" });
        const { config } = readStackFile("ghost", __dirname);
        const instances = JSON.parse(config["plinth:instances"]!) as Record<string, object>;
        const changed = { ...instances, blog: { ...instances["blog"], replicas: { ghost: 2 } } };
        const refused = renderStack("ghost", {
            folder: __dirname,
            config: { "plinth:instances": JSON.stringify(changed) },
        });
        expect(await problemsOf(refused)).to.include("plinth:instances.blog.replicas.ghost: 2 is not allowed");
    });
    it("writes strings that Ghost must not read as numbers to files", async () => {
        const given = await env("magazine");
        expect(given["database__connection__password_FILE"]).to.match(/^\/run\/secrets\/ghost\//);
        const { volumes } = podOf(await of("magazine"), "Deployment", "ghost");
        expect(volumes.filter(({ secret }: { secret?: object }) => secret)).to.have.length(3);
    });
    it("uses the URL of the bucket for browsers", async () => {
        expect((await env("magazine"))["storage__S3Storage__cdnUrl"]).to.equal(
            "https://example-magazine.s3.eu-central-1.amazonaws.com",
        );
        expect((await env("notes"))["storage__S3Storage__cdnUrl"]).to.equal("https://files.notes.example.org/content");
        expect(await env("blog")).not.to.have.property("storage__active");
    });
    it("lets people log in without mail: Ghost would send them a code", async () => {
        expect((await env("blog"))["security__staffDeviceVerification"]).to.equal("false");
        expect(await env("notes")).not.to.have.property("security__staffDeviceVerification");
    });
});
