import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import { z } from "zod";
import { Database } from "../../components/database";
import type { Instance } from "../../components/instance";
import { expansion, literal, variable } from "../../components/languages/expansion";
import { publish } from "../../components/loadBalancer";
import type { ContainerArgs } from "../../components/podArgs";
import { WebTier } from "../../components/webTier";
import { databaseOf, databaseSecrets } from "../../config/database";
import { edgeSecrets } from "../../config/edge";
import { hostName, instanceFields } from "../../config/fields";
import { images as common, imagesNamed } from "../../config/images";
import { stackJsonSchema } from "../../config/jsonSchema";
import { ownHost } from "../../config/own";
import { renderStack } from "../../operations/render/rendering";
import { platforms } from "../../platforms";
import { definePlatform, imagesOf, type InstanceOf, type Platform } from "../../platforms/platform";
import { problemsOf } from "../support/declare";
import { brokenBy } from "../support/renderedRules";
import { scratch } from "../support/tools";

const schema = z.strictObject({
    platform: z.literal("wiki"),
    ...instanceFields,
    database: databaseOf(["postgres"]),
    language: z.enum(["en", "de"]).default("en"),
    docsHost: ownHost(hostName.optional()),
});
const secrets = { wikiToken: "Token of the wiki", ...databaseSecrets, ...edgeSecrets } as const;
const images = imagesNamed({ wiki: { reference: "wiki:1.2", built: true } });
type Wiki = InstanceOf<typeof secrets>;

/** A platform that publishes a site at each of these hosts. */
function wikiAt(hostsOf: (settings: { readonly host: string; readonly docsHost?: string | undefined }) => string[]) {
    return definePlatform({
        name: "wiki",
        schema,
        secrets,
        images,
        defaults: () => ({ database: { topology: "single" } }),
        declare: (instance, settings) => {
            const container = { name: "wiki", image: images.wiki, ports: { http: 8080 }, resources: {} };
            const { service } = new WebTier(instance, "web", { pod: { user: 1000, containers: [container] } });
            const hosts = hostsOf(settings);
            if (hosts.length > 0)
                publish(
                    instance,
                    hosts.map((host) => ({ host, routes: [{ to: service }] })),
                );
            return { urls: { wiki: `http://${settings.host}/${settings.language}` } };
        },
    });
}
const all = wikiAt(({ host, docsHost }) => [host, ...(docsHost ? [docsHost] : [])]);

/** Never run: code that the compiler refuses. */
export function refused(instance: Wiki, plain: Instance, other: Instance<"other">): void {
    // @ts-expect-error -- a misspelt secret
    instance.secretValue("wikiTokn");
    // @ts-expect-error -- a misspelt secret, whose value by the user would be dropped
    instance.password("token", "wikiTokn");
    // @ts-expect-error -- what names no secrets reads none
    plain.secretValue("wikiToken");
    const args = { config: databaseOf(["postgres"]).parse({}), database: "wiki", user: "wiki", size: "1Gi" };
    const resources = { memory: "512Mi" };
    const database = new Database(instance, "database", { ...args, resources });
    // @ts-expect-error -- a component whose secrets the platform does not declare
    new Database(other, "database", { ...args, resources });
    // @ts-expect-error -- a second one has keys of its own, which the platform does not declare
    new Database(instance, "orders", { ...args, resources });
    // @ts-expect-error -- a setting that a database does not have
    database.service.bind({ DB_PASSWORD: "pasword" });
    // @ts-expect-error -- likewise where it is read
    void database.service.settings.vhost;
    definePlatform({
        ...{ name: "wiki", schema, secrets, images },
        defaults: () => ({}),
        // @ts-expect-error -- settings that the schema does not have
        declare: (_, { langauge }) => ({ urls: { wiki: langauge } }),
    });
    definePlatform({
        ...{ name: "wiki", schema, secrets, images },
        defaults: () => ({}),
        declare: (own) => {
            // @ts-expect-error -- secrets that the definition does not have
            own.secretValue("adminPassword");
            return { urls: {} };
        },
    });
}

describe("a platform", () => {
    const folder = scratch();
    after(() => folder.clean());
    const render = (platform: Platform, keys: object = {}) => {
        const config = {
            "plinth:cluster": { context: "x" },
            "plinth:instances": { wiki: { platform: "wiki", host: "wiki.example.org", ...keys } },
        };
        writeFileSync(join(folder.path, "Pulumi.wiki.yaml"), stringify({ config }));
        return renderStack("wiki", { folder: folder.path, platforms: { wiki: platform } });
    };

    it("is declared with the settings of its schema, and with the hosts that it marks", async () => {
        const { outputs } = await render(all, { docsHost: "docs.example.org", language: "de" });
        expect(outputs.instances["wiki"]?.urls).to.deep.equal({ wiki: "http://wiki.example.org/de" });
        expect(outputs.dns.pending).to.deep.equal(["wiki.example.org", "docs.example.org"]);
    });
    it("publishes a site at every host, or the host is reported with its key", async () => {
        expect(
            await problemsOf(
                render(
                    wikiAt(({ host }) => [host]),
                    { docsHost: "docs.example.org" },
                ),
            ),
        ).to.include(
            'plinth:instances.wiki.docsHost: "docs.example.org" is not served: the platform wiki publishes nothing at it',
        );
        expect(await problemsOf(render(wikiAt(() => [])))).to.include(
            'plinth:instances.wiki.host: "wiki.example.org" is not served',
        );
    });
    it("publishes nothing at a host that its schema does not mark, which two instances could share", async () => {
        expect(await problemsOf(render(wikiAt(({ host }) => [host, "other.example.org"])))).to.include(
            "the platform wiki publishes something at other.example.org, but no key of its schema is marked as that host",
        );
    });
    describe("whose pods take a password", () => {
        /** Pods with a database, and the environment that is made of it. */
        const withDatabase = (
            of: (database: Database, instance: Wiki) => Pick<ContainerArgs, "env" | "uses">,
        ): Platform =>
            definePlatform({
                ...{ name: "wiki", schema, secrets, images },
                defaults: () => ({ database: { topology: "single" } }),
                declare: (instance, { host, database: config }) => {
                    const place = {
                        database: "wiki",
                        user: "wiki",
                        size: "1Gi",
                        resources: { cpu: "50m", memory: "1Gi" },
                    };
                    const database = new Database(instance, "database", { config, ...place });
                    const container = {
                        ...{ name: "wiki", image: images.wiki, ports: { http: 8080 } },
                        resources: { cpu: "50m", memory: "64Mi" },
                        probes: { readiness: { tcpSocket: { port: 8080 } } },
                        ...of(database, instance),
                    };
                    const { service } = new WebTier(instance, "web", { pod: { user: 1000, containers: [container] } });
                    publish(instance, [{ host, routes: [{ to: service }] }]);
                    return { urls: {} };
                },
            });
        const broken = async (platform: Platform) => {
            await render(platform);
            return brokenBy("wiki", { folder: folder.path, platforms: { wiki: platform } });
        };
        const edge = ({ service }: Database) => service.bind({ DB_USER: "user", DB_PASSWORD: "password" });

        it("breaks a rule if a plain value names a variable that is never expanded", async () => {
            const plain = withDatabase((database) => ({
                env: { DATABASE_URL: "postgresql://$(DB_USER):$(DB_PASSWORD)@db/wiki", NOTE: "$(OTHER)" },
                uses: [edge(database)],
            }));
            expect(await broken(plain)).to.deep.equal(
                ["DB_USER", "DB_PASSWORD"].map(
                    (name) =>
                        `Deployment wiki/web, container wiki: DATABASE_URL holds $(${name}) as it is written, and not the value of ${name}; ` +
                        `to put that in, write a Secret of your own (\`instance.valueOf\`), or { composed: expansion\`…\${variable("${name}")}…\` }`,
                ),
            );
            const composed = withDatabase((database) => ({
                env: { ACCOUNT: { composed: expansion`${variable("DB_USER")}@${literal("db")}` } },
                uses: [edge(database)],
            }));
            expect(await broken(composed)).to.deep.equal([]);
        });
        it("breaks a rule if pods have a component's Secret but no network access to it", async () => {
            const closed = withDatabase(({ service }) => ({ env: { DB_PASSWORD: service.settings.password } }));
            expect(await broken(closed)).to.deep.equal([
                'Deployment wiki/web has Secret database of "database", which none of its containers uses; add database.service.bind() to `uses` of the one that connects to it',
            ]);
        });
    });
    it("has a namespace by default, as strict as configured", async () => {
        const levelOf = async (platform: Platform) => {
            const { objects } = await render(platform);
            const spaces = objects.filter(({ kind }) => kind === "Namespace");
            return spaces.map(({ metadata }) => metadata.labels?.["pod-security.kubernetes.io/enforce"]);
        };
        expect(await levelOf(all)).to.deep.equal(["restricted"]);
        expect(await levelOf({ ...all, config: { ...all.config, podSecurity: "baseline" } })).to.deep.equal([
            "baseline",
        ]);
    });
    it("reads no undeclared secret, even in untyped code", async () => {
        const careless: Platform = {
            ...all,
            declare: (instance) => {
                instance.secretValue("wikiTokn");
                return all.declare(instance);
            },
        };
        expect(await problemsOf(render(careless))).to.include(
            'the platform wiki does not declare a secret "wikiTokn"; did you mean "wikiToken"?; declared: wikiToken, databasePassword',
        );
    });
    it("has its secret keys in the JSON Schema, and its images in the list of images", () => {
        expect(JSON.stringify(stackJsonSchema([all.config]))).to.include(
            '"wikiToken":{"description":"Token of the wiki"}',
        );
        expect(imagesOf({ wiki: all })).to.deep.equal([...Object.values(common), images.wiki]);
    });
    it("of this project has images with unique names", () => {
        const names = imagesOf(platforms).map(({ name }) => name);
        expect(names).to.have.length(new Set(names).size);
    });
});
