import { join } from "node:path";
import { awsConfig } from "../languages/awsConfig";
import { constantFiles, filled, type Text } from "../languages/text";
import { exitCodeLines } from "./contract";

const read = (names: readonly string[]) => constantFiles(join(__dirname, "scripts"), names);

export interface BackupFilesArgs {
    readonly client: "mysql" | "postgres";
    readonly target: "volume" | "s3";
    /** What the platform has in addition to its database. */
    readonly documents: boolean;
    readonly files: boolean;
    readonly objects: boolean;
    /** `https://host/bucket` instead of `https://bucket.host`. @default false */
    readonly forcePathStyle?: boolean;
}

const objectsFiles = [
    "objects.sh",
    "inspect-objects.sh",
    "load-objects.sh",
    "objects.py",
    "run.py",
    "pool.py",
    "bucket.py",
    "identity.py",
    "threads.py",
] as const;

/** The scripts of backup and restore: constant text, with all values from the environment. */
export const backupFiles = ({
    client,
    target,
    documents,
    files,
    objects,
    forcePathStyle = false,
}: BackupFilesArgs): Record<string, Text> => ({
    "common.sh": filled(
        read(["common.sh"])["common.sh"],
        "# Here stand untouched and changed, the exit codes of contract.ts.",
        exitCodeLines,
    ),
    ...read([`${client}.sh`, `${target}.sh`, "dump.sh", "store.sh", "fetch.sh", "load.sh"]),
    ...(documents ? read(["mongo.sh", "documents.sh", "inspect-documents.sh", "load-documents.sh"]) : {}),
    ...(files ? read(["archive.sh", "unpack.sh"]) : {}),
    ...(objects ? read(objectsFiles) : {}),
    ...(target === "s3" ? { "aws.config": awsConfig(forcePathStyle) } : {}),
});
