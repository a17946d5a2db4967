import { join } from "node:path";
import type { ResourcesConfig } from "../../config/fields";
import { images } from "../../config/images";
import type { SecretRef } from "../graph";
import { metricsUser } from "../database/metrics";
import { dataPath } from "../database/mysql";
import { whereIpv6 } from "../ipv6";
import { sh } from "../languages/sh";
import { constantFiles } from "../languages/text";
import type { ContainerArgs, Mount, PodArgs } from "../podArgs";
import { livenessProbe, startSeconds } from "../probes";

/** Name of the replica set. */
export const replicaSet = "rs0";
/** The database that the accounts are defined in. */
export const authSource = "admin";

/** Port of the exporter. */
export const metricsPort = 9216;

/** Minimum memory limit in MiB: the smallest cache, the server's own structures, and a probe's client. */
export const leastMemory = 768;

/** Size of the server's cache for a memory limit in MiB: half of it, and at least what the server demands. */
export const cacheSizeGB = (limit: number): number => Math.max(0.25, Math.floor((limit / 1024 / 2) * 100) / 100);

/**
 * MB of the replica set's log for a volume in MiB. The server would take a twentieth of the file system's free space,
 * which for a directory on a node's disk has nothing to do with the volume's size.
 */
export const oplogSize = (disk: number): number => Math.min(10_240, Math.max(256, Math.floor(disk / 20)));

/** The scripts of the pod, and the settings of mongosh: constant text, with all values from the environment. */
export const scripts = () =>
    constantFiles(join(__dirname, "scripts"), [
        "accounts.js",
        "mongosh.conf",
        "prepare.js",
        "prepare.sh",
        "start.js",
        "start.sh",
    ]);

export interface ServerArgs {
    readonly database: string;
    readonly user: string;
    readonly password: SecretRef;
    readonly rootPassword: SecretRef;
    /** Password of the exporter's account, and its URI in the same Secret. @default none: metrics are not exported */
    readonly metrics: { readonly password: SecretRef; readonly uri: SecretRef } | undefined;
    /** Key with which members of the replica set know each other. */
    readonly key: SecretRef;
    /** Address of the member: its pod's own name, which is in the pod's hosts file, so that it knows itself. */
    readonly member: string;
    readonly series: string;
    /** The series that the user has agreed to upgrade from. */
    readonly upgradeFrom: string | undefined;
    readonly claim: string;
    /** Directory of the volume in which the user says that the data are, `.` for its root. */
    readonly path: string | undefined;
    /** Whether the user has configured existing data. */
    readonly adopted: boolean;
    /** Key of the volume in the stack's file. */
    readonly volumeKey: string;
    /** ConfigMap with the scripts. */
    readonly configMap: string;
    /** Whether it serves clients without a password. */
    readonly open: boolean;
    readonly resources: ResourcesConfig;
    readonly port: number;
    /** Memory limit in MiB. */
    readonly limit: number;
    /** Size of the volume in MiB. */
    readonly disk: number;
}

const folders = { data: "/data/db", scripts: "/etc/plinth", run: "/run/plinth", key: "/etc/plinth-key" } as const;

/** One try of mongosh: the client alone takes a second or two, and more on a busy node. */
const slow = { timeoutSeconds: 30 } as const;

/** Whether the server takes writes. It tells everybody, so that no password is needed. */
export const readinessCommand = (port: number): string[] => [
    "mongosh",
    "--quiet",
    "--norc",
    `mongodb://127.0.0.1:${port}/?directConnection=true&serverSelectionTimeoutMS=2000`,
    "--eval",
    "if (!db.hello().isWritablePrimary) quit(1)",
];

/** The connection of the exporter, whose password is of letters and digits only. */
export const exporterUri = (password: string, port: number): string =>
    `mongodb://${metricsUser}:${password}@127.0.0.1:${port}/?authSource=admin&directConnection=true`;

/** Exports the server's statistics as Prometheus metrics. */
const exporter = (uri: SecretRef): ContainerArgs => ({
    name: "exporter",
    image: images.mongoExporter,
    args: ["--collector.diagnosticdata", "--collector.replicasetstatus", "--collector.dbstats"],
    env: { MONGODB_URI: uri },
    ports: { metrics: metricsPort },
    resources: { cpu: "10m", memory: "64Mi" },
    user: 65535,
});

/** The pod of a server: what prepares its data, and the server. */
export function serverPod(args: ServerArgs): PodArgs {
    const { port } = args;
    const env = {
        // For mongosh, which writes its history there; the image's is the directory of the data.
        HOME: "/tmp",
        SERIES: args.series,
        UPGRADE_FROM: args.upgradeFrom ?? "",
        DATA: folders.data,
        PORT: String(port),
        REPLICA_SET: replicaSet,
        MEMBER: args.member,
        AUTH_SOURCE: authSource,
        APP_DATABASE: args.database,
        APP_USER: args.user,
        APP_PASSWORD: args.password,
        ROOT_PASSWORD: args.rootPassword,
        ...(args.metrics ? { METRICS_USER: metricsUser, METRICS_PASSWORD: args.metrics.password } : {}),
    };
    const directory = dataPath(args.path);
    const shared: Mount[] = [
        { path: folders.data, claim: args.claim, ...(directory === "." ? {} : { subPath: directory }) },
        { path: folders.scripts, configMap: args.configMap },
        { path: "/etc/mongosh.conf", configMap: args.configMap, file: "mongosh.conf" },
        { path: folders.run, scratch: { memory: true, size: "1Mi" } },
        // A directory that the image declares as a volume, and what mongosh writes.
        { path: "/data/configdb", scratch: { size: "16Mi" } },
        { path: "/tmp", scratch: { size: "64Mi" } },
    ];
    return {
        initContainers: [
            {
                name: "prepare",
                image: images.mongo,
                command: ["sh", `${folders.scripts}/prepare.sh`],
                env: {
                    ...env,
                    VOLUME: "/volume",
                    RUN: folders.run,
                    KEY_FILE: `${folders.key}/${args.key.key}`,
                    KEY: args.volumeKey,
                    ADOPTED: args.adopted ? "yes" : "",
                },
                // As much as the server itself may have, which does not increase the pod's total.
                resources: args.resources,
                mounts: [
                    ...shared,
                    { path: "/volume", claim: args.claim, readOnly: true },
                    { path: folders.key, secret: args.key.secret },
                ],
            },
        ],
        containers: [
            {
                name: "mongo",
                image: images.mongo,
                command: [
                    ...whereIpv6(sh`set -- "$@" --ipv6`),
                    "mongod",
                    ...["--dbpath", folders.data],
                    ...["--replSet", replicaSet],
                    // The key demands a password, too.
                    ...(args.open ? [] : ["--keyFile", `${folders.run}/key`, "--auth"]),
                    "--bind_ip_all",
                    ...["--port", String(port)],
                    "--nounixsocket",
                    // It may see the node's memory instead of the container's.
                    ...["--wiredTigerCacheSizeGB", String(cacheSizeGB(args.limit))],
                    ...["--oplogSize", String(oplogSize(args.disk))],
                ],
                env,
                ports: { mongodb: port },
                resources: args.resources,
                probes: {
                    startup: {
                        command: ["sh", `${folders.scripts}/start.sh`],
                        periodSeconds: 5,
                        failureThreshold: startSeconds / 5,
                        ...slow,
                    },
                    readiness: { command: readinessCommand(port), periodSeconds: 30, ...slow },
                    liveness: livenessProbe({ tcpSocket: { port } }),
                },
                mounts: shared,
            },
            ...(args.metrics ? [exporter(args.metrics.uri)] : []),
        ],
        user: 999,
        // The last checkpoint is written at the stop signal: a kill would cause recovery at the next start.
        graceSeconds: 120,
    };
}
