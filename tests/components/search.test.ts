import { expect } from "chai";
import type { SecretRef } from "../../components/graph";
import type { Resource } from "../../components/resource";
import { apiKeyOf, indexing, Search, type SearchArgs, uuidOf } from "../../components/search";
import type { Stack } from "../../components/stack";
import { search, type SearchConfig, searchSecrets } from "../../config/search";
import { containerOf, type DeclareArgs, declare, find, problemsOf } from "../support/declare";

const build = (
    written: object,
    args: DeclareArgs & { more?: Partial<SearchArgs> } = {},
    seen: (made: Search, stack: Stack) => void = () => {},
) =>
    declare(
        (instance) =>
            seen(
                new Search(instance, "search", {
                    config: search.parse(written) as SearchConfig,
                    resources: { cpu: "1500m", memory: "768Mi" },
                    ...args.more,
                }),
                instance.stack,
            ),
        { secrets: Object.keys(searchSecrets), ...args },
    );
const single = { topology: "single" };
const given = { values: { secrets: { bench: { searchMasterKey: "a-master-key-of-their-own" } } } };

describe("Search", () => {
    it("derives the application's key as the server does", () => {
        expect(apiKeyOf("m", "u")).to.equal("60530c6f51103a56b35c7626a6861757a72cb9a055a3790205ae873ae23e53a4");
    });

    it("makes a valid UUID v4 of any seed, the same one each time", () => {
        const seeds = ["", "a", "b", ...Array.from({ length: 200 }, (_, index) => `seed ${index}`)];
        for (const seed of seeds)
            expect(uuidOf(seed)).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(uuidOf("a")).to.equal(uuidOf("a"));
        expect(new Set(seeds.map(uuidOf)).size).to.equal(seeds.length);
    });

    it("limits what indexing takes, since the engine would go by the node", async () => {
        expect(indexing(768, 1.5)).to.deep.equal({ bytes: 256 * 2 ** 20, threads: 2 });
        expect(indexing(1024, 0.1).threads).to.equal(1);
        const { objects } = await build(single, {
            instance: { resources: { search: { memory: "3Gi", cpu: "4" } } },
        });
        const { env } = containerOf(objects, "Deployment", "search", "meilisearch");
        expect(env).to.deep.include.members([
            { name: "MEILI_MAX_INDEXING_MEMORY", value: String(2 ** 30) },
            { name: "MEILI_MAX_INDEXING_THREADS", value: "4" },
        ]);
        expect(
            await problemsOf(build(single, { instance: { resources: { search: { memory: "128Mi" } } } })),
        ).to.contain('resources.search.memory: "128Mi" is too little for meilisearch; allowed: at least 256Mi');
    });

    it("keeps the master key in one Secret, and the application's key in another", async () => {
        const { objects } = await build(single, given);
        const clear = objects.filter((object) => JSON.stringify(object).includes("a-master-key-of-their-own"));
        expect(clear.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).to.deep.equal(["Secret search"]);
        const { apiKey, apiKeyUid } = find(objects, "Secret", "search-key")["stringData"];
        expect(apiKey).to.equal(apiKeyOf("a-master-key-of-their-own", apiKeyUid));
        expect(objects.filter((object) => JSON.stringify(object).includes(apiKey))).to.have.length(1);
        expect(containerOf(objects, "Deployment", "search", "meilisearch").env).to.deep.include({
            name: "MEILI_MASTER_KEY",
            valueFrom: { secretKeyRef: { name: "search", key: "masterKey" } },
        });
    });

    it("begins with an empty volume of its own after a change of the engine's series, and keeps the key's identity", async () => {
        const made = async (meilisearch: string) => {
            let plan: readonly Resource[] = [];
            const { objects } = await build(
                single,
                {
                    instance: { images: { meilisearch }, volumes: { search: { size: "9Gi" } } },
                    values: { ...given.values, protect: true },
                },
                (_, stack) => {
                    plan = stack.plan;
                },
            );
            const { spec, metadata } = find(objects, "PersistentVolumeClaim", "search");
            expect(spec.resources.requests.storage).to.equal("9Gi");
            const mounts = containerOf(objects, "Deployment", "search", "meilisearch").volumeMounts as {
                name: string;
                subPath: string;
            }[];
            return {
                claim: metadata.name,
                isProtected: plan
                    .filter(({ options }) => options.protect)
                    .some(({ type }) => type.endsWith(":PersistentVolumeClaim")),
                folders: mounts.map(({ name, subPath }) => `${name} ${subPath}`),
                uid: find(objects, "Secret", "search-key")["stringData"].apiKeyUid as string,
            };
        };
        const [old, patched, next] = [
            await made("getmeili/meilisearch:v1.36.0"),
            await made("getmeili/meilisearch:v1.36.4"),
            await made("getmeili/meilisearch:v1.37.0"),
        ];
        expect(old.claim).to.equal("search-1-36");
        expect(old.folders).to.deep.equal(["search-1-36 data-1-36", "search-1-36 tmp-1-36"]);
        expect(patched).to.deep.equal(old);
        expect(next.claim).to.equal("search-1-37");
        expect(next.uid).to.equal(old.uid);
        // Its content can be indexed anew, and nobody should have to agree to that.
        expect(old.isProtected).to.equal(false);
        expect(
            await problemsOf(build(single, { instance: { images: { meilisearch: "getmeili/meilisearch:latest" } } })),
        ).to.contain('images.meilisearch: "getmeili/meilisearch:latest" does not show its version');
    });

    it("is published under the user's host, else the platform's, without its administration", async () => {
        const seen: Search[] = [];
        const keep = (made: Search) => void seen.push(made);
        const more = { publicHost: "search.bench.example.org", publicUrl: "https://search.bench.example.org" };
        await build(single, {}, keep);
        await build(single, { more }, keep);
        await build({ ...single, publicHost: "find.example.org" }, { more }, keep);
        expect(seen.map((made) => made.sites().map(({ host }) => host))).to.deep.equal([
            [],
            ["search.bench.example.org"],
            ["find.example.org"],
        ]);
        expect(seen[1]!.sites()[0]!.closed![0]!.paths).to.include("/keys");
        const url = "http://search.bench.svc.cluster.local:7700";
        expect(seen[0]!.service.settings).to.include({ url, publicUrl: url, prefix: "bench_" });
        expect(seen[1]!.service.settings.publicUrl).to.equal("https://search.bench.example.org");
    });

    it("outside the cluster offers the same settings, with Secrets as the only objects", async () => {
        let made: Search | undefined;
        const config = { topology: "external", url: "https://search.example.org", prefix: "shop_" };
        const { objects } = await build(config, given, (created) => {
            made = created;
        });
        expect(objects.map(({ kind }) => kind)).to.have.members(["Namespace", "NetworkPolicy", "Secret", "Secret"]);
        const { ports, settings, external } = made!.service;
        expect({ ports, external }).to.deep.equal({ ports: { http: 443 }, external: { cidrs: [] } });
        expect(settings).to.include({ publicUrl: "https://search.example.org", prefix: "shop_" });
        expect((settings.apiKey as SecretRef).secret).to.equal("search-key");
        expect(made!.sites()).to.deep.equal([]);
        expect(await problemsOf(build(config))).to.contain(
            "plinth:instances.bench.search: is external and requires its password",
        );
    });
});
