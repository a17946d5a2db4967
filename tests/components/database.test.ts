import { expect } from "chai";
import fc from "fast-check";
import { Database } from "../../components/database";
import { nativeHash } from "../../components/database/mysql";
import { mysqlSizes, planned, postgresSizes } from "../../components/database/sizing";
import type { Instance } from "../../components/instance";
import type { DatabaseConfig } from "../../config/database";
import { type DeclareArgs, declare, find, type Sent, problemsOf } from "../support/declare";
import { declareDatabase } from "../support/replicated";

type Written = { topology: "single"; engine: "mariadb" | "mysql" | "postgres"; upgradeFrom?: string };

const build =
    (config: DatabaseConfig | Written, seen: (database: Database) => void = () => {}) =>
    (instance: Instance<string>) =>
        seen(declareDatabase(instance, config));

const single = (engine: Written["engine"]) => ({ topology: "single", engine }) as const;
const external = (host: string): Extract<DatabaseConfig, { topology: "external" }> => ({
    topology: "external",
    engine: "mariadb",
    host,
    cidrs: [],
});

/** The problems of a declaration. */
async function problems(config: DatabaseConfig, args: DeclareArgs = {}): Promise<string> {
    let message = "";
    await declare(build(config), args).catch((error: Error) => {
        message = error.message;
    });
    return message;
}

const pod = (objects: readonly Sent[]) => find(objects, "StatefulSet", "database").spec.template;
const container = (objects: readonly Sent[], name: string) =>
    [...pod(objects).spec.containers, ...pod(objects).spec.initContainers].find(
        (one: { name: string }) => one.name === name,
    );
const mounts = (one: { volumeMounts: { mountPath: string; subPath?: string; readOnly?: boolean; name: string }[] }) =>
    Object.fromEntries(one.volumeMounts.map((mount) => [mount.mountPath, mount]));

describe("Sizes of a database", () => {
    const limits = [256, 300, 512, 513, 1024, 1025, 4096, 4097, 65536];
    const disk = 10 * 1024;
    it("plan at most nine tenths of any memory limit, for every engine", () => {
        const limit = fc.oneof(fc.constantFrom(...limits), fc.integer({ min: 256, max: 65536 }));
        fc.assert(
            fc.property(limit, (memory) => {
                expect(mysqlSizes("mariadb", memory, disk).total).to.be.at.most(memory * planned);
                expect(postgresSizes(memory, disk).total).to.be.at.most(memory * planned);
                if (memory >= 512) expect(mysqlSizes("mysql", memory, disk).total).to.be.at.most(memory * planned);
            }),
        );
    });
    it("serve at least twenty connections from a cache that grows with the limit", () => {
        for (const sizes of [
            limits.map((limit) => mysqlSizes("mariadb", limit, disk)),
            limits.slice(2).map((limit) => mysqlSizes("mysql", limit, disk)),
        ]) {
            sizes.forEach((size, index) => {
                expect(size.connections).to.be.within(20, 500);
                expect(size.bufferPool).to.be.at.least(sizes[Math.max(0, index - 1)]!.bufferPool);
            });
            expect(sizes.at(-1)!.bufferPool).to.be.above(0.65 * 65536);
        }
        for (const limit of limits) expect(postgresSizes(limit, disk).connections).to.be.within(20, 200);
    });
    it("leave most of a small volume to the data", () => {
        expect(mysqlSizes("mariadb", 65536, 1024).redoLog).to.be.at.most(128);
        expect(postgresSizes(65536, 1024).maxWal).to.be.at.most(256);
    });
});

describe("Database", () => {
    it("hashes as the server does", () => {
        // SELECT PASSWORD('mariadb'), from the manual: https://mariadb.com/kb/en/password/
        expect(nativeHash("mariadb")).to.equal("*54958E764CE10E50764C2EECBB71D01F08549980");
    });

    for (const engine of ["mariadb", "mysql", "postgres"] as const) {
        it(`keeps the passwords of ${engine} in Secrets, and everything else refers to them`, async () => {
            const secrets = { bench: { databasePassword: "own-secret-1", databaseRootPassword: "own-secret-2" } };
            const { objects } = await declare(build(single(engine)), { values: { secrets } });
            for (const object of objects.filter(({ kind }) => kind !== "Secret"))
                expect(JSON.stringify(object)).not.to.contain("own-secret");
            expect(find(objects, "Secret", "database").stringData).to.deep.equal({ password: "own-secret-1" });
            expect(find(objects, "Secret", "database-root").stringData.rootPassword).to.equal("own-secret-2");
            const { env } = container(objects, engine);
            const references = env.flatMap(({ valueFrom }: { valueFrom?: { secretKeyRef: object } }) =>
                valueFrom ? [valueFrom.secretKeyRef] : [],
            );
            expect(references).to.have.deep.members([
                { name: "database", key: "password" },
                { name: "database-root", key: "rootPassword" },
            ]);
        });

        it(`never shows the root of the volume to ${engine} as its data directory`, async () => {
            const { objects } = await declare(build(single(engine)));
            expect(find(objects, "PersistentVolumeClaim", "database").spec.resources.requests.storage).to.equal("10Gi");
            const server = container(objects, engine);
            if (engine === "postgres") {
                const data = server.env.find(({ name }: { name: string }) => name === "PGDATA").value;
                expect(data).to.equal("/var/lib/postgresql/17/docker");
                expect(mounts(server)["/var/lib/postgresql"]).to.not.have.property("readOnly");
            } else expect(mounts(server)["/var/lib/mysql"]).to.include({ name: "database", subPath: "data" });
        });

        it(`checks the volume of ${engine} before anything may write to it`, async () => {
            const { objects } = await declare(build(single(engine)));
            const [guard] = pod(objects).spec.initContainers;
            expect(mounts(guard)["/volume"]).to.deep.equal({ mountPath: "/volume", name: "database", readOnly: true });
            expect(guard.image).to.equal(container(objects, engine).image);
            const series = guard.env.find(({ name }: { name: string }) => name === "SERIES").value;
            expect(pod(objects).metadata.annotations["plinth.dev/engine"]).to.equal(series);
        });
    }

    it("rolls its pod when a password or a setting changes", async () => {
        const digest = async (password: string) => {
            const { objects } = await declare(build(single("mariadb")), {
                values: { secrets: { bench: { databasePassword: password } } },
            });
            return pod(objects).metadata.annotations["plinth.dev/secrets"];
        };
        expect(await digest("one")).not.to.equal(await digest("two"));
        const file = async (memory: string) => {
            const { objects } = await declare(build(single("mariadb")), {
                instance: { resources: { database: { memory } } },
            });
            return find(objects, "ConfigMap", "database");
        };
        const [small, large] = [await file("512Mi"), await file("2Gi")];
        expect(small.metadata.name).not.to.equal(large.metadata.name);
        expect(large.data["plinth.cnf"]).to.match(/innodb_buffer_pool_size = 12\d\dM/);
    });

    it("opens a single path, from its users to its port", async () => {
        const { objects } = await declare((instance) => {
            build(single("postgres"))(instance);
        });
        // A listed direction without rules is closed.
        const { spec } = find(objects, "NetworkPolicy", "database");
        expect(spec.policyTypes).to.deep.equal(["Ingress", "Egress"]);
        expect(spec).not.to.have.any.keys("ingress", "egress");
        expect(find(objects, "Service", "database").spec.ports).to.deep.equal([
            { name: "postgresql", port: 5432, targetPort: "postgresql" },
        ]);
    });

    it("counts /dev/shm of PostgreSQL and sets no CPU limit", async () => {
        const { objects } = await declare(build(single("postgres")));
        const volume = pod(objects).spec.volumes.find(({ name }: { name: string }) => name === "dev-shm");
        expect(volume.emptyDir).to.deep.equal({ sizeLimit: "25Mi", medium: "Memory" });
        for (const one of pod(objects).spec.containers)
            expect(one.resources.limits).to.have.all.keys("memory", "ephemeral-storage");
        expect(pod(objects).spec.terminationGracePeriodSeconds).to.equal(120);
    });

    it("aborts a MariaDB statement before its temporary files cause an eviction", async () => {
        const limits = async (volumes: object) => {
            const { objects } = await declare(build(single("mariadb")), { instance: { volumes } });
            const tmp = pod(objects).spec.volumes.find(({ name }: { name: string }) => name === "tmp");
            const file = find(objects, "ConfigMap", "database").data["plinth.cnf"] as string;
            return [tmp.emptyDir.sizeLimit, /^loose_max_tmp_total_space_usage = (.*)$/m.exec(file)?.[1]];
        };
        const usual = await limits({});
        expect(usual).to.deep.equal(["2560Mi", "2304M"]);
        // A volume grows in place: the pod is not recreated.
        expect(await limits({ database: { size: "200Gi" } })).to.deep.equal(usual);
        expect(await limits({ "database.tmp": { size: "10Gi" } })).to.deep.equal(["10Gi", "9216M"]);
    });

    it("runs as the user of the configured image", async () => {
        const { objects } = await declare(build(single("postgres")), {
            instance: { images: { postgres: "postgres:16.4-alpine" } },
        });
        expect(pod(objects).spec.securityContext).to.include({ runAsUser: 70, fsGroup: 70 });
        expect(pod(objects).metadata.annotations["plinth.dev/engine"]).to.equal("postgres 16");
    });

    it("replaces a pod that the guard has refused, so that the old image can return", async () => {
        const { objects } = await declare(build(single("mariadb")));
        const { spec } = find(objects, "StatefulSet", "database");
        // A StatefulSet with another policy waits until its pod is ready before it replaces it.
        expect(spec).to.include({ podManagementPolicy: "Parallel", replicas: 1 });
        expect(spec).not.to.have.property("updateStrategy");
    });

    it("refuses an image without a version", async () => {
        const digest = `sha256:${"0".repeat(64)}`;
        const asked = (engine: Written["engine"], image: string) =>
            problems(single(engine), { instance: { images: { [engine]: image } } });
        for (const [engine, image] of [
            ["mariadb", "mariadb:10"],
            ["mariadb", "registry.example.org:5000/mariadb:lts"],
            ["mysql", `mysql@${digest}`],
            ["postgres", "postgres"],
            ["postgres", "postgres:alpine"],
        ] as const)
            expect(await asked(engine, image)).to.contain(
                `plinth:instances.bench.images.${engine}: "${image}" does not show its version`,
            );
        expect(await asked("mariadb", `mariadb:11.8.8@${digest}`)).to.equal("");
        expect(await asked("postgres", "registry.example.org:5000/postgres:17-alpine")).to.equal("");
    });

    it("upgrades system tables only with consent", async () => {
        const upgrade = async (config: Written) =>
            container((await declare(build(config))).objects, "mariadb").env.map(({ name }: { name: string }) => name);
        expect(await upgrade(single("mariadb"))).not.to.include("MARIADB_AUTO_UPGRADE");
        expect(await upgrade({ ...single("mariadb"), upgradeFrom: "mariadb 11.4" })).to.include("MARIADB_AUTO_UPGRADE");
        expect(await upgrade({ ...single("mariadb"), upgradeFrom: "mysql 8.4" })).not.to.include(
            "MARIADB_AUTO_UPGRADE",
        );
    });

    it("reports the minimum memory of the engine", async () => {
        const instance = { resources: { database: { memory: "300Mi" } } };
        expect(await problems(single("mariadb"), { instance })).to.equal("");
        expect(await problems(single("mysql"), { instance })).to.contain(
            'plinth:instances.bench.resources.database.memory: "300Mi" is too little for mysql; allowed: at least 512Mi',
        );
    });

    it("outside the cluster offers the same settings, with its Secret as the only object", async () => {
        let service: Database["service"] | undefined;
        const values = { secrets: { bench: { databasePassword: "theirs" } } };
        const { objects } = await declare(
            build({ ...external("192.0.2.7"), port: 3307, name: "shop" }, (database) => {
                service = database.service;
                expect(database.node.pods).to.equal(false);
                expect(database.rootPassword).to.equal(undefined);
            }),
            { values },
        );
        expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).to.have.members([
            "Namespace bench",
            "NetworkPolicy default-deny",
            "Secret database",
        ]);
        expect(service!.external).to.deep.equal({ cidrs: ["192.0.2.7/32"] });
        expect(service!.bind({ H: "host", P: "port", N: "name", U: "user", S: "password" }).env).to.deep.equal({
            H: "192.0.2.7",
            P: "3307",
            N: "shop",
            U: "opencart",
            S: { secret: "database", key: "password" },
        });
    });

    it("outside the cluster may have a separate host for reads, which defaults to the same host", async () => {
        const values = { secrets: { bench: { databasePassword: "theirs" } } };
        const seen: Database[] = [];
        for (const more of [{}, { readHost: "192.0.2.8" }])
            await declare(
                build({ ...external("192.0.2.7"), ...more }, (database) => seen.push(database)),
                { values },
            );
        const [one, two] = seen as [Database, Database];
        expect(one.readService).to.equal(one.service);
        expect(two.readService.external).to.deep.equal({ cidrs: ["192.0.2.8/32"] });
        const asked = { H: "host", N: "name", S: "password" } as const;
        expect(two.readService.bind(asked).env).to.deep.equal({ ...two.service.bind(asked).env, H: "192.0.2.8" });
    });

    it("outside the cluster requires its password", async () => {
        expect(await problems(external("db.example.org"))).to.contain(
            "plinth:instances.bench.database: is external and requires its password: ./plinth secrets set bench databasePassword dev",
        );
    });

    it("has its own passwords next to a second database, in the cluster and outside", async () => {
        const secrets = { bench: { databasePassword: "first", ordersPassword: "second", ordersRootPassword: "third" } };
        const two = (config: DatabaseConfig, values: object) =>
            declare(
                (instance) => {
                    const args = { resources: { cpu: "100m", memory: "512Mi" }, size: "10Gi", user: "shop" };
                    for (const name of ["database", "orders"])
                        new Database(instance, name, { ...args, config, database: name });
                },
                { values: { secrets: values } },
            );
        const { objects } = await two(single("mariadb"), secrets);
        const passwords = (name: string) => find(objects, "Secret", name).stringData.password;
        expect([passwords("database"), passwords("orders")]).to.deep.equal(["first", "second"]);
        expect(find(objects, "Secret", "orders-root").stringData.rootPassword).to.equal("third");
        expect(find(objects, "Secret", "database-root").stringData.rootPassword).not.to.equal("third");
        expect(await problemsOf(two(external("10.1.2.3"), { bench: { databasePassword: "first" } }))).to.contain(
            "plinth:instances.bench.orders: is external and requires its password: ./plinth secrets set bench ordersPassword dev",
        );
    });

    it("derives the ranges of an external server from every kind of address", async () => {
        const ranges: (readonly string[] | undefined)[] = [];
        for (const host of ["2001:db8::7", "db.example.org"])
            await declare(
                build(external(host), ({ service }) => ranges.push(service.external?.cidrs)),
                {
                    values: { secrets: { bench: { databasePassword: "theirs" } } },
                },
            );
        expect(ranges).to.deep.equal([["2001:db8::7/128"], []]);
    });

    it("keeps volume and passwords when the instance is removed", async () => {
        const { objects } = await declare(build(single("mariadb")), { instance: { state: "removed" } });
        expect(objects.map(({ kind }) => kind))
            .to.include.members(["PersistentVolumeClaim", "Secret"])
            .and.not.include("StatefulSet");
    });
});
