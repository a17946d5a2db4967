import { expect } from "chai";
import { type NetworkRule, Service } from "../../components/graph";
import type { Instance } from "../../components/instance";
import { WebTier } from "../../components/webTier";
import { Worker } from "../../components/worker";
import { images } from "../../platforms/opencart/images";
import { declare, find } from "../support/declare";
import { declareOpenCart } from "../support/opencart";
import { declareOpenMage } from "../support/openmage";
import { addressesOf, canReach, canReachAddress } from "../support/policies";
import { declareQxsms } from "../support/qxsms";

const container = { name: "main", image: images["opencart-nginx"], resources: { cpu: "10m", memory: "16Mi" } };

/** web → api → (external) database; worker has no connections. */
const build = (instance: Instance) => {
    const database = new Service("outside", "10.9.8.7", { sql: 3306 }, {}, { cidrs: ["10.9.8.7/32"] });
    instance.addNode("outside", { kind: "database", pods: false });
    const external = new Service(`${instance.namespace}/outside`, database.host, database.ports, {}, database.external);
    const api = new WebTier(instance, "api", {
        pod: {
            user: 1000,
            containers: [{ ...container, ports: { http: 8000, metrics: 9000 }, uses: [external.bind()] }],
        },
    });
    new WebTier(instance, "web", {
        pod: {
            user: 1000,
            containers: [{ ...container, ports: { http: 8080 }, uses: [api.service.bind({}, ["http"])] }],
        },
    });
    new Worker(instance, "worker", {
        pod: { user: 1000, containers: [container] },
        networkRules: [{ name: "smtp", direction: "egress", ports: [587] }],
    });
};

describe("network policies", () => {
    it("open the ports of every edge, and no other path between pods", async () => {
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
    it("open an external service by its range and port, and a network rule by its name", async () => {
        const { objects } = await declare(build);
        const egress = (name: string) => find(objects, "NetworkPolicy", name).spec.egress;
        expect(egress("api")).to.deep.equal([
            { to: [{ ipBlock: { cidr: "10.9.8.7/32" } }], ports: [{ protocol: "TCP", port: 3306 }] },
        ]);
        const [smtp] = egress("worker");
        expect(smtp.ports).to.deep.equal([{ protocol: "TCP", port: 587 }]);
        expect(smtp.to.map(({ ipBlock }: { ipBlock: { cidr: string } }) => ipBlock.cidr)).to.deep.equal([
            "0.0.0.0/0",
            "::/0",
        ]);
    });
    for (const [platform, components, declareShop] of [
        ["opencart", ["admin", "cron", "frontend"], declareOpenCart],
        ["openmage", ["admin", "cron", "frontend"], declareOpenMage],
        ["qxsms", ["web", "worker"], declareQxsms],
    ] as const) {
        it(`open additional egress of ${platform} as configured, only for pods that run its code`, async () => {
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
            // The balancer's way to an authority may lead through a proxy.
            expect(open.map(({ metadata }) => metadata.name).sort()).to.deep.equal([...components, "edge"].sort());
            for (const { spec } of open) {
                expect(spec.egress).to.deep.include.members(ways);
                expect(
                    spec.egress.some(({ ports }: { ports?: { port: number }[] }) =>
                        ports?.some(({ port }) => port === 8443),
                    ),
                ).to.equal(true);
            }
        });
        it(`open ways of single components of ${platform}, data services included, also for UDP`, async () => {
            const ways = [{ ports: [53], protocol: "UDP", cidrs: ["169.254.30.10/32"] }];
            const objects = await declareShop({ instance: { components: { database: { egress: ways } } } });
            const reaching = addressesOf(objects).filter((pod) =>
                canReachAddress(objects, pod, "169.254.30.10", 53, "UDP"),
            );
            expect(reaching.map(({ component }) => component)).to.deep.equal(["database"]);
            expect(canReachAddress(objects, reaching[0]!, "169.254.30.10", 53)).to.equal(false);
        });
        for (const [edge, where] of [
            [{ type: "LoadBalancer" }, "its own balancer"],
            [{ type: "shared" }, "the shared one"],
        ] as const)
            it(`let the code of ${platform} call its own site, through ${where}`, async () => {
                const objects = await declareShop({ instance: { edge, tls: { mode: "internal" } } });
                const pods = addressesOf(objects);
                const balancer = pods.find(({ component }) => component === "edge")!;
                const callers = pods.filter((pod) => canReach(objects, pod, balancer, 8443));
                expect(callers.map(({ component }) => component).sort()).to.deep.equal(components);
                expect(callers.every((pod) => canReach(objects, pod, balancer, 8080))).to.equal(true);
                expect(callers.some((pod) => canReach(objects, pod, balancer, 9180))).to.equal(false);
            });
        it(`close the metadata services and the cluster's own ranges to ${platform}, whatever is opened`, async () => {
            const ranges = ["10.0.0.0/8", "fd00:10::/32"];
            const egress = [
                { cidrs: ["0.0.0.0/0", "::/0"] },
                { cidrs: ["0.0.0.0/1", "128.0.0.0/1"] },
                { ports: [80] },
                // Deliberately listed, within a closed range.
                { ports: [9000], cidrs: ["10.20.0.7/32"] },
            ];
            const objects = await declareShop({ instance: { egress }, values: { cluster: { ranges } } });
            const pods = addressesOf(objects);
            expect(pods.length).to.be.greaterThan(3);
            for (const pod of pods) {
                const reached = (address: string, port: number) => canReachAddress(objects, pod, address, port);
                for (const port of [80, 443, 587])
                    for (const address of [
                        ...["169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254"],
                        ...["10.96.0.1", "10.244.3.4", "10.20.0.7", "fd00:10::1"],
                    ])
                        expect(reached(address, port), `${pod.component} → ${address}:${port}`).to.equal(false);
                const opened = [...components, "edge"].includes(pod.component as never);
                for (const address of ["192.0.2.7", "172.16.0.1", "2001:db8::7"])
                    expect(reached(address, 8443), `${pod.component} → ${address}`).to.equal(opened);
                expect(reached("10.20.0.7", 9000), pod.component).to.equal(opened);
            }
        });
    }
    it("open only that address for a host given as an address, also within the cluster's own ranges", async () => {
        const needs = (host: string): NetworkRule[] => [{ name: "smtp", direction: "egress", host, ports: [587] }];
        const to = async (host: string) => {
            const worker = (instance: Instance) =>
                new Worker(instance, "worker", {
                    pod: { user: 1000, containers: [container] },
                    networkRules: needs(host),
                });
            const { objects } = await declare(worker, { values: { cluster: { ranges: ["10.0.0.0/8"] } } });
            const blocks = find(objects, "NetworkPolicy", "worker").spec.egress.flatMap(
                (rule: { to: object[] }) => rule.to,
            );
            return blocks.map(({ ipBlock }: { ipBlock: { cidr: string } }) => ipBlock.cidr);
        };
        expect(await to("10.1.2.3")).to.deep.equal(["10.1.2.3/32"]);
        expect(await to("[2001:DB8::1]")).to.deep.equal(["2001:db8::1/128"]);
        expect(await to("::ffff:10.1.2.3")).to.deep.equal(["10.1.2.3/32"]);
        expect(await to("smtp.example.org")).to.deep.equal(["0.0.0.0/0", "::/0"]);
    });
    it("come with a warning if they open metadata explicitly, or may close a host within the cluster's ranges", async () => {
        const worker = (instance: Instance) =>
            new Worker(instance, "worker", {
                pod: { user: 1000, containers: [container] },
                networkRules: instance.egress([
                    { name: "smtp", direction: "egress", host: "smtp.example.org", ports: [587] },
                    { name: "web services", direction: "egress", ports: [443] },
                ]),
            });
        const warnings = async (egress: readonly string[], ranges: readonly string[], networkPolicy = "full") =>
            (
                await declare(worker, {
                    instance: { egress: [{ cidrs: egress }] },
                    values: { cluster: { ranges, networkPolicy } },
                })
            ).warnings.join("\n");
        expect(await warnings(["0.0.0.0/0"], [])).to.equal("");
        expect(await warnings(["169.254.169.254/32"], [])).to.include("bench: pods can reach 169.254.169.254/32");
        expect(await warnings(["192.0.2.0/24"], ["10.0.0.0/8"])).to.include(
            "smtp.example.org may be in plinth:cluster.ranges, which are closed",
        );
        expect(await warnings(["192.0.2.0/24"], ["10.0.0.0/8"], "ingress")).to.equal(
            "plinth:cluster.ranges has no effect while plinth:cluster.networkPolicy is ingress",
        );
    });
    it("admit whole ranges for ingress: only egress has exceptions", async () => {
        const worker = (instance: Instance) =>
            new Worker(instance, "worker", {
                pod: { user: 1000, containers: [container] },
                networkRules: [{ name: "clients", direction: "ingress", ports: [80], cidrs: ["0.0.0.0/0"] }],
            });
        const { objects } = await declare(worker, { values: { cluster: { ranges: ["10.0.0.0/8"] } } });
        expect(find(objects, "NetworkPolicy", "worker").spec.ingress[0].from).to.deep.equal([
            { ipBlock: { cidr: "0.0.0.0/0" } },
        ]);
    });
    it("let every pod resolve names, and deny the rest by default", async () => {
        const { spec } = find((await declare(build)).objects, "NetworkPolicy", "default-deny");
        expect(spec.podSelector).to.deep.equal({});
        expect(spec.policyTypes).to.deep.equal(["Ingress", "Egress"]);
        expect(
            spec.egress[0].ports.map(({ port, protocol }: { port: number; protocol: string }) => `${protocol} ${port}`),
        ).to.deep.equal(["UDP 53", "TCP 53", "UDP 5353", "TCP 5353"]);
    });
    it("let pods ask the named resolvers only, and reach the addresses of Services where that is asked for", async () => {
        const cluster = {
            context: "kind-dev",
            dns: { addresses: ["10.96.0.10", "fd00::a"], namespace: "kube-system" },
            serviceRanges: ["10.96.0.0/16"],
        };
        const objects = await declareOpenCart({ values: { cluster }, instance: { sharedFiles: "oneNode" } });
        const [pod] = addressesOf(objects).filter(({ component }) => component === "frontend");
        for (const address of ["10.96.0.10", "fd00::a"])
            expect(canReachAddress(objects, pod!, address, 53, "UDP")).to.equal(true);
        expect(canReachAddress(objects, pod!, "169.254.20.10", 53, "UDP")).to.equal(false);
        const resolver = (namespace: string) => ({ namespace, labels: { "k8s-app": "kube-dns" } });
        expect(canReach(objects, pod!, resolver("kube-system"), 53, "UDP")).to.equal(true);
        expect(canReach(objects, pod!, resolver("elsewhere"), 53, "UDP")).to.equal(false);
        // The database's, and no port that the pod does not use.
        expect(canReachAddress(objects, pod!, "10.96.7.7", 3306)).to.equal(true);
        expect(canReachAddress(objects, pod!, "10.96.7.7", 5432)).to.equal(false);
    });
    it("leave other pods alone in a namespace that Plinth does not own", async () => {
        const { objects } = await declare(build, { instance: { namespace: { name: "team", create: false } } });
        const { spec } = find(objects, "NetworkPolicy", "default-deny");
        expect(spec.podSelector).to.deep.equal({ matchLabels: { "app.kubernetes.io/instance": "bench" } });
        expect(objects.map(({ kind }) => kind)).not.to.include("Namespace");
    });
    it("leave egress open in the mode ingress, and do not exist if off", async () => {
        const ingress = await declare(build, { values: { cluster: { networkPolicy: "ingress" } } });
        for (const { spec } of ingress.objects.filter(({ kind }) => kind === "NetworkPolicy"))
            expect(spec.policyTypes).to.deep.equal(["Ingress"]);
        const off = await declare(build, { values: { cluster: { networkPolicy: "off" } } });
        expect(off.objects.map(({ kind }) => kind)).not.to.include("NetworkPolicy");
    });
});
