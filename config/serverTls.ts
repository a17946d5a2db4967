import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { subdomain } from "./scalars";

/** Only certificates: a private key in the same file would be public. */
export const certificates = z
    .string()
    .refine(isCertificates, "allowed: certificates in PEM (-----BEGIN CERTIFICATE-----…), and nothing else");

function isCertificates(text: string): boolean {
    const block = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
    const blocks = text.match(block) ?? [];
    try {
        for (const one of blocks) new X509Certificate(one);
    } catch {
        return false;
    }
    return blocks.length > 0 && !/-----/.test(text.replace(block, ""));
}

/** The authority of one server, besides the public ones and those of `caBundle`. */
export const ownAuthority = {
    /** Certificates in PEM of the authority that has signed the server's. @default the public ones and `caBundle` */
    ca: certificates.optional(),
};

/**
 * TLS to a server outside the cluster: its certificate must be valid and, unless `verifyName` is false, name the host.
 *
 * @default false, an error for servers that are known to take nothing else
 */
export const serverTls = z
    .union(
        [
            z.boolean(),
            z
                .strictObject({
                    ...ownAuthority,
                    /** Name in the server's certificate, if `host` is an address. @default host */
                    serverName: subdomain.optional(),
                    /**
                     * Whether the certificate must have the name. With false, any certificate of the authority `ca` is
                     * taken: for an authority that signs for this server alone, as those of Cloud SQL's instances do.
                     *
                     * @default true
                     */
                    verifyName: z.boolean().default(true),
                })
                .superRefine(({ ca, serverName, verifyName }, { addIssue }) => {
                    const issue = (message: string) => addIssue({ code: "custom", path: ["verifyName"], message });
                    if (!verifyName && ca === undefined)
                        issue("allowed: true, unless ca is the authority of this server alone");
                    else if (!verifyName && serverName !== undefined)
                        issue("allowed: true, because serverName is the name to verify");
                }),
        ],
        {
            error: ({ input }) =>
                typeof input === "object" ? undefined : "allowed: true, false or {ca, serverName, verifyName}",
        },
    )
    .optional();

/** In the place of `verifyName`, for programs that always check the name. */
export const verifiedName = {
    verifyName: z
        .literal(true, "allowed: true, because clients of such servers always check the name in the certificate")
        .optional(),
};

/** The same key where the programs that connect have no TLS. */
export const noTls = z.literal(false, "allowed: false, because the programs that connect to it have no TLS").optional();

export type ServerTlsConfig = z.infer<typeof serverTls>;

/**
 * Server names of providers that take TLS only, or do so unless their customer has changed it; others leave it to their
 * customers from the start (RDS, Cloud SQL, CloudAMQP).
 */
const providers: readonly RegExp[] = [
    // https://learn.microsoft.com/azure/postgresql/flexible-server/how-to-connect-tls-ssl and, for MySQL, the same page:
    // require_secure_transport is on, unless it was set to OFF.
    /\.(mysql|postgres)\.database\.azure\.com$/,
    // Azure Managed Redis: its access is encrypted, unless it was created with plain text.
    /\.redis\.azure\.net$/,
    /\.db\.ondigitalocean\.com$/,
    // https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/in-transit-encryption.html: always, with serverless caches.
    /\.serverless\.[a-z0-9-]+\.cache\.amazonaws\.com(\.cn)?$/,
    // https://docs.aws.amazon.com/memorydb/latest/devguide/in-transit-encryption.html
    /\.memorydb\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/,
    // https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-basic-elements-broker.html: port 5671 alone;
    // on.aws are its names for both families of addresses.
    /\.mq\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|on\.aws)$/,
    /\.aivencloud\.com$/,
    // https://upstash.com/docs/redis/features/security; older databases may have none.
    /\.upstash\.io$/,
    // https://neon.tech/docs/connect/connect-securely
    /\.neon\.tech$/,
    // https://planetscale.com/docs/vitess/connecting/secure-connections, and so its PostgreSQL
    /\.psdb\.cloud$/,
];

/** Whether a server is known to take TLS only, by its name. Redis at Azure may have another port without TLS. */
export const takesTlsOnly = (host: string, port: number | undefined): boolean =>
    providers.some((pattern) => pattern.test(host)) || (port === 6380 && /\.redis\.cache\.windows\.net$/.test(host));

/** Ports on which servers often take TLS only: AMQP (https://www.rabbitmq.com/docs/networking#ports), Redis. */
export const tlsPorts: readonly number[] = [5671, 6380];
