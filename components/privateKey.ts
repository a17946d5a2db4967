import { createPrivateKey, type JsonWebKey } from "node:crypto";

const exponent = 65537n;

/** Two primes next to round numbers of 1024 bits: nobody could take the key made of them for a secret one. */
const primes = [3n * 2n ** 1022n + 1037n, 3n * 2n ** 1022n + 2n ** 1000n + 1011n] as const;

/**
 * A valid RSA key of 2048 bits in PEM (PKCS#1), which stands for a generated or encrypted one wherever its value is not
 * known. It is always the same.
 */
export function placeholderKey(): string {
    const [p, q] = primes;
    const d = inverse(exponent, (p - 1n) * (q - 1n));
    const numbers = { n: p * q, e: exponent, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
    const jwk = Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, base64url(number)]));
    return createPrivateKey({ key: { kty: "RSA", ...jwk } as JsonWebKey, format: "jwk" })
        .export({ type: "pkcs1", format: "pem" })
        .toString();
}

/** Whether a text is an RSA private key in PEM of at least 2048 bits, without a passphrase. */
export function isRsaKey(pem: string): boolean {
    try {
        const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem);
        return asymmetricKeyType === "rsa" && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
    } catch {
        return false;
    }
}

/** Big-endian bytes: https://www.rfc-editor.org/rfc/rfc7518#section-2 (Base64urlUInt). */
function base64url(number: bigint): string {
    const hex = number.toString(16);
    return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex").toString("base64url");
}

/** The multiplicative inverse by the extended Euclidean algorithm, for coprime numbers. */
function inverse(number: bigint, modulus: bigint): bigint {
    let [rest, next, coefficient, other] = [modulus, number % modulus, 0n, 1n];
    while (next > 0n) {
        const quotient = rest / next;
        [rest, next] = [next, rest - quotient * next];
        [coefficient, other] = [other, coefficient - quotient * other];
    }
    return ((coefficient % modulus) + modulus) % modulus;
}
