import { createPrivateKey, type KeyObject } from "node:crypto";
import { Refusal } from "../../../components/languages/text";

/** The name of the only key, which tokens carry. */
const kid = "openedx";

/** Keys of JSON Web Tokens, as JSON: https://www.rfc-editor.org/rfc/rfc7517 */
export interface Jwks {
    /** The private key, with which tokens are signed. */
    readonly signing: string;
    /** A set with the public key, with which they are checked. */
    readonly verifying: string;
}

/**
 * @param pem an RSA key, in PKCS #1 or PKCS #8
 * @throws Refusal if it is no key, or one of another kind
 */
export function jwks(pem: string): Jwks {
    const key = privateKey(pem);
    const { e, d, n, p, q, dq, dp, qi } = key.export({ format: "jwk" });
    return {
        signing: JSON.stringify({ kid, kty: "RSA", e, d, n, p, q, dq, dp, qi }),
        verifying: JSON.stringify({ keys: [{ kid, kty: "RSA", e, n }] }),
    };
}

function privateKey(pem: string): KeyObject {
    let key: KeyObject | undefined;
    try {
        key = createPrivateKey(pem);
    } catch {
        // OpenSSL's words tell nothing to people.
    }
    if (key?.asymmetricKeyType !== "rsa")
        throw new Refusal("allowed: a private RSA key in PEM, without a passphrase (BEGIN RSA PRIVATE KEY)");
    return key;
}
