import { expect } from "chai";
import { find } from "../../support/declare";
import { caddyfileOf, declareEdges, edgeProblems, edgeTypes, tlsModes } from "../../support/edges";

describe("further names of a site", () => {
    const names = { aliases: ["store.example.org"], redirects: ["www.shop.example.org", "old.example.com"] };

    it("answer, or redirect, with certificates of their own", async () => {
        const { objects } = await declareEdges({ shop: { ...names, tls: tlsModes["acme"] } });
        const text = caddyfileOf(objects);
        const block = (address: string) => text.slice(text.indexOf(`\n${address} {`)).split("\n}\n")[0]!;
        expect(block("https://store.example.org")).to.contain("issuer acme").and.contain("reverse_proxy frontend");
        expect(block("https://www.shop.example.org"))
            .to.contain("issuer acme")
            .and.contain("redir https://shop.example.org{uri} 308")
            .and.not.contain("reverse_proxy");
        // In one step: not to https of the same name first.
        expect(block("http://old.example.com")).to.contain("redir https://shop.example.org{uri} 308");
    });

    it("are hosts of the Ingress and of the certificate that its controller gets", async () => {
        const { objects } = await declareEdges({
            shop: { ...names, edge: edgeTypes["Ingress"], tls: tlsModes["acme"] },
        });
        const { rules, tls } = find(objects, "Ingress", "edge")["spec"];
        const all = ["shop.example.org", "store.example.org", "www.shop.example.org", "old.example.com"];
        expect(rules.map(({ host }: { host: string }) => host)).to.deep.equal(all);
        expect(tls[0].hosts).to.deep.equal(all);
        expect(caddyfileOf(objects)).to.contain("redir https://shop.example.org{uri} 308");
    });

    it("are those of the shared balancer, too", async () => {
        const { objects } = await declareEdges({ shop: { ...names, edge: { type: "shared" } } });
        expect(caddyfileOf(objects)).to.contain("http://old.example.com {").and.contain("http://store.example.org {");
    });

    it("redirect to the node port that visitors use", async () => {
        const edge = { type: "NodePort", httpPort: 30080, httpsPort: 30443 };
        const target = async (tls: object) =>
            /redir (\S+)\{uri\} 308/.exec(
                caddyfileOf((await declareEdges({ shop: { redirects: ["a.example.com"], edge, tls } })).objects),
            )![1];
        expect(await target({ mode: "off" })).to.equal("http://shop.example.org:30080");
        expect(await target({ mode: "internal" })).to.equal("https://shop.example.org:30443");
    });

    it("belong to one instance, once", async () => {
        const taken = await edgeProblems({
            one: { redirects: ["www.example.org"] },
            two: { aliases: ["www.example.org"], namespace: "two" },
        });
        expect(taken).to.match(/two\.aliases\.0: "www\.example\.org" is already the host of .*one/);
        expect(await edgeProblems({ shop: { redirects: ["shop.example.org"] } })).to.contain(
            'plinth:instances.shop.redirects.0: "shop.example.org" is already a host of this instance',
        );
        expect(await edgeProblems({ shop: { aliases: ["a.example.org"], redirects: ["a.example.org"] } })).to.contain(
            'plinth:instances.shop.redirects.0: "a.example.org" is already a host of this instance',
        );
        expect(await edgeProblems({ shop: { aliases: ["https://a.example.org"] } })).to.contain("aliases.0");
    });
});
