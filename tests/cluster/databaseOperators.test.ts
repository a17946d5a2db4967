import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { requireOperators } from "../../operations/cluster/operators";
import { kubectlOn } from "../../operations/cluster/kubectl";
import { type RenderedObject, renderStack } from "../../operations/render/rendering";
import { Session } from "../../operations/session";
import { ApiServer, type Refusal, served } from "../support/apiServer";
import { controlPlane } from "../support/controlPlane";
import { problemsOf } from "../support/declare";
import { cloudNativePgKinds, mariadbOperatorKinds } from "../support/operators";
import { scratch } from "../support/tools";

const stack = `config:
    plinth:cluster: { context: fixture, monitoringNamespace: monitoring, podMonitors: true }
    plinth:instances:
        operated:
            platform: qxsms
            host: survey.example.org
            state: stopped
            tls: { mode: "off" }
            mail: { host: smtp.example.org, from: panel@example.org }
            administrator: { email: panel@example.org, account: none }
            database: { topology: operator, members: 3, pooler: {} }
            volumes: { database: { storageClass: fast } }
            components:
                database:
                    nodeSelector: { disks: fast }
                    tolerations: [{ key: database, operator: Exists }]
                    topologySpread: [{ topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule }]
        kept:
            platform: openmage
            host: shop.example.org
            state: stopped
            tls: { mode: "off" }
            sharedFiles: oneNode
            database: { topology: operator }
            volumes: { database: { storageClass: fast } }
            components:
                database:
                    priorityClassName: system-cluster-critical
                    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: disks, operator: Exists }] }] } } }
                    tolerations: [{ key: database, operator: Exists }]
`;

/** Of a stored object, what a rendered one has. */
function asRendered(stored: unknown, rendered: unknown): unknown {
    if (Array.isArray(rendered))
        return (stored as unknown[]).map((item, index) => asRendered(item, (rendered as unknown[])[index]));
    if (typeof rendered !== "object" || rendered === null) return stored;
    return Object.fromEntries(
        Object.entries(rendered).map(([key, value]) => [
            key,
            asRendered((stored as Record<string, unknown> | undefined)?.[key], value),
        ]),
    );
}

describe("databases of operators, at a real API server with the operators' kinds", function () {
    this.timeout(240_000);
    const folder = scratch();
    let server: ApiServer;
    let command: readonly [string, ...string[]];
    let kinds: RenderedObject[] = [];
    let objects: readonly RenderedObject[] = [];
    const own = () =>
        objects.filter(({ apiVersion }) => ["postgresql.cnpg.io/v1", "k8s.mariadb.com/v1alpha1"].includes(apiVersion));
    const namespaces = () => objects.filter(({ kind }) => kind === "Namespace");
    before(async function () {
        ({ command } = await controlPlane(this));
        server = await ApiServer.through(command, join(folder.path, "socket"));
        kinds = [...cloudNativePgKinds(this), ...mariadbOperatorKinds(this)];
        for (const state of ["stopped", "running"]) {
            writeFileSync(
                join(folder.path, `Pulumi.${state}.yaml`),
                stack.replaceAll("state: stopped", `state: ${state}`),
            );
        }
        ({ objects } = await renderStack("running", { folder: folder.path }));
    });
    after(async () => {
        await server?.remove([...namespaces(), ...kinds]);
        await server?.close();
        folder.clean();
    });

    it("are refused without these, with the command that installs them", async () => {
        const [path, ...args] = command;
        const kubectl = kubectlOn(new Session("running", { folder: folder.path }).config(), { command: path, args });
        const refusal = await problemsOf(requireOperators(kubectl, objects));
        expect(refusal).to.include("the server does not know Cluster, Pooler of postgresql.cnpg.io/v1");
        expect(refusal).to.match(
            /does not know (\w+(, )?){4} of k8s.mariadb.com\/v1alpha1, which mariadb-operator brings/,
        );
        expect(refusal).to.match(/helm upgrade --install mariadb-operator-crds .* --version 25\.10\.4 /);
        expect(refusal).to.include("kubectl apply --server-side --filename https://").and.include("cnpg-1.30.0.yaml");
        await server.apply(kinds);
        await served(() => requireOperators(kubectl, objects));
    });

    it("are accepted without a warning, and stored as they are rendered, running and stopped", async () => {
        const running = own();
        expect(running.map(({ kind }) => kind)).to.have.members([
            ...["Cluster", "Pooler"],
            ...["MariaDB", "Database", "User", "Grant"],
        ]);
        expect(await served(() => server.apply([...namespaces(), ...running]))).to.deep.equal([]);
        const stored = await server.get<RenderedObject>(running);
        expect(stored.map((object, index) => asRendered(object["spec"], running[index]!["spec"]))).to.deep.equal(
            running.map(({ spec }) => spec),
        );
        const stopped = await renderStack("stopped", { folder: folder.path });
        const apis = running.map(({ apiVersion }) => apiVersion);
        const [cluster, ...others] = stopped.objects.filter(({ apiVersion }) => apis.includes(apiVersion));
        expect(others).to.deep.equal([]);
        expect(cluster!.metadata.annotations).to.include({ "cnpg.io/hibernation": "on" });
        expect(await server.apply([cluster!])).to.deep.equal([]);
    });

    it("are checked against fields and rules of the kinds", async () => {
        const refusalOf = (change: (spec: { postgresql: { synchronous: object } }) => object, kind = "Cluster") => {
            const object = structuredClone(own().find((one) => one.kind === kind)) as unknown as {
                spec: Parameters<typeof change>[0];
            };
            Object.assign(object.spec, change(object.spec));
            return server.wouldTake(object).catch(({ message }: Refusal) => message);
        };
        expect(await refusalOf(() => ({ members: 3 }))).to.match(/spec\.members: field not declared/);
        expect(
            await refusalOf(({ postgresql }) => ({
                postgresql: { ...postgresql, synchronous: { ...postgresql.synchronous, number: 0 } },
            })),
        ).to.match(/number of synchronous replicas should be greater than zero/);
        expect(await refusalOf(() => ({ instances: 3 }), "MariaDB")).to.match(/spec\.instances: field not declared/);
        expect(await refusalOf(() => ({ replicas: 4 }), "MariaDB")).to.match(/odd number of MariaDB instances/);
    });
});
