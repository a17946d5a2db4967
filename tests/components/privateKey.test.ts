import { createPrivateKey, generateKeyPairSync, sign, verify, createPublicKey } from "node:crypto";
import { expect } from "chai";
import { checkedKey } from "../../components/generated";
import { isRsaKey, partsOfKey, placeholderKey } from "../../components/privateKey";

const pair = (bits: number) =>
    generateKeyPairSync("rsa", {
        modulusLength: bits,
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs8", format: "pem" },
    }).privateKey;

describe("a private key", () => {
    it("has a placeholder that signs, always the same", () => {
        const key = createPrivateKey(placeholderKey());
        expect(key.asymmetricKeyDetails).to.deep.include({ modulusLength: 2048, publicExponent: 65537n });
        const signature = sign("sha256", Buffer.from("a text"), key);
        expect(verify("sha256", Buffer.from("a text"), createPublicKey(key), signature)).to.equal(true);
        expect(verify("sha256", Buffer.from("another"), createPublicKey(key), signature)).to.equal(false);
        expect(placeholderKey())
            .to.equal(placeholderKey())
            .and.match(/^-----BEGIN RSA PRIVATE KEY-----\n/);
    });

    it("has a placeholder per name, which is found in PEM and in a JSON Web Key", () => {
        for (const name of ["a", "b", "placeholder-key-3-"]) {
            const key = createPrivateKey(placeholderKey(name));
            const signature = sign("sha256", Buffer.from("a text"), key);
            expect(verify("sha256", Buffer.from("a text"), createPublicKey(key), signature)).to.equal(true);
            const pkcs8 = key.export({ type: "pkcs8", format: "pem" }).toString();
            const texts = [placeholderKey(name), JSON.stringify({ keys: [key.export({ format: "jwk" })] })];
            const found = (text: string, of: string) => partsOfKey(of).some((part) => text.includes(part));
            for (const text of texts) {
                expect(found(text, name)).to.equal(true);
                for (const other of ["c", "placeholder-key-4-"]) expect(found(text, other)).to.equal(false);
            }
            expect(isRsaKey(pkcs8)).to.equal(true);
        }
    });

    it("is RSA of at least 2048 bits, in PEM without a passphrase", () => {
        expect(isRsaKey(pair(2048))).to.equal(true);
        expect(isRsaKey(pair(1024))).to.equal(false);
        const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
        expect(isRsaKey(privateKey.export({ type: "pkcs8", format: "pem" }).toString())).to.equal(false);
        const locked = createPrivateKey(placeholderKey()).export({
            type: "pkcs8",
            format: "pem",
            cipher: "aes-256-cbc",
            passphrase: "of a test",
        });
        expect(isRsaKey(locked.toString())).to.equal(false);
        expect(isRsaKey("no key")).to.equal(false);
    });

    it("is checked when the user sets one, and is a placeholder where it is encrypted", () => {
        const own = pair(2048);
        expect(checkedKey("jwtPrivateKey", own)).to.equal(own);
        const encrypted = "placeholder-learn-jwtPrivateKey";
        expect(checkedKey("jwtPrivateKey", encrypted)).to.equal(placeholderKey(encrypted));
        expect(() => checkedKey("jwtPrivateKey", "abc")).to.throw(
            "allowed as jwtPrivateKey: an RSA private key in PEM, of 2048 bits or more",
        );
    });
});
