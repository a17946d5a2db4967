import { expect } from "chai";
import { find } from "../../support/declare";
import { caddyfileOf, certify, declareEdges, edgeProblems, edgeTypes, type Plain, tlsModes } from "../../support/edges";
import { program } from "../../support/tools";

describe("LoadBalancer", () => {
    let chain: string;
    let key: string;
    before(function () {
        program(this, "openssl");
        ({ chain, key } = certify("example.org"));
    });

    describe("shared", () => {
        const shared = { edge: { type: "shared" } };

        it("serves every instance from one namespace, each with its own TLS", async () => {
            const values = {
                edge: {
                    edge: edgeTypes["LoadBalancer"],
                    labels: { team: "edge" },
                    replicas: {},
                    patches: [
                        { kind: "Service", name: "edge", patch: { spec: { ipFamilyPolicy: "PreferDualStack" } } },
                    ],
                },
                secrets: { two: { tlsCertificate: chain, tlsKey: key } },
            };
            const { objects } = await declareEdges(
                { one: { ...shared, tls: tlsModes["internal"] }, two: { ...shared, tls: { mode: "custom" } }, own: {} },
                values,
            );
            const edges = objects.filter(({ kind, metadata }) => kind === "Deployment" && metadata.name === "edge");
            expect(edges.map(({ metadata }) => metadata.namespace).sort()).to.deep.equal(["bench-own", "edge"]);
            const inEdge = objects.filter(({ metadata }) => metadata.namespace === "edge");
            expect(find(inEdge, "Service", "edge")["spec"].ipFamilyPolicy).to.equal("PreferDualStack");
            expect(find(inEdge, "Service", "edge").metadata.labels).to.include({ team: "edge" });
            expect(find(inEdge, "Secret", "edge-certificates")["stringData"]).to.have.all.keys("two.crt", "two.key");
            const text = caddyfileOf(inEdge);
            expect(text)
                .to.include("https://one.example.org {\n\ttls internal\n")
                .and.include("https://two.example.org {\n\timport /run/caddy/tls/two\n");
            expect(text).not.to.include("own.example.org");
            const policy = find(
                objects.filter(({ metadata }) => metadata.namespace === "bench-one"),
                "NetworkPolicy",
                "frontend",
            )["spec"];
            expect(policy.ingress[0].from[0].namespaceSelector.matchLabels).to.deep.equal({
                "kubernetes.io/metadata.name": "edge",
            });
        });
        it("rolls no pod when an instance with a certificate is added, stopped or removed", async () => {
            const pair = { tlsCertificate: chain, tlsKey: key };
            const own = { ...shared, tls: tlsModes["custom"] };
            const template = async (instances: Record<string, Plain>) => {
                const secrets = Object.fromEntries(
                    ["two", "three"].filter((name) => name in instances).map((name) => [name, pair]),
                );
                const { objects } = await declareEdges(instances, { secrets });
                const inEdge = objects.filter(({ metadata }) => metadata.namespace === "edge");
                return find(inEdge, "Deployment", "edge")["spec"];
            };
            const custom = { ...shared, tls: { mode: "custom" } };
            const before = await template({ one: shared, own });
            expect(await template({ one: shared, own, two: custom })).to.deep.equal(before);
            expect(await template({ one: shared, own, two: custom, three: custom })).to.deep.equal(before);
            expect(await template({ one: shared, own: { ...own, state: "stopped" } })).to.deep.equal(before);
            expect(await template({ one: shared, own, two: { ...custom, state: "removed" } })).to.deep.equal(before);
            const first = await template({ one: shared });
            expect(first.template.spec.volumes).to.deep.include({
                name: "edge-certificates-secret",
                secret: { secretName: "edge-certificates" },
            });
            expect(await template({ one: shared, two: custom })).to.deep.equal(first);
        });
        it("answers for stopped instances, and forgets removed ones", async () => {
            const { objects } = await declareEdges({
                one: { ...shared, state: "stopped" },
                two: shared,
                three: { ...shared, state: "removed" },
            });
            expect(find(objects, "Secret", "edge-certificates")).not.to.have.property("stringData");
            const text = caddyfileOf(objects);
            expect(text).to.match(/http:\/\/one\.example\.org \{[\s\S]*? 503/);
            expect(text).not.to.include("three.example.org");
            expect(text.match(/ 503/g)).to.have.length(1);
        });
        it("keeps its claim and namespace when the last instance is removed", async () => {
            const { objects } = await declareEdges({ one: { ...shared, tls: tlsModes["acme"], state: "removed" } });
            const inEdge = objects.filter(({ metadata }) => metadata.namespace === "edge");
            expect(inEdge.map(({ kind }) => kind).sort()).to.deep.equal([
                "NetworkPolicy",
                "NetworkPolicy",
                "PersistentVolumeClaim",
            ]);
        });
        it("applies its own TLS settings to instances without any", async () => {
            const { objects } = await declareEdges({ one: shared }, { edge: { tls: tlsModes["internal"] } });
            expect(caddyfileOf(objects)).to.include("https://one.example.org {\n\ttls internal\n");
        });
        it("names plinth:edge when its own settings are wrong", async () => {
            expect(
                await edgeProblems({ one: shared }, { edge: { omit: [{ kind: "Ingress", name: "edge" }] } }),
            ).to.include("plinth:edge.omit.0: matches nothing");
        });
        it("does not exist if no instance uses it", async () => {
            expect((await declareEdges({ one: {} })).objects.map(({ metadata }) => metadata.namespace)).not.to.include(
                "edge",
            );
        });
    });
});
