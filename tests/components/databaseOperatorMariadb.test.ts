import { expect } from "chai";
import { Task } from "../../components/task";
import { Database } from "../../components/database";
import { checkSeries, SeriesError } from "../../components/database/series";
import { database as schema, type DatabaseConfig } from "../../config/database";
import { images } from "../../config/images";
import { declareClientsOfAll, hostOf } from "../support/databaseClients";
import { declare, type DeclareArgs, find, problemsOf, type Sent } from "../support/declare";
import { operatedPods } from "../support/invariants";
import { addressesOf, canReach, canReachAddress, type PodAddress } from "../support/policies";

const operated = (more: object = {}): DatabaseConfig =>
    schema.parse({ topology: "operator", engine: "mariadb", ...more });

const sent = (config: DatabaseConfig, args: DeclareArgs = {}) =>
    declare((instance) => {
        const database = new Database(instance, "database", {
            ...{ config, database: "app", user: "app", size: "10Gi", settings: { lower_case_table_names: "1" } },
            resources: { cpu: "100m", memory: "512Mi" },
        });
        const resources = { cpu: "10m", memory: "32Mi" };
        const pod = { containers: [{ name: "prepare", image: images.busybox, resources }], user: 1000 };
        new Task(instance, "prepare", { pod, startsAfter: [database] });
        declareClientsOfAll(instance, database);
    }, args);

const serversIn = (objects: readonly Sent[]) => find(objects, "MariaDB", "database-mariadb");

const ofOperator = (objects: readonly Sent[]) =>
    objects.filter(({ apiVersion }) => apiVersion === "k8s.mariadb.com/v1alpha1").map(({ kind }) => kind);

const monitored = { monitoringNamespace: "monitoring", podMonitors: { labels: { release: "prometheus" } } };

describe("Database of mariadb-operator", () => {
    it("leads clients to the operator's Services, whose names no other topology's servers have", async () => {
        const hosts = async (more: object) => {
            const { objects } = await sent(operated(more));
            return ["web", "reads", "dumps"].map((name) => hostOf(objects, name).split(".")[0]);
        };
        const primary = "database-mariadb-primary";
        expect(await hosts({})).to.deep.equal([primary, "database-mariadb", primary]);
        expect(await hosts({ readFrom: "replicas" })).to.deep.equal([primary, "database-mariadb-secondary", primary]);
    });

    it("has the program's database, account and password, which outlive their objects", async () => {
        const { objects } = await sent(operated({ name: "data", user: "owner" }));
        const [database, user, grant] = ["Database", "User", "Grant"].map(
            (kind) => find(objects, kind, "database").spec,
        );
        for (const spec of [database, user, grant])
            expect(spec).to.deep.include({ mariaDbRef: { name: "database-mariadb" }, cleanupPolicy: "Skip" });
        expect(database).to.include({ name: "data", characterSet: "utf8mb4", collate: "utf8mb4_unicode_ci" });
        expect(user).to.include({ name: "owner", host: "%" });
        expect(grant).to.include({ database: "data", username: "owner", host: "%", table: "*" });
        // The operator's default would be ten connections.
        const { myCnf } = serversIn(objects).spec;
        expect(myCnf).to.include(`max_connections = ${user.maxUserConnections}\n`);
        const secret = find(objects, "Secret", user.passwordSecretKeyRef.name);
        expect(secret["stringData"]).to.have.keys(user.passwordSecretKeyRef.key);
        expect(secret.metadata.labels).to.have.property("k8s.mariadb.com/watch");
        const root = serversIn(objects).spec.rootPasswordSecretKeyRef;
        expect(find(objects, "Secret", root.name)["stringData"]).to.have.keys(root.key);
        expect(root.generate).to.equal(false);
    });

    it("is ready for the others with its accounts, which wait for the servers and not these for them", async () => {
        const { resources } = await sent(operated());
        const before = (kind: string) => {
            const { urn, dependencies } = resources.find(({ type }) => type.endsWith(`/v1alpha1:${kind}`))!;
            return { urn, dependencies };
        };
        const servers = before("MariaDB");
        const accounts = ["Database", "User", "Grant"].map((kind) => before(kind));
        for (const { urn } of accounts) expect(servers.dependencies).not.to.include(urn);
        expect(accounts[1]!.dependencies.join()).to.include("Secret");
        const task = resources.find(({ type }) => type.endsWith(":Job"))!;
        expect(task.dependencies).to.include.members([servers, ...accounts].map(({ urn }) => urn));
    });

    it("opens its pods to their clients, each other and the operator, and the API server to them", async () => {
        const args: DeclareArgs = {
            values: { cluster: { apiServer: { cidrs: ["192.0.2.10/32"], ports: [6443] }, ...monitored } },
        };
        const { objects } = await sent(operated({ operatorNamespace: "databases" }), args);
        const pods = addressesOf(objects);
        const pod = (name: string) => pods.find(({ component }) => component === name)!;
        const { namespace } = pod("web");
        const [member, job, exporter] = operatedPods(objects).map(({ labels }) => ({ namespace, labels })) as [
            PodAddress,
            PodAddress,
            PodAddress,
        ];
        const ports = [3306, 4444, 4567, 4568, 5555, 9104];
        const reached = (from: PodAddress, to: PodAddress) => ports.filter((port) => canReach(objects, from, to, port));
        for (const name of ["web", "reads", "dumps"]) expect(reached(pod(name), member)).to.deep.equal([3306]);
        expect(reached(member, member)).to.deep.equal([3306, 4444, 4567, 4568]);
        expect(reached({ namespace: "databases", labels: {} }, member)).to.deep.equal([3306, 5555]);
        expect(reached({ namespace: "mariadb-operator", labels: {} }, member)).to.deep.equal([]);
        expect(reached(exporter, member)).to.deep.equal([3306]);
        expect(reached({ namespace: "monitoring", labels: {} }, exporter)).to.deep.equal([9104]);
        // They fill or examine a volume, and talk to nobody.
        expect(reached(job, member)).to.deep.equal([]);
        expect(reached(member, job)).to.deep.equal([]);
        expect(
            ["192.0.2.10", "192.0.2.11"].map((address) => canReachAddress(objects, member, address, 6443)),
        ).to.deep.equal([true, false]);
    });

    it("lets the operator's pods ask for addresses, whose labels the policy of a shared namespace misses", async () => {
        const { objects } = await sent(operated(), {
            instance: { namespace: { create: false, name: "shared" } },
            values: { cluster: monitored },
        });
        const resolver = { namespace: "kube-system", labels: {} };
        for (const { labels } of operatedPods(objects))
            expect(canReach(objects, { namespace: "shared", labels }, resolver, 53, "UDP")).to.equal(true);
    });

    it("has metrics where the Prometheus operator is, and says so where it is not", async () => {
        const metricsOf = async (cluster: object) => {
            const made = await sent(operated(), { values: { cluster } });
            return { ...made, ...serversIn(made.objects).spec };
        };
        const { metrics, inheritMetadata } = await metricsOf(monitored);
        expect(metrics.exporter.image).to.match(/mysqld-exporter:v/);
        expect(inheritMetadata.labels).to.include(monitored.podMonitors.labels);
        expect(await metricsOf({})).not.to.have.property("metrics");
        const without = await metricsOf({ monitoringNamespace: "monitoring" });
        expect(without).not.to.have.property("metrics");
        expect(without.warnings.join()).to.include("the servers of database have no metrics");
    });

    it("is allowed where Pod Security is restricted, in every container", async () => {
        const { objects } = await sent(operated(), { values: { cluster: monitored } });
        const { podSecurityContext, securityContext, galera, metrics } = serversIn(objects).spec;
        for (const pod of [podSecurityContext, metrics.exporter.podSecurityContext])
            expect(pod).to.deep.include({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
        const containers = [galera.agent, galera.initContainer, metrics.exporter].map((one) => one.securityContext);
        for (const context of [securityContext, ...containers])
            expect(context).to.deep.equal({
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
            });
    });

    it("is removed with its instance's pods, and leaves the volumes, which have the instance's labels", async () => {
        for (const state of ["stopped", "removed"])
            expect(ofOperator((await sent(operated(), { instance: { state } })).objects)).to.deep.equal([]);
        const { objects, resources } = await sent(operated(), { values: { protect: true } });
        expect(ofOperator(objects)).to.have.members(["MariaDB", "Database", "User", "Grant"]);
        const servers = resources.find(({ type }) => type === "kubernetes:k8s.mariadb.com/v1alpha1:MariaDB")!;
        expect(servers.protect).to.equal(false);
        const { storage } = serversIn(objects).spec;
        expect(storage).not.to.have.property("pvcRetentionPolicy");
        expect(storage.volumeClaimTemplate.metadata.labels).to.include({
            "plinth.dev/component": "bench.database",
        });
    });

    it("takes sizes, settings, placement and storage from the user's keys, and refuses what has no field", async () => {
        const affinity = { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } };
        const instance = {
            volumes: { database: { size: "20Gi", storageClass: "fast" } },
            components: { database: { nodeSelector: { disks: "fast" }, priorityClassName: "high", affinity } },
            restartedAt: { database: "2026-01-01T00:00:00Z" },
        };
        const { objects } = await sent(operated({ members: 5 }), { instance });
        const { spec } = serversIn(objects);
        expect(spec).to.deep.include({ nodeSelector: { disks: "fast" }, priorityClassName: "high", affinity });
        expect(spec.replicas).to.equal(5);
        expect(spec.storage.volumeClaimTemplate).to.deep.include({
            storageClassName: "fast",
            resources: { requests: { storage: "20Gi" } },
        });
        expect(spec.galera.providerOptions).to.deep.equal({ "gcache.size": "2048M" });
        expect(spec.myCnf).to.include("innodb_buffer_pool_size").and.include("lower_case_table_names = 1\n");
        expect(spec.podMetadata.annotations).to.deep.equal({ "plinth.dev/restarted-at": "2026-01-01T00:00:00Z" });
        for (const { labelSelector } of spec.topologySpreadConstraints)
            expect(labelSelector.matchLabels).to.deep.equal({
                "app.kubernetes.io/name": "mariadb",
                "app.kubernetes.io/instance": "database-mariadb",
            });
        const problems = await problemsOf(
            sent(operated(), {
                instance: {
                    volumes: { database: { existing: "pv-1" } },
                    components: { database: { affinity: { podAffinity: {} } } },
                },
            }),
        );
        expect(problems).to.include("volumes.database.existing: is not allowed with database.topology: operator");
        expect(problems).to.include("components.database.affinity.podAffinity: is not allowed");
    });

    it("begins with other volumes than the other topologies, and rewrites system tables by consent only", async () => {
        const check = (known: string, wanted: string, consent?: string) => () =>
            checkSeries("shop.database", known, wanted, consent);
        for (const [known, wanted] of [
            ["mariadb 11.8", "mariadb 11.8 operator"],
            ["mariadb 11.8 galera", "mariadb 11.8 operator"],
            ["mariadb 11.8 operator", "mariadb 11.8 galera"],
        ] as const) {
            expect(check(known, wanted)).to.throw(SeriesError, `set shop.database.upgradeFrom to "${known}"`);
            expect(check(known, wanted, known)()).to.equal(wanted);
        }
        expect(check("mariadb 11.4 operator", "mariadb 11.8 operator")).to.throw(SeriesError, "To upgrade it");
        const envOf = async (upgradeFrom: string) =>
            serversIn((await sent(operated({ upgradeFrom }))).objects).spec.env as object[] | undefined;
        expect(await envOf("mariadb 11.4 operator")).to.deep.equal([{ name: "MARIADB_AUTO_UPGRADE", value: "1" }]);
        expect(await envOf("mariadb 11.4")).to.equal(undefined);
    });

    it("has as many members as keep a majority, which all commit together", () => {
        const message = (more: object) => {
            const { error } = schema.safeParse({ topology: "operator", engine: "mariadb", ...more });
            return error?.issues.map(({ path, message: said }) => `${path.join(".")}: ${said}`);
        };
        for (const members of [1, 2, 4, 7])
            expect(message({ members })).to.deep.equal(["members: allowed with MariaDB: 3, 5"]);
        expect(message({ synchronous: false })!.join()).to.match(/^synchronous: allowed with MariaDB: true/);
        expect(message({ pooler: {} })!.join()).to.match(/^pooler: is for PostgreSQL/);
        expect(message({ members: 5, readFrom: "replicas" })).to.equal(undefined);
    });
});
