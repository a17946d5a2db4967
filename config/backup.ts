import { z } from "zod";
import { bucketName, s3Server } from "./objectStorage";

const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/** Minute, hour, day of the month, month, day of the week: bounds and names, as Kubernetes reads them. */
const cronFields: readonly { lowest: number; highest: number; names: readonly string[] }[] = [
    { lowest: 0, highest: 59, names: [] },
    { lowest: 0, highest: 23, names: [] },
    { lowest: 1, highest: 31, names: [] },
    { lowest: 1, highest: 12, names: months },
    { lowest: 0, highest: 6, names: days },
];

/** Whether a text is a cron expression of five fields: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax */
export function isCron(text: string): boolean {
    const written = text.trim().split(/\s+/);
    return (
        written.length === cronFields.length &&
        written.every((field, index) => {
            const { lowest, highest, names } = cronFields[index]!;
            const numberOf = (part: string) => {
                const named = names.indexOf(part.toUpperCase());
                return named >= 0 ? named + lowest : /^\d+$/.test(part) ? Number(part) : NaN;
            };
            return field.split(",").every((item) => {
                const [range, step, ...more] = item.split("/") as [string, string?, ...string[]];
                if (more.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step))) return false;
                if (range === "*" || range === "?") return true;
                const bounds = range.split("-").map(numberOf);
                return (
                    bounds.length <= 2 &&
                    bounds.every((bound) => bound >= lowest && bound <= highest) &&
                    bounds[0]! <= bounds.at(-1)!
                );
            });
        })
    );
}

/** Whether Kubernetes knows a time zone of that name; offsets are none. */
function isTimeZone(name: string): boolean {
    try {
        new Intl.DateTimeFormat("en", { timeZone: name });
        return /^[A-Za-z]/.test(name);
    } catch {
        return false;
    }
}

const atLeastOne = z.int().min(1);

/** Scheduled backups of an instance: its database and, where the platform has any, its files. */
export const backup = z.strictObject({
    schedule: z
        .string()
        .refine(isCron, "allowed: a cron expression of five fields, such as 0 2 * * *")
        .default("0 2 * * *"),
    timeZone: z.string().refine(isTimeZone, "allowed: a time zone such as Etc/UTC or Europe/Paris").default("Etc/UTC"),
    /** A backup is deleted when it is older than `days` and `count` newer ones are complete. Nothing is deleted after a failure. */
    keep: z.strictObject({ days: atLeastOne.default(14), count: atLeastOne.default(3) }).prefault({}),
    /** Whether the files are part of it. */
    files: z.boolean().default(true),
    /** Seconds for one backup or restore, all tries together. */
    timeoutSeconds: z.int().min(60).default(7200),
    /** Other instances, as PROJECT/STACK/NAMESPACE, or databases, whose backups may be restored to this one. */
    acceptFrom: z
        .array(z.string().regex(/^\S+$/, "allowed: PROJECT/STACK/NAMESPACE, or the name of a database"))
        .default([]),
    target: z.discriminatedUnion("type", [
        /** A volume of its own in the cluster: `volumes.backup` has its size and class. It is lost with the cluster. */
        z.strictObject({ type: z.literal("volume") }),
        /** A bucket that exists, with `backupAccessKey` and `backupSecretKey` in plinth:secrets. */
        z.strictObject({
            type: z.literal("s3"),
            bucket: bucketName,
            ...s3Server,
            /** Folder of this instance's backups in the bucket, and of no other's. @default PROJECT/STACK/NAMESPACE */
            prefix: z
                .string()
                .regex(
                    /^[A-Za-z0-9][-A-Za-z0-9._]*(\/[A-Za-z0-9][-A-Za-z0-9._]*)*$/,
                    "allowed: names of letters, digits, '-', '_' and '.', with '/' between them",
                )
                .optional(),
        }),
    ]),
});

export type BackupConfig = z.infer<typeof backup>;

/** What tells an instance from all others: `PROJECT/STACK/NAMESPACE`. */
export const identityOf = (project: string, stack: string, namespace: string): string =>
    `${project}/${stack}/${namespace}`;

/** The server of a bucket, that of AWS in the region where no other is named, and the folder in it. */
export function folderOf(
    { endpoint, region, prefix }: Extract<BackupConfig["target"], { type: "s3" }>,
    identity: string,
): { url: URL; prefix: string } {
    const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
    return { url: new URL(endpoint ?? `https://s3.${region}.${domain}`), prefix: prefix ?? identity };
}

/** Secret keys that belong to backups, each with what it is for. */
export const backupSecrets = {
    backupAccessKey: "Access key of the bucket for backups; needed for target type s3",
    backupSecretKey: "Secret key of the bucket for backups; needed for target type s3",
} as const;
