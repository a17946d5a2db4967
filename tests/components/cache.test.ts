import { createHash } from "node:crypto";
import { expect } from "chai";
import { Cache, maxMemory } from "../../components/cache";
import type { SecretRef } from "../../components/graph";
import { type CacheConfig, cacheOf } from "../../config/cache";
import { type Input, Value } from "../../config/value";
import { type DeclareArgs, declare, find } from "../support/declare";

const single = (changes: object = {}) =>
    ({ topology: "single", engine: "valkey", persistence: false, policy: "allkeys-lru", ...changes }) as CacheConfig;

const build = (config: CacheConfig, args: DeclareArgs = {}, seen: (cache: Cache) => void = () => {}) =>
    declare(
        (instance) => seen(new Cache(instance, "cache", { config, resources: { cpu: "50m", memory: "256Mi" } })),
        args,
    );

describe("Cache", () => {
    it("leaves room for a fork with persistence, and for buffers in any case", () => {
        for (const limit of [32, 64, 256, 1024, 65536]) {
            expect(maxMemory(limit, false)).to.be.at.most(0.8 * limit);
            // While the log is rewritten, every page may exist twice.
            expect(maxMemory(limit, true)).to.be.at.most(0.55 * limit);
        }
        expect(maxMemory(1024, false)).to.equal(819);
    });

    for (const engine of ["valkey", "redis"] as const) {
        it(`keeps the password of ${engine} in Secrets, in the server's file as a digest`, async () => {
            const { objects } = await build(single({ engine }), {
                values: { secrets: { bench: { cachePassword: "own-secret" } } },
            });
            const clear = objects.filter((object) => JSON.stringify(object).includes("own-secret"));
            expect(clear.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).to.deep.equal(["Secret cache"]);
            const file = find(objects, "Secret", "cache-config").stringData["cache.conf"];
            expect(file).to.contain(createHash("sha256").update("own-secret").digest("hex"));
            const [container] = find(objects, "Deployment", "cache").spec.template.spec.containers;
            expect(container.env[0]).to.deep.equal({
                name: "REDISCLI_AUTH",
                valueFrom: { secretKeyRef: { name: "cache", key: "password" } },
            });
            expect(container.command.at(-2)).to.equal(`${engine}-server`);
        });
    }

    it("keeps keys on a claim with persistence, and in the pod without it", async () => {
        const data = async (persistence: boolean) => {
            const { objects } = await build(single({ persistence }));
            const { volumes, containers } = find(objects, "Deployment", "cache").spec.template.spec;
            const mount = containers[0].volumeMounts.find(
                ({ mountPath }: { mountPath: string }) => mountPath === "/data",
            );
            const { name, ...source } = volumes.find((volume: { name: string }) => volume.name === mount.name);
            return { source, claims: objects.filter(({ kind }) => kind === "PersistentVolumeClaim").length };
        };
        expect(await data(true)).to.deep.equal({
            source: { persistentVolumeClaim: { claimName: "cache" } },
            claims: 1,
        });
        expect(await data(false)).to.deep.equal({ source: { emptyDir: { sizeLimit: "256Mi" } }, claims: 0 });
    });

    it("adapts to the configured memory, and rolls when it changes", async () => {
        const digest = async (memory: string) => {
            const { objects } = await build(single(), { instance: { resources: { cache: { memory } } } });
            const file = find(objects, "Secret", "cache-config").stringData["cache.conf"];
            return {
                file,
                annotation: find(objects, "Deployment", "cache").spec.template.metadata.annotations[
                    "plinth.dev/secrets"
                ],
            };
        };
        const [small, large] = [await digest("100Mi"), await digest("1Gi")];
        expect(small.file).to.contain("maxmemory 80mb");
        expect(large.file).to.contain("maxmemory 819mb");
        expect(small.annotation).not.to.equal(large.annotation);
    });

    it("never runs twice: two servers would be two caches behind one address", async () => {
        const { objects } = await build(single());
        expect(find(objects, "Deployment", "cache").spec).to.deep.include({
            replicas: 1,
            strategy: { type: "Recreate" },
        });
        const error = await build(single(), { instance: { replicas: { cache: 2 } } }).catch(String);
        expect(error).to.contain("plinth:instances.bench.replicas.cache: 2 is not allowed");
    });

    it("has its own password next to a second cache, and a file can combine it with other text", async () => {
        const values: Input<string>[] = [];
        const { objects } = await declare(
            (instance) => {
                const args = { config: single(), resources: { cpu: "50m", memory: "256Mi" } };
                new Cache(instance, "cache", args);
                const { password } = new Cache(instance, "sessions", args).service.settings;
                values.push(instance.valueOf(password as SecretRef));
                expect(() => instance.valueOf({ secret: "sessions", key: "other" })).to.throw(RangeError, '"other"');
            },
            { values: { secrets: { bench: { sessionsPassword: "theirs" } } } },
        );
        expect(find(objects, "Secret", "sessions").stringData.password).to.equal("theirs");
        expect(find(objects, "Secret", "cache").stringData.password).not.to.equal("theirs");
        expect(values.map((value) => value instanceof Value && value.in(() => "generated"))).to.deep.equal(["theirs"]);
    });
    it("lets a platform choose eviction policies and persistence", () => {
        const sessions = cacheOf({ policies: ["noeviction", "volatile-lru"], persistence: true });
        expect(sessions.parse({ topology: "single" })).to.include({ policy: "noeviction", persistence: true });
        expect(sessions.safeParse({ topology: "single", policy: "allkeys-lru" }).success).to.equal(false);
    });

    it("outside the cluster offers the same settings, with its Secret as the only object", async () => {
        let cache: Cache | undefined;
        const { objects } = await build(
            {
                topology: "external",
                engine: "redis",
                host: "cache.example.org",
                port: 6390,
                cidrs: ["198.51.100.0/24"],
            },
            { values: { secrets: { bench: { cachePassword: "theirs" } } } },
            (made) => {
                cache = made;
            },
        );
        expect(objects.map(({ kind }) => kind)).to.have.members(["Namespace", "NetworkPolicy", "Secret"]);
        expect(cache!.service.external).to.deep.equal({ cidrs: ["198.51.100.0/24"] });
        expect(cache!.service.bind({ H: "host", P: "port", S: "password" }).env).to.deep.equal({
            H: "cache.example.org",
            P: "6390",
            S: { secret: "cache", key: "password" },
        });
    });
});
