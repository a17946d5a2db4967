import { expect } from "chai";
import { find } from "../../support/declare";
import { caddyfileOf, declareEdges, edgeProblems, type Plain, tlsModes } from "../../support/edges";

const gateway = { name: "public", namespace: "infra" };
const https = { mode: "off", inFront: true };
const behind = (edge: Plain = {}, keys: Plain = {}) => ({
    edge: { type: "Gateway", gateway, controllerNamespace: "envoy", ...edge },
    tls: https,
    ...keys,
});
const routesOf = async (instances: Record<string, Plain>, values: Plain = {}) =>
    (await declareEdges(instances, values)).objects.filter(({ kind }) => kind === "HTTPRoute");

describe("behind a Gateway", () => {
    it("one route leads all names to the balancer, with time for long requests", async () => {
        const { objects, warnings } = await declareEdges({
            shop: behind(
                { gateway: { ...gateway, section: "https" }, annotations: { "example.org/tier": "1" } },
                { aliases: ["store.example.org"], redirects: ["www.example.org"], http: { maxBody: "256Mi" } },
            ),
        });
        const route = find(objects, "HTTPRoute", "edge");
        expect(route.apiVersion).to.equal("gateway.networking.k8s.io/v1");
        expect(route.metadata.namespace).to.equal("bench-shop");
        expect(route.metadata.annotations).to.deep.equal({ "example.org/tier": "1" });
        const { parentRefs, hostnames, rules } = route["spec"];
        expect(parentRefs).to.have.length(1);
        expect(parentRefs[0]).to.include({ ...gateway, sectionName: "https" });
        expect(hostnames).to.deep.equal(["shop.example.org", "store.example.org", "www.example.org"]);
        expect(rules).to.have.length(1);
        expect(rules[0].timeouts).to.deep.equal({ request: "600s" });
        const service = find(objects, "Service", "edge");
        expect(rules[0].backendRefs[0]).to.include({ name: service.metadata.name, port: 80 });
        expect(service["spec"].type).to.equal("ClusterIP");
        expect(service["spec"].ports).to.have.length(1);
        expect(service.metadata.annotations).not.to.have.property("example.org/tier");
        expect(warnings).to.have.length(1);
        expect(warnings[0]).to.match(/shop: edge\.type Gateway: .*request body.* 256 MiB/);
    });

    it("more names than a route may have are in several, none of which another instance's names shift", async () => {
        const aliases = Array.from({ length: 20 }, (_, index) => `a${index}.example.org`);
        const shared = { edge: { type: "shared" } };
        const routes = await routesOf(
            { one: { ...shared, aliases }, two: shared },
            { edge: { edge: behind().edge, tls: https } },
        );
        expect(routes.map(({ metadata, spec }) => [metadata.name, spec.hostnames.length])).to.deep.equal([
            ["edge-one", 16],
            ["edge2-one", 5],
            ["edge-two", 1],
        ]);
        expect(new Set(routes.map(({ metadata }) => metadata.namespace))).to.deep.equal(new Set(["edge"]));
    });

    it("only the pods of its namespace connect, and are believed", async () => {
        const { objects } = await declareEdges({ shop: behind() });
        expect(find(objects, "NetworkPolicy", "edge")["spec"].ingress).to.deep.equal([
            {
                from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "envoy" } } }],
                ports: [8080, 8081].map((port) => ({ protocol: "TCP", port })),
            },
        ]);
        const text = caddyfileOf(objects);
        expect(text).to.include("http://shop.example.org {");
        expect(text).to.include("trusted_proxies static 10.0.0.0/8 ");
        expect(text).to.include("?Strict-Transport-Security");
    });

    it("a shop that is told neither is refused, and so is a certificate that the Gateway would not use", async () => {
        expect(await edgeProblems({ shop: behind({ controllerNamespace: undefined }) })).to.match(
            /shop\.edge\.trustedProxies: is empty: .*take the Gateway for the client.*edge\.controllerNamespace/,
        );
        for (const mode of ["acme", "custom", "internal", "certManager"])
            expect(await edgeProblems({ shop: behind({}, { tls: tlsModes[mode] }) })).to.include(
                `shop.tls.mode: "${mode}" is not possible with edge.type Gateway: the Gateway terminates TLS, with the certificates of its listeners; allowed: off, with tls.inFront: true`,
            );
    });

    it("the route stays while the instance is stopped, and goes when it is removed", async () => {
        expect(await routesOf({ shop: behind({}, { state: "stopped" }) })).to.have.length(1);
        expect(await routesOf({ shop: behind({}, { state: "removed" }) })).to.have.length(0);
    });

    it("DNS gets the configured address", async () => {
        const { addresses } = await declareEdges({ shop: behind({ publicAddress: "192.0.2.7" }), other: behind() });
        expect(addresses).to.deep.equal({ shop: ["192.0.2.7"], other: [] });
    });
});
