import { expect } from "chai";
import { Service } from "../../components/graph";
import type { Instance } from "../../components/instance";
import { WebTier } from "../../components/webTier";
import { Worker } from "../../components/worker";
import { declare, find } from "../support/declare";
import { declareOpenCart } from "../support/opencart";
import { declareOpenMage } from "../support/openmage";
import { addressesOf, canReach } from "../support/policies";
import { declareQxsms } from "../support/qxsms";

const container = { name: "main", image: "opencart-nginx" as const, resources: { cpu: "10m", memory: "16Mi" } };

/** web → api → (external) database; worker stands alone. */
const build = (instance: Instance) => {
    const database = new Service("outside", "10.9.8.7", { sql: 3306 }, {}, { cidrs: ["10.9.8.7/32"] });
    instance.join("outside", { sort: "database", pods: false });
    const external = new Service(`${instance.namespace}/outside`, database.host, database.ports, {}, database.external);
    const api = new WebTier(instance, "api", {
        pod: {
            user: 1000,
            containers: [{ ...container, ports: { http: 8000, metrics: 9000 }, uses: [external.as()] }],
        },
    });
    new WebTier(instance, "web", {
        pod: {
            user: 1000,
            containers: [{ ...container, ports: { http: 8080 }, uses: [api.service.as({}, ["http"])] }],
        },
    });
    new Worker(instance, "worker", {
        pod: { user: 1000, containers: [container] },
        needs: [{ name: "smtp", direction: "egress", ports: [587] }],
    });
};

describe("network policies", () => {
    it("open every edge at its ports, and no other path between pods", async () => {
        const { objects } = await declare(build);
        const pods = addressesOf(objects);
        const open = pods.flatMap((from) =>
            pods.flatMap((to) =>
                [8000, 8080, 9000]
                    .filter((port) => canReach(objects, from, to, port))
                    .map((port) => `${from.component}→${to.component}:${port}`),
            ),
        );
        expect(open).to.deep.equal(["web→api:8000"]);
    });
    it("open an external service by its range and port, a need by its name", async () => {
        const { objects } = await declare(build);
        const egress = (name: string) => find(objects, "NetworkPolicy", name).spec.egress;
        expect(egress("api")).to.deep.equal([
            { to: [{ ipBlock: { cidr: "10.9.8.7/32" } }], ports: [{ protocol: "TCP", port: 3306 }] },
        ]);
        const [smtp] = egress("worker");
        expect(smtp.ports).to.deep.equal([{ protocol: "TCP", port: 587 }]);
        // Everywhere, but never the clouds' metadata services.
        expect(smtp.to.map(({ ipBlock }: { ipBlock: object }) => ipBlock)).to.deep.equal([
            { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] },
            { cidr: "::/0", except: ["fd00:ec2::254/128"] },
        ]);
    });
    for (const [platform, components, declareShop] of [
        ["opencart", ["admin", "cron", "frontend"], declareOpenCart],
        ["openmage", ["admin", "cron", "frontend"], declareOpenMage],
        ["qxsms", ["web", "worker"], declareQxsms],
    ] as const) {
        it(`open further ways out of ${platform} as the user says, to what runs its code alone`, async () => {
            const egress = [
                { ports: [21, 50_000], cidrs: ["192.0.2.7/32"] },
                { cidrs: ["198.51.100.0/24"] },
                { ports: [9200], namespace: "search" },
                { ports: [8443] },
            ];
            const policies = (await declareShop({ instance: { egress } })).filter(
                ({ kind }) => kind === "NetworkPolicy",
            );
            const tcp = (...ports: number[]) => ports.map((port) => ({ protocol: "TCP", port }));
            const ways = [
                { to: [{ ipBlock: { cidr: "192.0.2.7/32" } }], ports: tcp(21, 50_000) },
                { to: [{ ipBlock: { cidr: "198.51.100.0/24" } }] },
                {
                    to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "search" } } }],
                    ports: tcp(9200),
                },
            ];
            const open = policies.filter(({ spec }) => JSON.stringify(spec).includes("198.51.100.0/24"));
            expect(open.map(({ metadata }) => metadata.name).sort()).to.deep.equal(components);
            for (const { spec } of open) {
                expect(spec.egress).to.deep.include.members(ways);
                const anywhere = spec.egress.find(({ ports }: { ports?: { port: number }[] }) =>
                    ports?.some(({ port }) => port === 8443),
                );
                expect(anywhere.to[0].ipBlock.except).to.deep.equal(["169.254.0.0/16"]);
            }
        });
    }
    it("let every pod resolve names, and deny the rest by default", async () => {
        const { spec } = find((await declare(build)).objects, "NetworkPolicy", "default-deny");
        expect(spec.podSelector).to.deep.equal({});
        expect(spec.policyTypes).to.deep.equal(["Ingress", "Egress"]);
        expect(
            spec.egress[0].ports.map(({ port, protocol }: { port: number; protocol: string }) => `${protocol} ${port}`),
        ).to.deep.equal(["UDP 53", "TCP 53", "UDP 5353", "TCP 5353"]);
    });
    it("leave other people's pods alone in a namespace that is theirs", async () => {
        const { objects } = await declare(build, { instance: { namespace: { name: "team", create: false } } });
        const { spec } = find(objects, "NetworkPolicy", "default-deny");
        expect(spec.podSelector).to.deep.equal({ matchLabels: { "app.kubernetes.io/instance": "bench" } });
        expect(objects.map(({ kind }) => kind)).not.to.include("Namespace");
    });
    it("say nothing of egress in the mode ingress, and are not there when off", async () => {
        const ingress = await declare(build, { values: { cluster: { networkPolicy: "ingress" } } });
        for (const { spec } of ingress.objects.filter(({ kind }) => kind === "NetworkPolicy"))
            expect(spec.policyTypes).to.deep.equal(["Ingress"]);
        const off = await declare(build, { values: { cluster: { networkPolicy: "off" } } });
        expect(off.objects.map(({ kind }) => kind)).not.to.include("NetworkPolicy");
    });
});
