import { readFileSync } from "node:fs";
import { join } from "node:path";

const read = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, readFileSync(join(__dirname, "scripts", name), "utf8")]));

export interface BackupFilesArgs {
    readonly client: "mysql" | "postgres";
    readonly target: "volume" | "s3";
    /** Whether the platform has files beside its database. */
    readonly files: boolean;
    /** `https://host/bucket` instead of `https://bucket.host`. @default false */
    readonly forcePathStyle?: boolean;
}

/** The scripts of backup and restore: constant text, with every value from the environment. */
export const backupFiles = ({
    client,
    target,
    files,
    forcePathStyle = false,
}: BackupFilesArgs): Record<string, string> => ({
    ...read(["common.sh", `${client}.sh`, `${target}.sh`, "dump.sh", "store.sh", "fetch.sh", "load.sh"]),
    ...(files ? read(["archive.sh", "unpack.sh"]) : {}),
    ...(target === "s3"
        ? { "aws.config": `[default]\ns3 =\n    addressing_style = ${forcePathStyle ? "path" : "auto"}\n` }
        : {}),
});
