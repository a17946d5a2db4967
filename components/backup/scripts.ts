import { join } from "node:path";
import { awsConfig } from "../languages/awsConfig";
import { constantFiles, filled, type Text } from "../languages/text";
import { exitCodeLines } from "./contract";

const read = (names: readonly string[]) => constantFiles(join(__dirname, "scripts"), names);

export interface BackupFilesArgs {
    readonly client: "mysql" | "postgres";
    readonly target: "volume" | "s3";
    /** Whether the platform has files in addition to its database. */
    readonly files: boolean;
    /** `https://host/bucket` instead of `https://bucket.host`. @default false */
    readonly forcePathStyle?: boolean;
}

/** The scripts of backup and restore: constant text, with all values from the environment. */
export const backupFiles = ({
    client,
    target,
    files,
    forcePathStyle = false,
}: BackupFilesArgs): Record<string, Text> => ({
    "common.sh": filled(
        read(["common.sh"])["common.sh"],
        "# Here stand untouched and changed, the exit codes of contract.ts.",
        exitCodeLines,
    ),
    ...read([`${client}.sh`, `${target}.sh`, "dump.sh", "store.sh", "fetch.sh", "load.sh"]),
    ...(files ? read(["archive.sh", "unpack.sh"]) : {}),
    ...(target === "s3" ? { "aws.config": awsConfig(forcePathStyle) } : {}),
});
