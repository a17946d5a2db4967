import { expect } from "chai";
import { find } from "../../support/declare";
import {
    caddyfileOf,
    declareEdges,
    edgeProblems,
    edgeTypes,
    impossible,
    type Plain,
    tlsModes,
} from "../../support/edges";

describe("LoadBalancer", () => {
    it("trusts no proxy by default, and warns about that behind an ingress controller", async () => {
        const edge = { type: "Ingress", className: "traefik" };
        const { objects, warnings } = await declareEdges({ shop: { edge } });
        expect(caddyfileOf(objects)).not.to.include("trusted_proxies");
        expect(warnings.join()).to.include("trustedProxies is empty");
        expect(
            caddyfileOf((await declareEdges({ shop: { edge: { ...edge, trustedProxies: ["10.0.0.0/8"] } } })).objects),
        ).to.include("trusted_proxies static 10.0.0.0/8");
    });

    it("warns if links lack a port, and if the certificate authority cannot reach the site", async () => {
        const warned = async (edge: Plain, tls: Plain) =>
            (await declareEdges({ shop: { edge, tls } })).warnings
                .filter((line) => !line.includes("in clear"))
                .join("\n");
        const ranges = { type: "LoadBalancer", sourceRanges: ["192.0.2.0/24"] };
        expect(await warned({ type: "NodePort" }, tlsModes["off"]!)).to.include(
            "shop: edge.type NodePort without edge.httpPort",
        );
        expect(await warned({ type: "NodePort", httpPort: 30080 }, tlsModes["off"]!)).to.equal("");
        expect(await warned({ type: "NodePort", httpPort: 30080 }, tlsModes["custom"]!)).to.include(
            "without edge.httpsPort",
        );
        expect(await warned(ranges, tlsModes["acme"]!)).to.include("tls.mode acme with edge.sourceRanges");
        expect(await warned(ranges, tlsModes["custom"]!)).to.equal("");
    });

    it("warns about passwords in clear text, unless TLS is terminated in front", async () => {
        const warned = async (keys: Plain, values: Plain = {}) =>
            (await declareEdges({ shop: keys }, values)).warnings.some((line) =>
                line.startsWith("shop: tls.mode off: passwords"),
            );
        expect(await warned({})).to.equal(true);
        expect(await warned({ edge: { type: "shared" } })).to.equal(true);
        expect(await warned({ edge: { type: "shared" } }, { edge: { tls: tlsModes["internal"] } })).to.equal(false);
        expect(await warned({ tls: { mode: "off", inFront: true } })).to.equal(false);
        expect(await warned({ state: "removed" })).to.equal(false);
        expect(await warned({ edge: edgeTypes["ClusterIP"] })).to.equal(false);
    });

    describe("refuses", () => {
        it("a custom certificate that is not set, with the commands that set it", async () => {
            const message = await edgeProblems({ shop: { tls: { mode: "custom" } } });
            expect(message)
                .to.include("plinth:instances.shop.tls: mode custom has no certificate")
                .and.include("./plinth secrets set shop tlsCertificate dev and ./plinth secrets set shop tlsKey dev");
            const half = await edgeProblems(
                { shop: { tls: { mode: "custom" } } },
                { secrets: { shop: { tlsCertificate: "CHAIN" } } },
            );
            expect(half).to.include("secrets set shop tlsKey dev").and.not.include("tlsCertificate");
        });
        it("TLS modes that the ingress controller rules out", async () => {
            for (const pair of impossible) {
                const [type, mode] = pair.split(" ") as [string, string];
                expect(await edgeProblems({ shop: { edge: edgeTypes[type], tls: tlsModes[mode] } })).to.include(
                    `plinth:instances.shop.tls.mode: "${mode}" is not possible`,
                );
            }
        });
        it("a public address that is neither an IP address nor a host name", async () => {
            for (const publicAddress of ["not a host!", "https://lb.example.org", "999.0.0.1", "lb.example.org:80", ""])
                expect(
                    await edgeProblems({ shop: { edge: { type: "ClusterIP", publicAddress } } }),
                    publicAddress,
                ).to.include(
                    `plinth:instances.shop.edge.publicAddress: "${publicAddress}" is not allowed; allowed: an IP address or a host name such as lb.example.org`,
                );
        });
        it("invalid ranges", async () => {
            const refused = (range: string) => edgeProblems({ shop: { http: { allow: [range] } } });
            for (const range of ["999.0.0.0/40", "192.0.2.0/33", "192.0.2.1", "2001:db8::/129", ":::/8", "::1"])
                expect(await refused(range), range).to.include(
                    `plinth:instances.shop.http.allow.0: "${range}" is not allowed; allowed: a range such as 192.0.2.0/24`,
                );
            const { objects } = await declareEdges({ shop: { http: { allow: ["192.0.2.0/24", "2001:db8::/32"] } } });
            expect(caddyfileOf(objects)).to.include("not client_ip 192.0.2.0/24 2001:db8::/32");
        });
        it("two replicas on one volume of certificates", async () => {
            expect(await edgeProblems({ shop: { tls: tlsModes["acme"], replicas: { edge: 2 } } })).to.include(
                "plinth:instances.shop.replicas.edge",
            );
            const { objects } = await declareEdges({ shop: { tls: tlsModes["custom"], replicas: { edge: 2 } } });
            expect(find(objects, "PodDisruptionBudget", "edge")["spec"].maxUnavailable).to.equal(1);
        });
        it("an instance with the name of the shared balancer", async () => {
            const message = await edgeProblems({ edge: { edge: { type: "shared" }, namespace: "elsewhere" } });
            expect(message).to.include("plinth:instances.edge: is the name of the shared balancer");
        });
    });
});
