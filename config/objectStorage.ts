import { z } from "zod";
import { cidr, hostName, server } from "./fields";
import { own, ownHost } from "./own";
import { ownAuthority, verifiedName } from "./serverTls";

/** Whether this is a URL of scheme, host and optional port in canonical form. */
export function isOrigin(text: string): boolean {
    const [, host] = /^https?:\/\/(\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::\d+)?$/.exec(text.toLowerCase()) ?? [];
    // Alternative notations of addresses, such as 127.1, are normalised and so do not match.
    if (host === undefined || !URL.canParse(text) || new URL(text).hostname !== host) return false;
    return server.safeParse(host.replace(/^\[(.*)\]$/, "$1")).success;
}

/**
 * Bucket names that S3 accepts: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html (without
 * dots, for TLS).
 */
export const bucketName = z.string().regex(
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    /^(?!\d+\.\d+\.\d+\.\d+$)(?!.*(\.\.|\.-|-\.))[a-z0-9][-a-z0-9.]{1,61}[a-z0-9]$/,
    "allowed: 3 to 63 lower-case letters, digits, '-' and '.', letters or digits at both ends and beside each '.'",
);

/** An S3 server outside the cluster. */
export const s3Server = {
    region: z
        .string()
        .regex(/^[a-z0-9][-a-z0-9]*$/, "allowed: a region such as eu-central-1")
        .default("us-east-1"),
    /** URL without a path. @default that of AWS S3 in the region */
    endpoint: z
        .string()
        .refine(isOrigin, "allowed: a URL such as https://s3.example.org:9000, without user and path")
        .optional(),
    /**
     * `https://host/bucket` instead of `https://bucket.host`; most servers except AWS need it. @default true with an
     * endpoint
     */
    forcePathStyle: z.boolean().optional(),
    /** Address ranges of the server, for the NetworkPolicy. @default its address, or any if it has a name */
    cidrs: z.array(cidr).default([]),
    /**
     * Who signs the requests: `keys` in plinth:secrets, or `pod`, the account that the pods run as (`serviceAccount`), to
     * which the cloud gives a role.
     */
    identity: z.enum(["keys", "pod"]).default("keys"),
    /** For an endpoint with https. @default public authorities and `caBundle` */
    tls: z.strictObject({ ...ownAuthority, ...verifiedName }).optional(),
};

/** URL of a bucket's server, AWS in the region by default. */
export function s3Endpoint({
    endpoint,
    region,
}: {
    readonly endpoint?: string | undefined;
    readonly region: string;
}): string {
    const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
    return endpoint ?? `https://s3.${region}.${domain}`;
}

/**
 * The schema of a platform's object storage (S3), for use in platforms' schemas.
 *
 * @param buckets that the platform needs, by the names that it gives them
 * @param isPublic whether browsers load from them, so that a server in the cluster must have a host. @default false
 */
export const objectStorageOf = (buckets: readonly string[], { isPublic = false } = {}) =>
    z.discriminatedUnion("topology", [
        /** One server in the cluster, with its own volume. */
        z.strictObject({
            topology: z.literal("single"),
            /**
             * `minio` is for products that require it: its image is no longer maintained, and it has a single key for
             * everything.
             */
            engine: z.enum(["seaweedfs", "minio"]).default("seaweedfs"),
            /** Host under which browsers reach the storage through the edge. @default not reachable from outside */
            publicHost: ownHost<z.ZodType<string | undefined>>(isPublic ? hostName : hostName.optional()),
        }),
        /**
         * AWS S3 or a compatible server, with `objectStorageAccessKey` and `objectStorageSecretKey`, or `identity:
         * pod`.
         */
        own(
            z.strictObject({
                topology: z.literal("external"),
                ...s3Server,
                /** Names of the buckets there, by the platform's own names, which are the default. */
                buckets: z
                    .strictObject(Object.fromEntries(buckets.map((name) => [name, bucketName.default(name)])))
                    .prefault({}),
                /** Whether Plinth creates and configures the buckets, for which the key needs permission. */
                manageBuckets: z.boolean().default(true),
            }),
            ...buckets.map((bucket) => ({
                what: "bucket",
                key: ["buckets", bucket],
                // Two instances would mix their files.
                identity: (server: ExternalStorage) => [new URL(s3Endpoint(server)).origin, server.buckets[bucket]],
                fresh: (instance: string) => `${instance}-${bucket}`,
            })),
        ),
    ]);

/** The fields that identify an external server's buckets. */
interface ExternalStorage {
    readonly endpoint?: string | undefined;
    readonly region: string;
    readonly buckets: Readonly<Record<string, string>>;
}

export type ObjectStorageConfig = z.infer<ReturnType<typeof objectStorageOf>>;

/** Secret keys for object storage, each with its purpose. */
export const objectStorageSecrets = {
    objectStorageAccessKey:
        "access key of the object storage; needed for an external one unless its identity is pod, else generated",
    objectStorageSecretKey:
        "secret key of the object storage; needed for an external one unless its identity is pod, else generated",
} as const;

export type ObjectStorageSecret = keyof typeof objectStorageSecrets;
