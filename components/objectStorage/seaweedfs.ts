import type { ResourcesConfig } from "../../config/fields";
import { parseQuantity } from "../../config/quantity";
import { images } from "../../config/images";
import { json } from "../languages/json";
import type { Text } from "../languages/text";
import type { ContainerArgs } from "../podArgs";
import { livenessProbe, startupProbe } from "../probes";
import type { Bucket } from "./buckets";

export const seaweedfsPort = 8333;
export const metricsPort = 9324;
const identitiesFolder = "/etc/seaweedfs-s3";
/** Name of the file in the Secret. */
export const identitiesFile = "s3.json";

export interface KeyPair {
    readonly accessKey: string;
    readonly secretKey: string;
}

/**
 * The server's users: one that sets buckets up, and one for the application that reaches its own buckets only.
 *
 * @see https://github.com/seaweedfs/seaweedfs/wiki/Amazon-S3-API#authentication
 */
export function identities(keys: { admin: KeyPair; application: KeyPair }, buckets: readonly Bucket[]): Text<"json"> {
    const actions = buckets.flatMap(({ name }) =>
        ["Read", "Write", "List", "Tagging"].map((action) => `${action}:${name}`),
    );
    return json({
        identities: [
            { name: "admin", credentials: [keys.admin], actions: ["Admin", "Read", "Write", "List", "Tagging"] },
            { name: "application", credentials: [keys.application], actions },
        ],
    });
}

/**
 * Mebibytes after which the server opens a new file: a hundredth of the volume, so that a small one does not run out
 * of room for the files of new buckets.
 */
const volumeLimit = (size: string): number =>
    Math.min(8192, Math.max(64, Math.floor(parseQuantity(size) / 100 / 2 ** 20)));

/**
 * All parts of the server in one process. Only S3 listens on the network: master, volume server and filer give full access
 * to everyone who reaches them, so they stay on loopback, whose address a restart does not change.
 *
 * The entrypoint splits arguments at spaces, so they must not contain any.
 */
export const seaweedfsArgs = ({ size, metrics }: { size: string; metrics: boolean }): string[] => [
    "server",
    "-ip=127.0.0.1",
    "-ip.bind=127.0.0.1",
    "-s3",
    `-s3.port=${seaweedfsPort}`,
    "-s3.ip.bind=0.0.0.0",
    `-s3.config=${identitiesFolder}/${identitiesFile}`,
    "-master.peers=none",
    "-master.telemetry=false",
    `-master.volumeSizeLimitMB=${volumeLimit(size)}`,
    // Disables two additional servers that S3 would start.
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-volume.preStopSeconds=1",
    ...(metrics ? [`-metricsPort=${metricsPort}`, "-metricsIp=0.0.0.0"] : []),
];

export interface SeaweedfsArgs {
    readonly claim: string;
    readonly size: string;
    /** Name of the Secret with the identities. */
    readonly identities: string;
    readonly resources: ResourcesConfig;
    /** Whether the port of the metrics is open. */
    readonly metrics: boolean;
}

export function seaweedfs(args: SeaweedfsArgs): ContainerArgs {
    const answers = (path: string) => ({ httpGet: { path, port: "s3" } });
    return {
        name: "seaweedfs",
        image: images.seaweedfs,
        args: seaweedfsArgs(args),
        // Each bucket would claim seven files at once.
        env: { WEED_MASTER_VOLUME_GROWTH_COPY_1: "1" },
        ports: { s3: seaweedfsPort, ...(args.metrics ? { metrics: metricsPort } : {}) },
        resources: args.resources,
        probes: {
            startup: startupProbe(answers("/healthz"), 300),
            readiness: { ...answers("/readyz"), periodSeconds: 10, timeoutSeconds: 5 },
            liveness: livenessProbe(answers("/healthz")),
        },
        mounts: [
            { path: "/data", claim: args.claim },
            // Data and indexes are on the volume.
            { path: "/tmp", scratch: { size: "64Mi" } },
            { path: identitiesFolder, secret: args.identities },
        ],
    };
}
