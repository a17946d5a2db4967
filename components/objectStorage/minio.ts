import type { ResourcesConfig } from "../../config/fields";
import { images } from "../../config/images";
import type { SecretRef, Setting } from "../graph";
import type { ContainerArgs } from "../podArgs";
import { sh, type Sh } from "../languages/sh";
import { livenessProbe, startupProbe } from "../probes";
import type { Bucket } from "./buckets";

export const minioPort = 9000;

/** Where the whole volume is mounted. */
const volume = "/data";

/**
 * Directory of the data. A subdirectory unless the user's data are elsewhere: the root of a volume may contain
 * `lost+found`.
 */
const dataFolder = (path = "minio"): string => (path === "." ? volume : `${volume}/${path}`);

export const minioArgs = (data = dataFolder(), port = minioPort): string[] => ["server", data, "--address", `:${port}`];

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
    /** Directory of the volume in which the user says that the data are, `.` for its root. @default none */
    readonly path?: string | undefined;
}

/**
 * Stops the pod if the data that the user has named are not there, so that the server would begin a new storage in
 * their place; if they are in the format of single drives of old, which later servers refuse without a reason
 * (https://min.io/docs/minio/linux/operations/install-deploy-manage/migrate-fs-gateway.html); or if the pod's user may
 * not write them. It only reads, with what a shell alone can do: the image has hardly more.
 *
 * DATA is the directory, KEY the key of the volume in the stack's file.
 */
export const volumeCheck = (): Sh => sh`#!/bin/sh
set -eu
refuse() {
    echo "refused to start MinIO: $1" >&2
    exit 1
}
format=$DATA/.minio.sys/format.json
[ -f "$format" ] || refuse "no data of MinIO are in $DATA, though $KEY says that some are: name the directory that has them in $KEY.path, or the right volume"
[ -r "$format" ] && [ -w "$DATA" ] && [ -w "$DATA/.minio.sys" ] || refuse "the files belong to another user, and the class of this volume does not give them to the pod's group: make them writable for group $(id -g), or copy the objects into a new volume"
kind=
while read -r line || [ "$line" ]; do kind=$kind$line; done <"$format"
case $kind in
    *'"format":"fs"'*) ;;
    *) exit 0 ;;
esac
told=$(minio --version)
case $told in
    *RELEASE.????-??-??T*) ;;
    *) exit 0 ;;
esac
day=\${told#*RELEASE.}
day=\${day%%T*}
year=\${day%%-*}
rest=\${day#*-}
[ "$year\${rest%-*}\${rest#*-}" -lt 20221029 ] || refuse "the files are in the format of single drives, which releases since 2022-10-29 do not open, and its image, named in images.minio, is of $day: set it to the release that wrote them, or copy the objects into a new volume"
`;

/** The init container that runs the check, with the volume read-only. */
export const volumeCheckContainer = (
    args: Pick<MinioArgs, "claim" | "path"> & {
        /** Key of the volume in the stack's file. */
        readonly key: string;
        /** ConfigMap with the script as `check.sh`. */
        readonly configMap: string;
    },
): ContainerArgs => ({
    name: "check-volume",
    image: images.minio,
    command: ["sh", "/etc/plinth/check.sh"],
    env: { DATA: dataFolder(args.path), KEY: args.key, HOME: "/tmp" },
    // A server that only prints its version still loads its whole program into memory.
    resources: { cpu: "10m", memory: "192Mi" },
    mounts: [
        { path: volume, claim: args.claim },
        { path: "/etc/plinth", configMap: args.configMap },
        { path: "/tmp", scratch: { size: "16Mi" } },
    ],
});

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
        args: minioArgs(dataFolder(args.path)),
        env,
        ports: { s3: minioPort },
        resources: args.resources,
        probes: {
            startup: startupProbe(answers("live"), 300),
            readiness: { ...answers("ready"), periodSeconds: 10, timeoutSeconds: 5 },
            liveness: livenessProbe(answers("live")),
        },
        mounts: [
            { path: volume, claim: args.claim },
            // Its home; parts of uploads are on the volume.
            { path: "/tmp", scratch: { size: "64Mi" } },
        ],
    };
}
