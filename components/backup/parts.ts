import type { BackupConfig } from "../../config/backup";
import { s3Endpoint } from "../../config/objectStorage";
import type { Edge, Service, Setting } from "../graph";
import type { HasNode, Instance } from "../instance";
import type { ObjectStorage } from "../objectStorage";

/** The parts of a backup besides database and files. */

/**
 * A document store with MongoDB's protocol. Its host may be a list with commas, and `replicaSet` empty; `tls` and `srv`
 * are `true` or `false`, the latter if the host is a name with SRV records.
 */
export interface DocumentStoreLike extends HasNode {
    readonly service: Service<{
        readonly name: Setting;
        readonly user: Setting;
        readonly password: Setting;
        readonly authSource: Setting;
        readonly replicaSet: Setting;
        readonly tls: Setting;
        readonly srv: Setting;
    }>;
}

export type Storage = Pick<ObjectStorage, "service" | "bucketNames" | "bucketsTask">;

export const bindDocuments = ({ service }: DocumentStoreLike): Edge =>
    service.bind({
        DOCUMENTS_HOST: "host",
        DOCUMENTS_PORT: "port",
        DOCUMENTS_NAME: "name",
        DOCUMENTS_USER: "user",
        DOCUMENTS_PASSWORD: "password",
        DOCUMENTS_AUTH_SOURCE: "authSource",
        DOCUMENTS_REPLICA_SET: "replicaSet",
        DOCUMENTS_TLS: "tls",
        DOCUMENTS_SRV: "srv",
    });

export const bindObjects = ({ service }: Storage): Edge =>
    service.bind({
        SOURCE_ENDPOINT: "endpoint",
        SOURCE_REGION: "region",
        SOURCE_PATH_STYLE: "forcePathStyle",
        SOURCE_ACCESS_KEY: "accessKey",
        SOURCE_SECRET_KEY: "secretKey",
    });

/** Buckets as the platform names them, which a backup records, and as their server does. */
export const objectsEnv = (storage: Storage, target: BackupConfig["target"]): Record<string, string> => ({
    BUCKETS: Object.entries(storage.bucketNames)
        .map(([own, actual]) => `${own}=${actual}`)
        .join(" "),
    ...(target.type === "s3" ? { S3_PATH_STYLE: String(isPathStyle(target)) } : {}),
});

type Bucket = Extract<BackupConfig["target"], { type: "s3" }>;

export const isPathStyle = (target: Bucket): boolean => target.forcePathStyle ?? target.endpoint !== undefined;

/** A backup in one of the platform's buckets would hold all older backups. */
export function refuseOwnBucket(instance: Instance, name: string, target: Bucket, storage: Storage): void {
    const { service, bucketNames } = storage;
    const isSameServer = new URL(s3Endpoint(target)).origin === new URL(service.settings.endpoint).origin;
    if (isSameServer && Object.values(bucketNames).includes(target.bucket))
        instance.problem(
            [name, "target", "bucket"],
            `"${target.bucket}" is one of the buckets that are backed up; allowed: any other bucket`,
        );
}
