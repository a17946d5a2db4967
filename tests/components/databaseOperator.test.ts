import { expect } from "chai";
import { Database } from "../../components/database";
import { checkSeries, SeriesError } from "../../components/database/series";
import { database as schema, type DatabaseConfig } from "../../config/database";
import { declareClientsOfAll, hostOf } from "../support/databaseClients";
import { declare, type DeclareArgs, find, problemsOf, type Sent } from "../support/declare";
import { operatedPods } from "../support/invariants";
import { addressesOf, canReach, canReachAddress, type PodAddress } from "../support/policies";

const operated = (more: object = {}): DatabaseConfig =>
    schema.parse({ topology: "operator", engine: "postgres", ...more });

const sent = (config: DatabaseConfig, args: DeclareArgs = {}) =>
    declare((instance) => {
        const database = new Database(instance, "database", {
            ...{ config, database: "app", user: "app", size: "10Gi" },
            resources: { cpu: "100m", memory: "512Mi" },
        });
        declareClientsOfAll(instance, database);
    }, args);

const clusterIn = (objects: readonly Sent[]) => find(objects, "Cluster", "database");

describe("Database of CloudNativePG", () => {
    it("leads clients to the operator's Services", async () => {
        const hosts = async (more: object) => {
            const { objects } = await sent(operated(more));
            return ["web", "reads", "dumps"].map((name) => hostOf(objects, name).split(".")[0]);
        };
        expect(await hosts({})).to.deep.equal(["database-rw", "database-r", "database-rw"]);
        expect(await hosts({ readFrom: "replicas" })).to.deep.equal(["database-rw", "database-ro", "database-rw"]);
        expect(await hosts({ members: 1 })).to.deep.equal(["database-rw", "database-rw", "database-rw"]);
        expect(await hosts({ pooler: {} })).to.deep.equal(["database-pooler", "database-r", "database-rw"]);
    });

    it("has the program's accounts, in Secrets that the operator follows", async () => {
        const { objects } = await sent(operated({ name: "data", user: "owner" }));
        const { bootstrap, superuserSecret } = clusterIn(objects).spec;
        expect(bootstrap.initdb).to.include({ database: "data", owner: "owner" });
        for (const [{ name }, username] of [
            [bootstrap.initdb.secret, "owner"],
            [superuserSecret, "postgres"],
        ] as const) {
            const secret = find(objects, "Secret", name);
            expect(secret["stringData"]).to.have.keys("username", "password").and.include({ username });
            expect(secret.metadata.labels).to.include({ "cnpg.io/reload": "true" });
        }
    });

    it("opens its pods to their clients, each other and the operator, and the API server to them", async () => {
        const args: DeclareArgs = {
            values: { cluster: { apiServer: { cidrs: ["192.0.2.10/32"], ports: [6443] } } },
        };
        const { objects } = await sent(operated({ pooler: {}, operatorNamespace: "databases" }), args);
        const pods = addressesOf(objects);
        const pod = (name: string) => pods.find(({ component }) => component === name)!;
        const namespace = pod("web").namespace;
        const [member, filling, pooler] = operatedPods(objects).map(({ labels }) => ({ namespace, labels })) as [
            PodAddress,
            PodAddress,
            PodAddress,
        ];
        const reached = (from: PodAddress, to: PodAddress) =>
            [5432, 8000, 9187].filter((port) => canReach(objects, from, to, port));
        expect(reached(pod("web"), member)).to.deep.equal([]);
        expect(reached(pod("web"), pooler)).to.deep.equal([5432]);
        expect(reached(pooler, member)).to.deep.equal([5432]);
        expect(reached(pod("dumps"), member)).to.deep.equal([5432]);
        expect(reached(member, pooler)).to.deep.equal([]);
        expect(reached(member, member)).to.deep.equal([5432, 8000]);
        // A Job that copies the data of another member.
        expect(reached(filling, member)).to.deep.equal([5432, 8000]);
        expect(reached({ namespace: "databases", labels: {} }, member)).to.deep.equal([5432, 8000]);
        expect(reached({ namespace: "cnpg-system", labels: {} }, member)).to.deep.equal([]);
        for (const from of [member, pooler])
            expect(
                ["192.0.2.10", "192.0.2.11"].map((address) => canReachAddress(objects, from, address, 6443)),
            ).to.deep.equal([true, false]);
    });

    it("lets the operator's pods ask for addresses, whose labels the policy of a shared namespace misses", async () => {
        const { objects } = await sent(operated({ pooler: {} }), {
            instance: { namespace: { create: false, name: "shared" } },
        });
        const resolver = { namespace: "kube-system", labels: {} };
        for (const { labels } of operatedPods(objects))
            expect(canReach(objects, { namespace: "shared", labels }, resolver, 53, "UDP")).to.equal(true);
    });

    it("places poolers as the user says, and lets them go one at a time", async () => {
        const components = { "database-pooler": { nodeSelector: { pool: "front" }, priorityClassName: "high" } };
        const { objects } = await sent(operated({ pooler: { instances: 2 } }), { instance: { components } });
        const { spec: pooler, metadata } = find(objects, "Pooler", "database-pooler");
        const { template, pgbouncer } = pooler;
        // The operator makes its Deployment anew while it waits for that to go: seen with 1.30.0.
        expect(metadata.annotations).to.include({ "pulumi.com/deletionPropagationPolicy": "background" });
        expect(template.spec).to.deep.include({ nodeSelector: { pool: "front" }, priorityClassName: "high" });
        const labels = { "cnpg.io/poolerName": "database-pooler" };
        for (const { labelSelector } of template.spec.topologySpreadConstraints)
            expect(labelSelector.matchLabels).to.deep.equal(labels);
        const budget = find(objects, "PodDisruptionBudget", "database-pooler").spec;
        expect(budget).to.deep.include({ maxUnavailable: 1, selector: { matchLabels: labels } });
        // A restore waits for the last session to end.
        expect(Number(pgbouncer.parameters.server_idle_timeout)).to.be.lessThan(60);
        // Clients are refused for as long after the primary is back.
        expect(Number(pgbouncer.parameters.server_login_retry)).to.be.lessThan(5);
    });

    it("is kept without pods while its instance is stopped or removed", async () => {
        for (const state of ["stopped", "removed"]) {
            const { objects } = await sent(operated({ pooler: {} }), { instance: { state } });
            expect(objects.filter(({ kind }) => kind === "Pooler")).to.deep.equal([]);
            const { annotations } = clusterIn(objects).metadata;
            expect(annotations).to.include({ "cnpg.io/hibernation": "on" });
            // Nothing becomes ready; it is done when the last pod is gone.
            expect(annotations["pulumi.com/waitFor"]).to.match(/cnpg\.io\/hibernation.*=True$/);
        }
        const { objects } = await sent(operated());
        expect(clusterIn(objects).metadata.annotations).not.to.have.property("cnpg.io/hibernation");
    });

    it("is protected like volumes, which are deleted with it", async () => {
        const { resources } = await sent(operated(), { values: { protect: true } });
        const cluster = resources.find(({ type }) => type === "kubernetes:postgresql.cnpg.io/v1:Cluster")!;
        expect(cluster.protect).to.equal(true);
    });

    it("is not what a user declares, whose volumes are the user's", async () => {
        const extra = { apiVersion: "postgresql.cnpg.io/v1", kind: "Cluster", metadata: { name: "own" }, spec: {} };
        const { resources } = await sent(operated(), {
            instance: { extraObjects: [extra] },
            values: { protect: true },
        });
        const own = resources.find(({ name }) => name.endsWith("-own"))!;
        expect(own.protect).to.equal(false);
    });

    it("divides memory and connections, and keeps a majority only where there is one", async () => {
        const spec = async (more: object) => clusterIn((await sent(operated(more))).objects).spec;
        const three = await spec({});
        expect(three.postgresql.synchronous).to.deep.equal({ method: "any", number: 1, dataDurability: "preferred" });
        expect(three.enablePDB).to.equal(true);
        // A deleted primary would refuse new sessions for as long, and keep the others from taking over.
        expect(three.smartShutdownTimeout).to.equal(0);
        // Else a rollout ends the primary and waits for its new pod.
        expect(three.primaryUpdateMethod).to.equal("switchover");
        expect(three.postgresql.parameters.shared_buffers).to.equal("128MB");
        const alone = await spec({ members: 1 });
        expect(alone.postgresql).not.to.have.property("synchronous");
        expect(alone.enablePDB).to.equal(false);
        expect((await spec({ synchronous: false })).postgresql).not.to.have.property("synchronous");
    });

    it("takes placement and storage from the user's keys, and refuses those that an operator has no field for", async () => {
        const instance = {
            volumes: { database: { size: "20Gi", storageClass: "fast" } },
            components: {
                database: {
                    nodeSelector: { disks: "fast" },
                    priorityClassName: "high",
                    affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
                    topologySpread: [{ topologyKey: "zone" }],
                },
            },
            restartedAt: { database: "2026-01-01T00:00:00Z" },
        };
        const { objects } = await sent(operated(), { instance });
        const { spec, metadata } = clusterIn(objects);
        expect(spec.storage).to.deep.equal({ size: "20Gi", storageClass: "fast" });
        expect(spec.affinity).to.deep.equal({
            nodeSelector: { disks: "fast" },
            additionalPodAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] },
        });
        expect(spec.priorityClassName).to.equal("high");
        expect(spec.topologySpreadConstraints[0].labelSelector.matchLabels).to.deep.equal({
            "cnpg.io/cluster": "database",
            "app.kubernetes.io/component": "database",
        });
        expect(metadata.annotations).to.include({ "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z" });
        const problems = await problemsOf(
            sent(operated(), {
                instance: {
                    volumes: { database: { existing: "pv-1" } },
                    components: { database: { runtimeClassName: "gvisor" } },
                    images: { postgres: "docker.io/library/postgres:16.4" },
                },
            }),
        );
        expect(problems).to.include("volumes.database.existing: is not allowed with database.topology: operator");
        expect(problems).to.include("components.database.runtimeClassName: is not allowed");
        const alone = await problemsOf(sent(operated({ members: 1, readFrom: "replicas" })));
        expect(alone).to.include('database.readFrom: "replicas" is not possible with members: 1; allowed: members');
        expect(problems).to.include('images.postgres: "docker.io/library/postgres:16.4" is older than the server');
    });

    it("begins with other volumes than the other topologies, by consent only", () => {
        const check = (known: string, wanted: string, consent?: string) => () =>
            checkSeries("shop.database", known, wanted, consent);
        for (const [known, wanted] of [
            ["postgres 17", "postgres 17 operator"],
            ["postgres 17 operator", "postgres 17"],
        ] as const) {
            expect(check(known, wanted)).to.throw(SeriesError, `set shop.database.upgradeFrom to "${known}"`);
            expect(check(known, wanted, known)()).to.equal(wanted);
        }
        // The operator upgrades the files itself.
        expect(check("postgres 16 operator", "postgres 17 operator")).to.throw(SeriesError, "To upgrade it");
    });

    it("is for the engines that have an operator", () => {
        const message = (more: object) =>
            schema.safeParse({ topology: "operator", ...more }).error?.issues.map(({ path }) => path.join("."));
        expect(message({ engine: "mysql" })).to.deep.equal(["engine"]);
        expect(message({ engine: "postgres", members: 0 })).to.deep.equal(["members"]);
    });
});
