import { expect } from "chai";
import { find } from "../../support/declare";
import { caddyfileOf, declareEdges, edgeTypes, type Plain, tlsModes } from "../../support/edges";

describe("LoadBalancer", () => {
    it("applies every setting of a LoadBalancer Service", async () => {
        const edge = {
            type: "LoadBalancer",
            address: "192.0.2.10",
            sourceRanges: ["198.51.100.0/24"],
            loadBalancerClass: "example.org/fast",
            annotations: { "example.org/tier": "1" },
            http3: true,
        };
        const { objects } = await declareEdges({ shop: { edge, tls: tlsModes["internal"] } });
        const { spec, metadata } = find(objects, "Service", "edge");
        expect(spec).to.deep.include({
            type: "LoadBalancer",
            externalTrafficPolicy: "Local",
            loadBalancerIP: "192.0.2.10",
            loadBalancerClass: "example.org/fast",
            loadBalancerSourceRanges: ["198.51.100.0/24"],
        });
        expect(spec.ports.at(-1)).to.deep.equal({ name: "http3", port: 443, protocol: "UDP", targetPort: 8443 });
        expect(metadata.annotations).to.deep.equal({ "example.org/tier": "1" });
        expect(caddyfileOf(objects)).to.include("protocols h1 h2 h3");
        const ingress = find(objects, "NetworkPolicy", "edge")["spec"].ingress;
        expect(ingress.at(-1)).to.deep.equal({ ports: [{ protocol: "UDP", port: 8443 }] });
    });

    it("waits for an address only if one will be assigned", async () => {
        const skips = async (edge: Plain, rest: Plain = {}, values: Plain = {}, kind = "Service") => {
            const { objects } = await declareEdges({ shop: { edge, ...rest } }, values);
            return find(objects, kind, "edge").metadata.annotations?.["pulumi.com/skipAwait"] === "true";
        };
        expect(await skips(edgeTypes["LoadBalancer"]!)).to.equal(false);
        expect(await skips(edgeTypes["LoadBalancer"]!, {}, { cluster: { loadBalancer: false } })).to.equal(true);
        expect(await skips(edgeTypes["ClusterIP"]!)).to.equal(true);
        expect(await skips(edgeTypes["Ingress"]!, {}, {}, "Ingress")).to.equal(false);
        expect(await skips({ ...edgeTypes["Ingress"]!, publicAddress: "192.0.2.1" }, {}, {}, "Ingress")).to.equal(true);
        expect(await skips(edgeTypes["Ingress"]!, { state: "stopped" }, {}, "Ingress")).to.equal(true);
    });

    it("gives the ingress controller the hosts, and their certificate if it terminates TLS", async () => {
        const ended = find(
            (await declareEdges({ shop: { edge: edgeTypes["Ingress"], tls: tlsModes["custom"] } })).objects,
            "Ingress",
            "edge",
        )["spec"];
        expect(ended.tls).to.deep.equal([{ hosts: ["shop.example.org"], secretName: "wildcard" }]);
        expect(ended.rules[0].http.paths[0].backend.service).to.deep.equal({ name: "edge", port: { name: "http" } });
        const passed = find(
            (await declareEdges({ shop: { edge: edgeTypes["passthrough"], tls: tlsModes["custom"] } })).objects,
            "Ingress",
            "edge",
        )["spec"];
        expect(passed).not.to.have.property("tls");
        expect(passed.rules[0].http.paths[0].backend.service.port).to.deep.equal({ name: "https" });
    });

    it("admits only the ingress controller and the proxies before it, if its namespace is known", async () => {
        const admitted = async (edge: Plain) =>
            find((await declareEdges({ shop: { edge } })).objects, "NetworkPolicy", "edge")["spec"].ingress;
        // The second one tells balancers of clouds that the pod is healthy.
        const ports = [8080, 8081].map((number) => ({ protocol: "TCP", port: number }));
        const port = { ports };
        expect(await admitted({ ...edgeTypes["Ingress"], controllerNamespace: "traefik" })).to.deep.equal([
            { from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "traefik" } } }], ...port },
            { from: [{ ipBlock: { cidr: "10.0.0.0/8" } }], ...port },
        ]);
        // No peers: a selector of all namespaces would exclude controllers outside the pods' network.
        expect(await admitted(edgeTypes["Ingress"]!)).to.deep.equal([port]);
        expect(await admitted(edgeTypes["NodePort"]!)).to.deep.equal([port]);
    });

    it("lets the ingress controller reach the pods that answer cert-manager's challenges", async () => {
        const named = { ...edgeTypes["Ingress"], controllerNamespace: "traefik" };
        const { objects } = await declareEdges({ shop: { edge: named, tls: tlsModes["acme"] } });
        const policy = find(objects, "NetworkPolicy", "edge-http01");
        expect(policy.metadata.namespace).to.equal(find(objects, "Ingress", "edge").metadata.namespace);
        expect(policy["spec"]).to.deep.equal({
            podSelector: { matchLabels: { "acme.cert-manager.io/http01-solver": "true" } },
            policyTypes: ["Ingress"],
            ingress: [
                {
                    from: [
                        { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "traefik" } } },
                        { ipBlock: { cidr: "10.0.0.0/8" } },
                    ],
                    ports: [{ protocol: "TCP", port: 8089 }],
                },
            ],
        });
        const everyone = await declareEdges({ shop: { edge: edgeTypes["Ingress"], tls: tlsModes["acme"] } });
        expect(find(everyone.objects, "NetworkPolicy", "edge-http01")["spec"].ingress).to.deep.equal([
            { ports: [{ protocol: "TCP", port: 8089 }] },
        ]);
        const none = async (keys: Plain, values: Plain = {}) =>
            expect(
                (await declareEdges({ shop: keys }, values)).objects.map(({ metadata }) => metadata.name),
            ).not.to.include("edge-http01");
        await none({ edge: named, tls: tlsModes["custom"] });
        await none({ edge: edgeTypes["passthrough"], tls: tlsModes["acme"] });
        await none({ edge: named, tls: tlsModes["acme"] }, { cluster: { networkPolicy: "off" } });
    });
});
