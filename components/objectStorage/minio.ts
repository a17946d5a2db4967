import type { ResourcesConfig } from "../../config/fields";
import { images } from "../../config/images";
import type { SecretRef, Setting } from "../graph";
import type { ContainerArgs } from "../podArgs";
import { livenessProbe, startupProbe } from "../probes";
import type { Bucket } from "./buckets";

export const minioPort = 9000;

/** A subdirectory: the root of a volume may contain `lost+found`. */
export const minioArgs = (data = "/data/minio", port = minioPort): string[] => [
    "server",
    data,
    "--address",
    `:${port}`,
];

/**
 * Plain settings of the server. It has no rules per bucket for browsers on other sites: the origins of all buckets
 * form one list, and without one it admits all origins.
 */
export function minioEnv(buckets: readonly Bucket[]): Record<string, string> {
    const origins = [...new Set(buckets.flatMap(({ cors }) => cors?.origins ?? []))].sort();
    return {
        // By default it keeps certificates below its home, which is on the read-only root.
        HOME: "/tmp",
        MINIO_BROWSER: "off",
        // No requests to the vendor's site, which the network policies would block.
        MINIO_UPDATE: "off",
        ...(origins.length > 0 ? { MINIO_API_CORS_ALLOW_ORIGIN: origins.join(",") } : {}),
    };
}

export interface MinioArgs {
    readonly claim: string;
    readonly buckets: readonly Bucket[];
    /** The root key: the server creates others only through its own administration protocol. */
    readonly keys: { readonly accessKey: SecretRef; readonly secretKey: SecretRef };
    readonly resources: ResourcesConfig;
}

export function minio(args: MinioArgs): ContainerArgs {
    const env: Record<string, Setting> = {
        ...minioEnv(args.buckets),
        MINIO_ROOT_USER: args.keys.accessKey,
        MINIO_ROOT_PASSWORD: args.keys.secretKey,
    };
    const answers = (path: string) => ({ httpGet: { path: `/minio/health/${path}`, port: "s3" } });
    return {
        name: "minio",
        image: images.minio,
        args: minioArgs(),
        env,
        ports: { s3: minioPort },
        resources: args.resources,
        probes: {
            startup: startupProbe(answers("live"), 300),
            readiness: { ...answers("ready"), periodSeconds: 10, timeoutSeconds: 5 },
            liveness: livenessProbe(answers("live")),
        },
        mounts: [
            { path: "/data", claim: args.claim },
            // Its home; parts of uploads are on the volume.
            { path: "/tmp", scratch: { size: "64Mi" } },
        ],
    };
}
