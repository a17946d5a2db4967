import { z } from "zod";
import { seconds } from "./fields";
import { bucketName, s3Endpoint, s3Server } from "./objectStorage";
import { own } from "./own";
import { schedule, timeZone } from "./schedule";

const bucket = own(
    /** A bucket that exists, with `backupAccessKey` and `backupSecretKey` in plinth:secrets, or `identity: pod`. */
    z.strictObject({
        type: z.literal("s3"),
        bucket: bucketName,
        ...s3Server,
        /**
         * Folder for this instance's backups in the bucket. Not shared with other instances. @default
         * PROJECT/STACK/NAMESPACE
         */
        prefix: z
            .string()
            .regex(
                /^[A-Za-z0-9][-A-Za-z0-9._]*(\/[A-Za-z0-9][-A-Za-z0-9._]*)*$/,
                "allowed: names of letters, digits, '-', '_' and '.', with '/' between them",
            )
            .optional(),
    }),
    {
        what: "folder for backups",
        key: ["prefix"],
        identity: (target, { identity }) => {
            const { url, prefix } = folderOf(target, identity);
            return [url.origin, target.bucket, prefix];
        },
        // Each instance deletes old backups in its folder.
        taken: (target, other, { identity }) => {
            const { url, prefix } = folderOf(target, identity);
            return (
                `"${prefix}" of the bucket "${target.bucket}" at ${url.origin} is already the folder of ${other}, ` +
                "and each would delete the other's backups; remove prefix, or set a different one for each instance"
            );
        },
    },
);

/** Scheduled backups of an instance: its database and, if the platform has any, its documents, files and objects. */
export const backup = z.strictObject({
    schedule: schedule.default("0 2 * * *"),
    timeZone: timeZone.default("Etc/UTC"),
    /** A backup is deleted when it is older than `days` and `count` newer ones are complete. Nothing is deleted after a failure. */
    keep: z
        .strictObject({
            days: z.int().min(1).max(36_500).default(14),
            count: z.int().min(1).max(10_000).default(3),
        })
        .prefault({}),
    /** Whether backups include the files. */
    files: z.boolean().default(true),
    /** Whether backups include the objects in the platform's buckets. */
    objects: z.boolean().default(true),
    /** Seconds for one backup or restore, including retries. */
    timeoutSeconds: seconds.min(60).default(7200),
    /** Other instances, as PROJECT/STACK/NAMESPACE, or databases, whose backups may be restored to this instance. */
    acceptFrom: z
        .array(z.string().regex(/^\S+$/, "allowed: PROJECT/STACK/NAMESPACE, or the name of a database"))
        .default([]),
    target: z.discriminatedUnion("type", [
        /** A separate volume in the cluster: `volumes.backup` sets its size and class. It is lost with the cluster. */
        z.strictObject({ type: z.literal("volume") }),
        bucket,
    ]),
});

export type BackupConfig = z.infer<typeof backup>;

/** The unique identity of an instance: `PROJECT/STACK/NAMESPACE`. */
export const identityOf = (project: string, stack: string, namespace: string): string =>
    `${project}/${stack}/${namespace}`;

/** The server of a bucket, AWS in the region by default, and the folder in it. */
export const folderOf = (
    target: { readonly endpoint?: string | undefined; readonly region: string; readonly prefix?: string | undefined },
    identity: string,
): { readonly url: URL; readonly prefix: string } => ({
    url: new URL(s3Endpoint(target)),
    prefix: target.prefix ?? identity,
});

/** Secret keys for backups, each with its purpose. */
export const backupSecrets = {
    backupAccessKey: "Access key of the bucket for backups; needed for target type s3, unless its identity is pod",
    backupSecretKey: "Secret key of the bucket for backups; needed for target type s3, unless its identity is pod",
} as const;

export type BackupSecret = keyof typeof backupSecrets;
