import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import { streamOf, writeRendering } from "../operations/render/manifests";
import { previewText } from "../operations/review/previewText";
import { renderStack } from "../operations/render/rendering";
import { Session } from "../operations/session";
import { readStackFile, stackNames } from "../operations/stackfile/stackFile";
import { platforms } from "../platforms";
import { leaksIn, plant, plantKey, type Planted } from "./support/leaks";
import { platforms as fixturePlatforms } from "./support/storagePlatform";
import { scratch } from "./support/tools";

const encoded = (value: string) => Buffer.from(value).toString("base64");

describe("the search for secrets", () => {
    const values = { key: { core: "Qabcdef012345", value: "'Qabcdef012345&" } };
    const found = (text: string) => leaksIn(text, values);
    it("finds a value in every form, wherever it stands in a longer text", () => {
        const { value } = values.key;
        expect(found(JSON.stringify({ a: `x${value}` }))).to.deep.equal(["key: plain"]);
        expect(found(encodeURIComponent(value))).to.deep.equal(["key: plain"]);
        for (const before of ["", "x", "xy", "xyz"]) {
            const once = encoded(`${before}${value} and more`);
            expect(found(once), before).to.deep.equal(["key: base64"]);
            expect(found(encoded(`${before}${once}`)), before).to.deep.equal(["key: base64 twice"]);
        }
        expect(found(Buffer.from(value).toString("hex"))).to.deep.equal(["key: hexadecimal"]);
    });
    it("finds nothing where there is none", () => expect(found("Qabcdef01234 Qabcdef")).to.deep.equal([]));
});

describe("secrets without the engine", function () {
    this.timeout(120_000);
    const folder = scratch();
    after(() => folder.clean());
    // Certificates are checked in the engine's test, which has real ones.
    const keys = Object.keys(platforms["opencart"]!.config.secrets).filter((key) => !key.startsWith("tls"));
    const planted: Record<string, Planted> = Object.fromEntries(
        keys.map((key) => {
            const one = plant();
            // An account at an authority has a form, which is checked.
            return [key, key.startsWith("acme") ? { ...one, value: one.core } : one];
        }),
    );
    const secrets = {
        shop: Object.fromEntries(keys.map((key) => [key, planted[key]!.value])),
        images: { hub: (planted["hub"] = plant()).value },
    };
    /** A stack whose user has encrypted nothing. */
    const write = (instance: object = {}) =>
        writeFileSync(
            join(folder.path, "Pulumi.clear.yaml"),
            stringify({
                config: {
                    "plinth:cluster": { context: "fixture" },
                    "plinth:images": { credentials: { hub: { registry: "docker.io", username: "shop" } } },
                    "plinth:instances": {
                        shop: {
                            platform: "opencart",
                            host: "shop.example.org",
                            tls: { mode: "acme", email: "ops@example.org" },
                            sharedFiles: "oneNode",
                            mail: { host: "smtp.example.org", username: "shop" },
                            backup: { target: { type: "s3", bucket: "backups", region: "eu-west-1" } },
                            ...instance,
                        },
                    },
                    "plinth:secrets": secrets,
                },
            }),
        );

    it("are never rendered, shown or written, although the file has them in clear text", async () => {
        write();
        const rendering = await renderStack("clear", { folder: folder.path });
        const out = join(folder.path, "out");
        writeRendering(rendering, out, false);
        const files = readdirSync(out, { recursive: true, encoding: "utf8", withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
        const texts = {
            render: streamOf(rendering, false),
            "render --out": files.join("\n"),
            preview: previewText(rendering),
            "preview --json": JSON.stringify({ objects: rendering.objects, outputs: rendering.outputs }),
            "config show": JSON.stringify(new Session("clear", { folder: folder.path }).config()),
        };
        for (const [what, text] of Object.entries(texts)) expect(leaksIn(text, planted), what).to.deep.equal([]);
        // The searched output is complete, not empty.
        expect(texts["render --out"]).to.include("placeholder-shop-databasePassword");
    });

    /** The program's objects with the real values: Secrets, and all others. */
    const sent = async (instance: object = {}) => {
        write(instance);
        const config = { "plinth:secrets": JSON.stringify(secrets) };
        const { resources, outputs } = await renderStack("clear", { folder: folder.path, config });
        const isSecret = ({ type }: { type: string }) => type === "kubernetes:core/v1:Secret";
        return {
            secrets: resources.filter(isSecret),
            rest: JSON.stringify([resources.filter((resource) => !isSecret(resource)), outputs]),
        };
    };

    it("are sent only in Secrets, which are marked for the engine to encrypt", async () => {
        const { secrets: objects, rest } = await sent();
        expect(leaksIn(rest, planted)).to.deep.equal([]);
        expect(leaksIn(JSON.stringify(objects), planted).filter((leak) => leak.endsWith("plain"))).to.have.members(
            Object.keys(planted).map((key) => `${key}: plain`),
        );
        for (const object of objects) expect(object.secrets, object.name).to.include("stringData");
    });

    it("are found if one is written elsewhere", async () => {
        const { value } = planted["cachePassword"]!;
        const data = { url: `redis://:${encodeURIComponent(value)}@cache` };
        const notes = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "notes" }, data };
        expect(leaksIn((await sent({ extraObjects: [notes] })).rest, planted)).to.deep.equal(["cachePassword: plain"]);
        const env = { frontend: { AUTH: encoded(`shop:${value}`) } };
        expect(leaksIn((await sent({ env })).rest, planted)).to.deep.equal(["cachePassword: base64"]);
    });
});

type Values = Record<string, Record<string, string>>;

describe("secrets of the fixture stacks", function () {
    this.timeout(120_000);
    const folder = join(__dirname, "stacks");
    for (const stack of stackNames(folder))
        it(`are sent only in Secrets, set or generated: ${stack}`, async () => {
            const { resources } = await renderStack(stack, { folder, platforms: fixturePlatforms });
            const names = resources.filter(({ type }) => type.startsWith("random:")).map(({ name }) => name);
            const file = JSON.parse(readStackFile(stack, folder).config["plinth:secrets"] ?? "{}") as Values;
            const planted: Record<string, Planted> = Object.fromEntries(names.map((name) => [name, plant()]));
            const set = Object.entries(file).map(([instance, values]) => {
                const own = Object.entries(values).map(([key, value]) => {
                    // The program reads certificates.
                    if (key.startsWith("tls")) return [key, value];
                    const given = key === "jwtPrivateKey" ? plantKey() : plant();
                    return [key, (planted[`${instance}.${key}`] = given).value];
                });
                return [instance, Object.fromEntries(own)];
            });
            const rendering = await renderStack(stack, {
                folder,
                platforms: fixturePlatforms,
                generated: Object.fromEntries(names.map((name) => [name, planted[name]!.value])),
                config: { "plinth:secrets": JSON.stringify(Object.fromEntries(set)) },
            });
            const rest = rendering.resources.filter(({ type }) => type !== "kubernetes:core/v1:Secret");
            expect(leaksIn(JSON.stringify([rest, rendering.outputs]), planted)).to.deep.equal([]);
        });
});
