import { expect } from "chai";
import { CertificateError, checkedPair, checkPair } from "../../../components/loadBalancer/certificate";
import { Value } from "../../../config/value";
import { find } from "../../support/declare";
import { certify, declareEdges, edgePod, edgeTypes, tlsModes } from "../../support/edges";
import { program } from "../../support/tools";

describe("LoadBalancer", () => {
    let chain: string;
    let key: string;
    before(function () {
        program(this, "openssl");
        ({ chain, key } = certify());
    });

    it("makes a Secret of a certificate in plinth:secrets, and mounts it", async () => {
        const secrets = { shop: { tlsCertificate: chain, tlsKey: key } };
        const { objects } = await declareEdges({ shop: { tls: { mode: "custom" } } }, { secrets });
        expect(find(objects, "Secret", "edge-certificates")["stringData"]).to.deep.equal({
            "shop.crt": chain,
            "shop.key": key,
        });
        expect(edgePod(objects).volumes).to.deep.include({
            name: "edge-certificates-secret",
            secret: { secretName: "edge-certificates" },
        });
        expect(find(objects, "ConfigMap", "edge")["data"].certificates).to.equal(
            "shop /etc/edge-certificates/shop.crt /etc/edge-certificates/shop.key\n",
        );
        expect(JSON.stringify(objects.filter(({ kind }) => kind !== "Secret"))).not.to.match(/-----BEGIN/);
    });

    it("makes a TLS Secret of it in the namespace of the Ingress", async () => {
        const secrets = { shop: { tlsCertificate: chain, tlsKey: key } };
        const { objects } = await declareEdges(
            { shop: { edge: edgeTypes["Ingress"], tls: { mode: "custom" } } },
            { secrets },
        );
        const secret = find(objects, "Secret", "edge-tls");
        expect(secret["type"]).to.equal("kubernetes.io/tls");
        expect(secret["stringData"]).to.deep.equal({ "tls.crt": chain, "tls.key": key });
        expect(find(objects, "Ingress", "edge")["spec"].tls[0].secretName).to.equal("edge-tls");
        expect(JSON.stringify(edgePod(objects))).not.to.include("edge-tls");
    });

    it("waits for no Secret of the user's: its pods start without it", async () => {
        const { objects } = await declareEdges({ shop: { tls: tlsModes["custom"] } });
        expect(edgePod(objects).volumes).to.deep.include({
            name: "wildcard-secret",
            secret: { secretName: "wildcard", optional: true },
        });
        const { initContainers, containers } = edgePod(objects);
        for (const { volumeMounts } of [...initContainers, ...containers])
            expect(volumeMounts).to.deep.include({
                name: "wildcard-secret",
                mountPath: "/etc/edge-tls/shop",
                readOnly: true,
            });
        expect(find(objects, "ConfigMap", "edge")["data"].certificates).to.equal(
            "shop /etc/edge-tls/shop/tls.crt /etc/edge-tls/shop/tls.key\n",
        );
    });

    describe("a certificate in plinth:secrets", () => {
        const refusal = (certificate: string, privateKey: string): CertificateError => {
            try {
                checkPair("shop", [], certificate, privateKey);
            } catch (error) {
                return error as CertificateError;
            }
            throw new Error("was accepted");
        };
        it("is accepted with its key, alone or followed by a chain", () => {
            expect(() => checkPair("shop", ["shop.example.org"], chain, key)).not.to.throw();
            expect(() => checkPair("shop", [], `${chain}${certify().chain}`, key)).not.to.throw();
        });
        it("is refused if it is not a certificate, is damaged or does not match the key, without quoting it", () => {
            const other = certify();
            const damaged = chain.replace(/\n.{20}/, "\nAAAAAAAAAAAAAAAAAAAA");
            const cases: [string, string, string][] = [
                ["hidden", key, "plinth:secrets.shop.tlsCertificate: is not a certificate"],
                [damaged, key, "plinth:secrets.shop.tlsCertificate: cannot be read: certificate 1 of 1"],
                [`${chain}${damaged}`, key, "tlsCertificate: cannot be read: certificate 2 of 2"],
                [chain, "hidden", "plinth:secrets.shop.tlsKey: is not a private key"],
                [chain, other.key, "plinth:secrets.shop.tlsKey: does not belong to"],
                [`${other.chain}${chain}`, key, "plinth:secrets.shop.tlsKey: does not belong to"],
            ];
            for (const [certificate, privateKey, message] of cases) {
                const error = refusal(certificate, privateKey);
                expect(error.message).to.include(message).and.not.include("hidden");
                expect(error.__pulumiRunError).to.equal(true);
            }
        });
        it("is refused if browsers would refuse it: for other names, before and after its time", () => {
            const check = (hosts: string[], days = 0) =>
                checkPair("shop", hosts, chain, key, Date.now() + days * 86_400_000);
            expect(() => check(["shop.example.org", "www.shop.example.org"])).not.to.throw();
            expect(() => check(["shop.example.org", "shop.example.com", "a.b.shop.example.org"])).to.throw(
                CertificateError,
                "plinth:secrets.shop.tlsCertificate: is not for shop.example.com, a.b.shop.example.org; its names are shop.example.org, *.shop.example.org",
            );
            expect(() => check([], 3)).to.throw(CertificateError, "plinth:secrets.shop.tlsCertificate: has expired on");
            expect(() => check([], -1)).to.throw(CertificateError, "is valid from");
        });
        it("aborts the run before its Secret is sent if it is invalid", () => {
            const pair = checkedPair("shop", [], Value.of(chain), Value.secret("hidden"));
            for (const value of [pair.chain, pair.key])
                expect(() => value.in(() => undefined)).to.throw(CertificateError);
        });
        it("may be a placeholder if the program runs without the passphrase", () => {
            expect(() => checkPair("shop", ["shop.example.org"], "placeholder-a", "placeholder-b")).not.to.throw();
        });
    });
});
