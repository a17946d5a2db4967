import { expect } from "chai";
import { componentOf, listOperated, podsOf } from "../../../operations/cluster/components";
import { KubectlError } from "../../../operations/cluster/kubectlError";
import { type OperatedServers, operatedTier } from "../../../operations/cluster/operated";
import { operatedKinds } from "../../../operations/cluster/operators";
import { podsOfComponent } from "../../../operations/cluster/pods";
import { prune } from "../../../operations/cluster/prune";
import { requestsOf } from "../../../operations/render/requests";
import { isAtRest } from "../../../components/kinds";
import type { StackConfig } from "../../../config/stack";
import { object, rendering } from "../../support/doctor";
import { labelled, pod, ready } from "../../support/observed";

const cluster = (status: OperatedServers["status"], own: object = {}): OperatedServers => ({
    kind: "Cluster",
    metadata: labelled("shop", "database", own),
    spec: { instances: 3, imageName: "ghcr.io/cloudnative-pg/postgresql:17.6-standard-trixie" },
    ...(status ? { status } : {}),
});

const condition = (status: "True" | "False", message: string) => ({ type: "Ready", status, message });

const member = (name: string, labels: object = {}, status: object = ready) => {
    const own = labelled("shop", "database", { name });
    return pod(status, { ...own, labels: { ...own.labels, ...labels } });
};

describe("databases that operators run", () => {
    it("are ready when all their members are, and the operator says so", () => {
        const healthy = { readyInstances: 3, conditions: [condition("True", "Cluster is Ready")] };
        expect(operatedTier(cluster(healthy), [])).to.include({
            ok: true,
            ready: 3,
            desired: 3,
            component: "database",
        });
        expect(operatedTier(cluster({ ...healthy, readyInstances: 2 }), []).ok).to.equal(false);
    });

    it("are ready likewise when they are mariadb-operator's", () => {
        const mariadb = (status: OperatedServers["status"]): OperatedServers => ({
            kind: "MariaDB",
            metadata: labelled("shop", "database-mariadb", { labels: { "plinth.dev/component": "shop.database" } }),
            spec: { replicas: 3, image: "docker.io/library/mariadb:11.8.8" },
            ...(status ? { status } : {}),
        });
        const healthy = { replicas: 3, conditions: [condition("True", "Running")] };
        expect(operatedTier(mariadb(healthy), [])).to.include({
            ...{ ok: true, ready: 3, desired: 3 },
            ...{ component: "database", image: "docker.io/library/mariadb:11.8.8" },
        });
        const recovering = { replicas: 3, conditions: [condition("False", "Galera not ready")] };
        expect(operatedTier(mariadb(recovering), [])).to.include({ ok: false, reason: "Galera not ready" });
    });

    it("are not ready for the reason of their pods, or the one that the operator gives", () => {
        const waiting = { phase: "Setting up primary", phaseReason: "Creating primary instance database-1" };
        const tier = operatedTier(cluster(waiting), []);
        expect(tier).to.include({ ok: false, reason: "Setting up primary: Creating primary instance database-1" });
        const message = "0/3 nodes are available: 3 Insufficient memory.";
        const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }];
        const unplaced = member("database-1-initdb", {}, { phase: "Pending", conditions });
        expect(operatedTier(cluster(waiting), [unplaced]).reason).to.equal(`Unschedulable: ${message}`);
        expect(operatedTier(cluster(undefined), []).reason).to.include("operator has not taken it up");
    });

    it("have poolers that are ready when their pods are, which the operator names", async () => {
        const component = { "plinth.dev/component": "shop.database-pooler" };
        const named = { "app.kubernetes.io/name": "postgresql", "app.kubernetes.io/instance": "database" };
        const pooled = (name: string, status: object) =>
            pod(status, { ...labelled("shop", "database-pooler", { name }), labels: { ...named, ...component } });
        const pooler: OperatedServers = {
            kind: "Pooler",
            metadata: labelled("shop", "database-pooler", { labels: component }),
            spec: { instances: 2 },
            status: { phase: "Active" },
        };
        const pods = [pooled("one", ready), pooled("two", ready), member("database-1")];
        expect(operatedTier(pooler, pods)).to.include({ ok: true, ready: 2, component: "database-pooler" });
        expect(operatedTier(pooler, pods.slice(1))).to.include({ ok: false, ready: 1 });
        expect(podsOf(componentOf(pooler))).to.equal("plinth.dev/component=shop.database-pooler");
    });

    it("are at rest when they are hibernated", () => {
        expect(isAtRest(cluster({}, { annotations: { "cnpg.io/hibernation": "on" } }))).to.equal(true);
        expect(isAtRest(cluster({}))).to.equal(false);
    });

    it("have the pod that takes writes first", async () => {
        for (const label of ["cnpg.io/instanceRole", "k8s.mariadb.com/role"]) {
            const items = [member("database-1"), member("database-2", { [label]: "primary" })];
            const kubectl = { json: () => Promise.resolve({ items }) } as unknown as Parameters<
                typeof podsOfComponent
            >[0];
            const found = await podsOfComponent(kubectl, { instance: "shop", name: "database", namespace: "shop" });
            expect(found.map(({ metadata }) => metadata.name)).to.deep.equal(["database-2", "database-1"]);
        }
    });

    it("need room for each member, unless they are at rest", () => {
        const resources = { requests: { cpu: "500m", memory: "1Gi" }, limits: { "ephemeral-storage": "1Gi" } };
        const objects = (annotations: Record<string, string>) => [
            {
                ...object("Cluster", "database", { instances: 3, resources }, "postgresql.cnpg.io/v1"),
                metadata: { ...labelled("shop", "database"), annotations },
            },
            object(
                "Pooler",
                "database-pooler",
                { instances: 2, template: { spec: { containers: [{ resources: { requests: { cpu: "50m" } } }] } } },
                "postgresql.cnpg.io/v1",
            ),
        ];
        const [servers, poolers] = requestsOf(objects({}));
        expect(servers).to.include({ pods: 3, cpu: 0.5, memory: 2 ** 30, diskLimit: 2 ** 30 });
        expect(poolers).to.include({ pods: 2, cpu: 0.05 });
        expect(requestsOf(objects({ "cnpg.io/hibernation": "on" }))[0]!.pods).to.equal(0);
        const beside = { resources: { requests: { cpu: "10m" } } };
        const spec = { replicas: 3, resources, galera: { agent: beside, initContainer: beside } };
        const [mariadb] = requestsOf([object("MariaDB", "database-mariadb", spec, "k8s.mariadb.com/v1alpha1")]);
        expect(mariadb).to.include({ pods: 3, cpu: 0.51, memory: 2 ** 30 });
    });

    it("keep their own Jobs when those that are no longer declared are deleted", async () => {
        const owned = (api: string) => ({
            ...object("Job", "", {}),
            metadata: {
                ...labelled("shop", `made-by-${api.length}`),
                ownerReferences: [{ apiVersion: api, kind: "Cluster", name: "database", uid: "1" }],
            },
        });
        const items = [owned("postgresql.cnpg.io/v1"), owned("cluster.x-k8s.io/v1beta1")];
        const deleted: (readonly string[])[] = [];
        const kubectl = {
            selector: "",
            json: () => Promise.resolve({ items }),
            read: (args: readonly string[]) => {
                deleted.push(args);
                return Promise.resolve("deleted");
            },
        } as unknown as Parameters<typeof prune>[0];
        await prune(kubectl, rendering() as unknown as Parameters<typeof prune>[1], ["Job"]);
        expect(deleted.map(([, , name]) => name)).to.deep.equal([items[1]!.metadata.name]);
    });

    it("are looked for only where the stack has some, and are none where the operator is missing", async () => {
        const config = (topology: string, engine = "postgres") =>
            ({ instances: [{ database: { topology, engine }, host: "x" }] }) as unknown as StackConfig;
        expect(operatedKinds(config("single"))).to.deep.equal([]);
        expect(operatedKinds(config("operator"))).to.deep.equal(["clusters.postgresql.cnpg.io"]);
        expect(operatedKinds(config("operator", "mariadb"))).to.deep.equal(["mariadbs.k8s.mariadb.com"]);
        const missing = (kind: "unknownKind" | "other") => ({
            config: config("operator"),
            selector: "",
            json: () => Promise.reject(new KubectlError("failed", kind, "")),
        });
        expect(await listOperated(missing("unknownKind"))).to.deep.equal([]);
        const failed: unknown = await listOperated(missing("other")).catch((error: unknown) => error);
        expect(failed).to.be.instanceOf(KubectlError);
    });
});
