import { expect } from "chai";
import { find } from "../../support/declare";
import { caddyfileOf, certify, declareEdges, edgePod, edgeProblems, edgeTypes } from "../../support/edges";
import { program } from "../../support/tools";

const acme = { mode: "acme", email: "ops@example.org", ca: "https://acme.example.org/v2/OV" };

describe("a certificate authority of one's own", () => {
    let root: string;
    before(function () {
        program(this, "openssl");
        root = certify().chain;
    });

    it("gets its account from plinth:secrets, which is in a Secret only", async () => {
        const secrets = { shop: { acmeKeyId: "kid-1", acmeHmacKey: "aGVsbG8_-w" } };
        const { objects } = await declareEdges({ shop: { tls: acme } }, { secrets });
        const secret = objects.find(({ kind, metadata }) => kind === "Secret" && metadata.name === "edge-accounts")!;
        expect(secret["stringData"]).to.deep.equal({ shop: "eab kid-1 aGVsbG8_-w\n" });
        expect(caddyfileOf(objects)).to.contain("import /etc/edge-accounts/shop");
        for (const { volumeMounts } of edgePod(objects).containers)
            expect(volumeMounts).to.deep.include({
                name: "edge-accounts-secret",
                mountPath: "/etc/edge-accounts",
                readOnly: true,
            });
        expect(JSON.stringify(objects.filter(({ kind }) => kind !== "Secret"))).not.to.contain("aGVsbG8");
    });

    it("is known by the root certificates that are named", async () => {
        const { objects } = await declareEdges({ shop: { tls: { ...acme, caBundle: root } } });
        expect(caddyfileOf(objects)).to.contain("trusted_roots /etc/edge-authorities/shop.pem");
        const file = objects.find(({ metadata }) => metadata.name.startsWith("edge-authorities-"))!;
        expect(file["data"]).to.deep.equal({ "shop.pem": root });
        // With the controller's TLS, Caddy asks no authority.
        const ended = await declareEdges({ shop: { tls: { ...acme, caBundle: root }, edge: edgeTypes["Ingress"] } });
        expect(JSON.stringify(ended.objects)).not.to.contain("edge-authorities");
    });

    it("is refused with half an account, a key that is none, and a bundle with more than certificates", async () => {
        const withSecrets = (shop: object) => edgeProblems({ shop: { tls: acme } }, { secrets: { shop } });
        expect(await withSecrets({ acmeKeyId: "kid" })).to.match(
            /shop\.tls: .*two secrets; .*secrets set shop acmeHmacKey/,
        );
        const bad = await withSecrets({ acmeKeyId: "kid", acmeHmacKey: "not base64url!" });
        expect(bad).to.contain("acmeHmacKey: is not possible; allowed: the HMAC key in base64url");
        expect(bad).not.to.contain("not base64url!");
        const { key } = certify();
        for (const caBundle of ["", "root.pem", `${root}${key}`, root.replace(/\n.{20}/, "\nAAAAAAAAAAAAAAAAAAAA")])
            expect(await edgeProblems({ shop: { tls: { ...acme, caBundle } } })).to.match(
                /shop\.tls\.caBundle: .*allowed: certificates in PEM/,
            );
    });

    it("may be an issuer of cert-manager, whose Secret is mounted or given to the ingress controller", async () => {
        const tls = { mode: "certManager", issuer: "letsencrypt-dns" };
        const { objects } = await declareEdges({ shop: { tls, redirects: ["www.shop.example.org"] } });
        expect(find(objects, "Certificate", "edge-tls")["spec"]).to.deep.include({
            secretName: "edge-tls",
            dnsNames: ["shop.example.org", "www.shop.example.org"],
            issuerRef: { name: "letsencrypt-dns", kind: "ClusterIssuer", group: "cert-manager.io" },
        });
        expect(edgePod(objects).volumes).to.deep.include({
            name: "edge-tls-secret",
            secret: { secretName: "edge-tls", optional: true },
        });
        expect(objects.map(({ kind }) => kind)).not.to.include("PersistentVolumeClaim");
        const ended = await declareEdges({
            shop: { tls: { mode: "certManager", issuer: { kind: "Issuer", name: "ca" } }, edge: edgeTypes["Ingress"] },
        });
        expect(find(ended.objects, "Ingress", "edge")["spec"].tls[0].secretName).to.equal("edge-tls");
        expect(find(ended.objects, "Certificate", "edge-tls")["spec"].issuerRef.kind).to.equal("Issuer");
    });
});
