import { createPrivateKey, X509Certificate } from "node:crypto";
import { Value } from "../../config/value";
import { isPlaceholder } from "../../config/secrets";

/** An unusable certificate in plinth:secrets. */
export class CertificateError extends Error {
    // The Node language host prints errors with this mark without a stack trace, like its own RunError.
    readonly __pulumiRunError = true;

    constructor(path: string, message: string) {
        super(`${path}: ${message}`);
        this.name = "CertificateError";
    }
}

/**
 * Checks a certificate chain and its private key, both in PEM.
 *
 * @param hosts the certificate must be valid for all of these, now
 * @throws CertificateError if one of them cannot be read, if they do not match, or if browsers would refuse it
 */
export function checkPair(
    instance: string,
    hosts: readonly string[],
    chain: string,
    key: string,
    now = Date.now(),
): void {
    if (isPlaceholder(chain) || isPlaceholder(key)) return;
    const path = (name: string) => `plinth:secrets.${instance}.${name}`;
    // The parsers' own messages may quote their input.
    const parsed = <T>(name: string, message: string, parse: () => T): T => {
        try {
            return parse();
        } catch {
            throw new CertificateError(path(name), message);
        }
    };
    const blocks = chain.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g);
    if (!blocks)
        throw new CertificateError(
            path("tlsCertificate"),
            "is not a certificate; allowed: a chain in PEM (-----BEGIN CERTIFICATE-----…), the site's own first",
        );
    const [own] = blocks.map((block, index) =>
        parsed("tlsCertificate", `cannot be read: certificate ${index + 1} of ${blocks.length} is damaged`, () => {
            return new X509Certificate(block);
        }),
    );
    const privateKey = parsed(
        "tlsKey",
        "is not a private key; allowed: one in PEM (-----BEGIN PRIVATE KEY-----…), not encrypted with a passphrase",
        () => createPrivateKey(key),
    );
    if (!own!.checkPrivateKey(privateKey))
        throw new CertificateError(path("tlsKey"), "does not belong to the first certificate of tlsCertificate");
    const refuse = (message: string): never => {
        throw new CertificateError(path("tlsCertificate"), message);
    };
    const other = hosts.filter((host) => own!.checkHost(host) === undefined);
    if (other.length > 0)
        refuse(
            `is not for ${other.join(", ")}; its names are ${own!.subjectAltName?.replaceAll("DNS:", "") ?? "none"}`,
        );
    if (Date.parse(own!.validTo) < now) refuse(`has expired on ${own!.validTo}`);
    if (Date.parse(own!.validFrom) > now) refuse(`is valid from ${own!.validFrom} on only`);
}

/** The pair after validation. An invalid one ends the run before its Secret is sent. */
export function checkedPair(
    instance: string,
    hosts: readonly string[],
    chain: Value<string>,
    key: Value<string>,
): { chain: Value<string>; key: Value<string> } {
    const pair = Value.all([chain, key]).map(([chainText, keyText]) => {
        checkPair(instance, hosts, chainText, keyText);
        return { chainText, keyText };
    });
    return { chain: pair.map(({ chainText }) => chainText), key: pair.map(({ keyText }) => keyText) };
}
