import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import { z } from "zod";
import { loadStack } from "../../config/load";
import { hostName } from "../../config/fields";
import { marksOf, ownIn } from "../../config/own";
import { ConfigError } from "../../config/problems";
import { at } from "../../config/walk";
import { addInstance } from "../../operations/instances/addInstance";
import { Session } from "../../operations/session";
import { platforms } from "../support/storagePlatform";
import { scratch } from "../support/tools";

/** A schema within another one, whatever alternative leads to it, with all that stands around it up to its map. */
interface Inner {
    readonly path: string;
    readonly layers: readonly z.ZodType[];
}

/** Every schema in another one: of unions all alternatives, of lists and maps what is in them. */
function innerOf(schema: z.ZodType, path: string, layers: readonly z.ZodType[] = []): Inner[] {
    const all = [...layers, schema];
    const within = (inner: unknown) => innerOf(inner as z.ZodType, path, all);
    if (
        schema instanceof z.ZodOptional ||
        schema instanceof z.ZodDefault ||
        schema instanceof z.ZodPrefault ||
        schema instanceof z.ZodNullable
    )
        return within(schema.unwrap());
    if (schema instanceof z.ZodPipe) return within(schema.in);
    if (schema instanceof z.ZodUnion) return schema.options.flatMap(within);
    const here = { path, layers: all };
    const below = (inner: unknown, key: string) => innerOf(inner as z.ZodType, `${path}.${key}`);
    if (schema instanceof z.ZodObject)
        return [here, ...Object.entries(schema.shape).flatMap(([key, inner]) => below(inner, key))];
    if (schema instanceof z.ZodArray) return [here, ...below(schema.element, "0")];
    if (schema instanceof z.ZodRecord) return [here, ...below(schema.valueType, "any")];
    return [here];
}

const all = Object.entries(platforms).flatMap(([name, { config }]) => innerOf(config.schema, name));
const isMarked = ({ layers }: Inner) => layers.some((layer) => marksOf(layer).length > 0);

/** Servers outside that several instances may use, and why. */
const shared: Readonly<Record<string, string>> = {
    "opencart.cache": "its keys begin with the namespace",
    "openmage.cache": "its keys begin with the instance",
};
/**
 * Keys of a model for everything that is compared: what another instance with the same ones is refused for. The path is
 * where a schema says so, with `0` for what is in a list.
 */
const examples: Readonly<Record<string, object>> = {
    "opencart.host": {},
    "opencart.adminHost": { adminHost: "own.example.org" },
    "openmage.stores.0.host": { stores: [{ host: "own.example.org", code: "second" }] },
    "openmage.phpMyAdmin.host": { phpMyAdmin: { access: "public", host: "own.example.org", allow: ["10.0.0.0/8"] } },
    "storage.objectStorage.publicHost": { objectStorage: { topology: "single", publicHost: "own.example.org" } },
    "opencart.edge.httpPort": { edge: { type: "NodePort", httpPort: 30080 } },
    "opencart.edge.httpsPort": { edge: { type: "NodePort", httpsPort: 30443 }, tls: { mode: "internal" } },
    "opencart.namespace": { namespace: "own" },
    "opencart.database.name": { database: { topology: "external", host: "10.1.2.3", name: "own" } },
    "qxsms.broker.vhost": { debug: true, broker: { topology: "external", host: "10.1.2.3", vhost: "own" } },
    "openmage.sessions.host": { sessions: { topology: "external", host: "10.1.2.3" } },
    "openedx.broker.host": { broker: { topology: "external", host: "10.1.2.3" } },
    "openedx.cache.host": { cache: { topology: "external", host: "10.1.2.3" } },
    "openedx.search.prefix": { search: { topology: "external", url: "https://search.example.org", prefix: "own_" } },
    "qed.redis.host": { redis: { topology: "external", host: "10.1.2.3" } },
    "qed.mongodb.host": { mongodb: { topology: "external", host: "10.1.2.3" } },
    "qed.cyan-db.name": {
        services: { "cyan-db": true },
        "cyan-db": { topology: "external", host: "10.1.2.3", name: "own" },
    },
    "opencart.backup.target.prefix": { backup: { target: { type: "s3", bucket: "dumps", prefix: "own" } } },
    "storage.objectStorage.buckets.media": {
        objectStorage: { topology: "external", endpoint: "https://s3.example.org", buckets: { media: "own-media" } },
    },
};
const platformOf = (path: string) => path.split(".")[0]!;
const model = (path: string) => ({
    platform: platformOf(path),
    host: "shop.example.org",
    sharedFiles: "oneNode",
    ...examples[path],
});
const stackOf = (instances: object) => ({ cluster: { context: "x" }, instances });

function problemsOf(instances: object): readonly string[] {
    try {
        loadStack(
            { project: "plinth", stack: "own", values: stackOf(instances), encrypted: [] },
            Object.values(platforms).map(({ config }) => config),
        );
        return [];
    } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        return error.problems.map(({ path, message }) => `${path}: ${message}`);
    }
}

describe("what belongs to one instance only", () => {
    const folder = scratch();
    after(() => folder.clean());

    it("is marked on every host of an instance", () => {
        // A host that may also be an IP address is an external server, or the user's own balancer.
        const isServer = (layer: z.ZodType) =>
            layer instanceof z.ZodUnion && !(layer instanceof z.ZodDiscriminatedUnion);
        const hosts = all.filter(
            ({ layers }) => !layers.some(isServer) && layers.some(({ _zod }) => _zod.def === hostName._zod.def),
        );
        expect(hosts).not.to.have.length(0);
        expect(hosts.filter((one) => !isMarked(one)).map(({ path }) => path)).to.deep.equal([]);
    });
    it("is marked on every external server, unless it has a reason for sharing", () => {
        const outside = all.filter(
            ({ layers }) =>
                (layers.at(-1) as z.ZodObject).shape?.["topology"]?.safeParse("external").success &&
                !(layers.at(-1) as z.ZodObject).shape["topology"].safeParse("single").success,
        );
        expect(outside).not.to.have.length(0);
        expect(outside.filter((one) => !isMarked(one) && !(one.path in shared)).map(({ path }) => path)).to.deep.equal(
            [],
        );
    });
    it("has an example here for each compared kind", () => {
        const sorts = (marks: readonly { what: string; identity?: unknown }[]) =>
            marks.filter(({ identity }) => identity).map(({ what }) => what);
        const marked = new Set(all.flatMap(({ layers }) => layers.flatMap((layer) => sorts(marksOf(layer)))));
        const shown = new Set(
            Object.keys(examples).flatMap((path) => {
                const parsed = placesOf(path).filter((place) => place.path.join(".") === keyOf(path));
                return sorts(parsed.map(({ own }) => own));
            }),
        );
        expect([...shown].sort()).to.deep.equal([...marked].sort());
    });

    const keyOf = (path: string) => path.slice(platformOf(path).length + 1);
    const placesOf = (path: string) => {
        const { config } = platforms[platformOf(path)]!;
        return ownIn(config.schema, { ...config.defaults("small", "shop.example.org"), ...model(path) });
    };
    for (const path of Object.keys(examples)) {
        it(`is refused in two instances, and not copied to another one: ${path}`, async () => {
            const twin = {
                ...model(path),
                ...(path.endsWith(".host") && path.split(".").length === 2 ? {} : { host: "new.example.org" }),
            };
            expect(problemsOf({ shop: model(path) })).to.deep.equal([]);
            const key = keyOf(path);
            const problems = problemsOf({ shop: model(path), twin });
            expect(problems.join("\n")).to.include(`plinth:instances.twin.${key}: `);
            expect(
                problems.filter((line) => !line.startsWith(`plinth:instances.twin.${key.split(".")[0]}`)),
            ).to.deep.equal([]);
            const config = Object.fromEntries(
                Object.entries(stackOf({ shop: model(path) })).map(([name, value]) => [`plinth:${name}`, value]),
            );
            writeFileSync(join(folder.path, "Pulumi.own.yaml"), stringify({ config }));
            const session = new Session("own", { folder: folder.path, platforms });
            const { diff, notCopied } = await addInstance(session, "twin", {
                host: "new.example.org",
                like: "shop",
            });
            expect(diff.join("\n")).not.to.match(/\bown(\b|-)/);
            const whole = placesOf(path)
                .find((place) => place.path.join(".") === key)!
                .whole.join(".");
            const isWritten = at(model(path), key.split(".")) !== undefined;
            expect(notCopied).to.deep.equal(isWritten && key !== "host" ? [whole] : []);
        });
    }
});
