import { createHash, createPrivateKey, type JsonWebKey } from "node:crypto";

/** Two primes next to round numbers of 1024 bits: nobody could take the key made of them for a secret one. */
const primes = [3n * 2n ** 1022n + 1037n, 3n * 2n ** 1022n + 2n ** 1000n + 1011n] as const;

/**
 * A valid RSA key of 2048 bits in PEM (PKCS#1), which stands for a generated or encrypted one wherever its value is not
 * known.
 *
 * @param name what tells it from other placeholders. @default that of all generated keys
 */
export function placeholderKey(name?: string): string {
    const [p, q] = primes;
    const { e, d } = exponents(name);
    const numbers = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
    const jwk = Object.fromEntries(Object.entries(numbers).map(([key, number]) => [key, base64url(number)]));
    return createPrivateKey({ key: { kty: "RSA", ...jwk } as JsonWebKey, format: "jwk" })
        .export({ type: "pkcs1", format: "pem" })
        .toString();
}

/** Parts of a text by which a placeholder is known in it: as the PEM that it is, or as a JSON Web Key. */
export function partsOfKey(name: string): string[] {
    // The factors are those of every placeholder. The eighth line, bytes 336 to 383, lies within the private exponent,
    // which begins before byte 288 and has 256 bytes: https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2
    return [placeholderKey(name).split("\n")[8]!, base64url(exponents(name).d)];
}

/** The public and the private exponent: the usual one, or the next that is possible after a number made of the name. */
function exponents(name?: string): { readonly e: bigint; readonly d: bigint } {
    const [p, q] = primes;
    const order = (p - 1n) * (q - 1n);
    let e = 65537n;
    if (name !== undefined) e = BigInt(createHash("sha256").update(name).digest().readUInt32BE()) | 1n;
    while (e < 65537n || divisor(e, order) !== 1n) e += 2n;
    return { e, d: inverse(e, order) };
}

const divisor = (one: bigint, other: bigint): bigint => (other === 0n ? one : divisor(other, one % other));

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
