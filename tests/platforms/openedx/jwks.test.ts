import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { expect } from "chai";
import { jwks } from "../../../platforms/openedx/settings/jwks";
import { pem } from "./support";

describe("the keys of Open edX's tokens", () => {
    const { signing, verifying } = jwks(pem);
    const secret = JSON.parse(signing) as Record<string, string>;

    it("are numbers in base64url without padding, in the form of RFC 7517", () => {
        expect(Object.keys(secret)).to.have.members(["kid", "kty", "e", "d", "n", "p", "q", "dq", "dp", "qi"]);
        expect(secret).to.include({ kid: "openedx", kty: "RSA", e: "AQAB" });
        for (const part of ["d", "n", "p", "q", "dq", "dp", "qi"]) expect(secret[part]).to.match(/^[\w-]+$/);
        const number = (part: string) => BigInt(`0x${Buffer.from(secret[part]!, "base64url").toString("hex")}`);
        expect(number("p") * number("q")).to.equal(number("n"));
        expect((number("q") * number("qi")) % number("p")).to.equal(1n);
        expect(number("d") % (number("p") - 1n)).to.equal(number("dp"));
        expect(number("d") % (number("q") - 1n)).to.equal(number("dq"));
    });

    it("check what they have signed, and the public one holds no secret", () => {
        const data = Buffer.from("token");
        const { keys } = JSON.parse(verifying) as { keys: Record<string, string>[] };
        expect(keys).to.deep.equal([{ kid: "openedx", kty: "RSA", e: secret["e"], n: secret["n"] }]);
        const signature = sign("sha512", data, createPrivateKey({ key: secret as never, format: "jwk" }));
        expect(verify("sha512", data, createPublicKey({ key: keys[0] as never, format: "jwk" }), signature)).to.be.true;
    });

    it("are the same from PKCS #8, and refuse everything else in words of its own", () => {
        const pkcs8 = createPrivateKey(pem).export({ type: "pkcs8", format: "pem" }) as string;
        expect(jwks(pkcs8).signing).to.equal(signing);
        const { privateKey } = generateKeyPairSync("ed25519");
        for (const bad of ["", "x", privateKey.export({ type: "pkcs8", format: "pem" }) as string])
            expect(() => jwks(bad)).to.throw(RangeError, /^allowed: a private RSA key in PEM/);
    });
});
