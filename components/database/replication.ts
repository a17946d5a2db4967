import { join } from "node:path";
import type { SecretRef } from "../graph";
import { myCnf, type MyCnf } from "../languages/myCnf";
import { constantFiles } from "../languages/text";
import type { ContainerArgs, Mount } from "../podArgs";
import type { ServerArgs } from "./server";

/** Account of the replicas at their source; its grants are in the accounts' statements. */
export const replicationUser = "plinth-replication";

/** Where a member reads which member is to be the source. */
export const controlPath = "/etc/plinth-source";

/** The container that makes a member source or replica, and reports it in its log. */
export const supervisorName = "replication";

/** Variable with the ordinal of a member. */
export const ordinalEnv = "MEMBER";

/** Which member is to be the source, as its ConfigMap says. */
export interface DeclaredSource {
    /** Ordinal of the member. */
    readonly source: string;
    /** A word that changes with the source. */
    readonly term: string;
    /** Ordinals of the members that are gone for good, separated by spaces. */
    readonly lost: string;
}

/** @param text contents of the ConfigMap's key `source` */
export function declaredSourceIn(text: string): DeclaredSource {
    const [source = "", term = "", lost = ""] = text.split("\n").map((line) => line.trim());
    return { source, term, lost };
}

/** The line that a supervisor writes when it has read a declaration. */
export const declaredWords = ({ source, term, lost }: DeclaredSource): string =>
    `term ${term}: member ${source} is to be the source${lost === "" ? "" : `, without ${lost}`}`;

/** The line that the source's supervisor writes once it takes writes. */
export const sourceWords = (member: string): string => `member ${member} is the source`;

export interface ReplicationArgs {
    /** Ordinal of this member. */
    readonly member: number;
    /** Ordinal of the one that is to be the source. */
    readonly source: number;
    /** `host:port` of every member, in order. */
    readonly hosts: readonly string[];
    /** Password of {@link replicationUser}. */
    readonly password: SecretRef;
    /** ConfigMap with the member that is to be the source, which changes in place. */
    readonly control: string;
    readonly maxLagSeconds: number;
    /** Additional labels of the member's pod. */
    readonly labels: Readonly<Record<string, string>>;
    /** Labels of the pods of all members. */
    readonly membership: Readonly<Record<string, string>>;
}

const scripts = ["member.sh", "seed.sh", "start.sh", "supervise.sh", "ready.sh"] as const;

/** The scripts of a member: constant text, with all values from the environment. */
export const replicationFiles = () => constantFiles(join(__dirname, "scripts"), scripts);

/**
 * Settings of a member, as lines of `[mysqld]`: the same for all, since each may become the source.
 *
 * @param disk size of the volume, in MiB: the binary log takes a quarter of it at most, where the server can limit it
 *   (MariaDB 11.4), and three days in any case
 * @param synchronous whether commits wait for a replica
 */
export const replicationSettings = (disk: number, synchronous: boolean): MyCnf[] => [
    myCnf`log_bin = binlog`,
    myCnf`log_slave_updates = ON`,
    myCnf`binlog_format = ROW`,
    myCnf`gtid_strict_mode = ON`,
    myCnf`relay_log = relay`,
    myCnf`relay_log_recovery = ON`,
    myCnf`sync_binlog = 1`,
    myCnf`innodb_flush_log_at_trx_commit = 1`,
    myCnf`max_binlog_size = 64M`,
    myCnf`binlog_expire_logs_seconds = 259200`,
    myCnf`loose_max_binlog_total_size = ${Math.max(128, Math.floor(disk / 4))}M`,
    myCnf`# A replica that stays away must not fill the source's volume.`,
    myCnf`loose_slave_connections_needed_for_purge = 0`,
    myCnf`# The platform's user makes triggers without being the administrator; rows are logged, so they do no harm.`,
    myCnf`log_bin_trust_function_creators = ON`,
    myCnf`slave_parallel_threads = 4`,
    myCnf`slave_net_timeout = 10`,
    myCnf`# What the member is to be is decided by its supervisor, each time that the server has started.`,
    myCnf`read_only = ON`,
    myCnf`skip_slave_start = ON`,
    synchronous ? myCnf`rpl_semi_sync_slave_enabled = ON` : myCnf`rpl_semi_sync_slave_enabled = OFF`,
    myCnf`# On where a member is the source, or is about to be.`,
    myCnf`rpl_semi_sync_master_enabled = OFF`,
    myCnf`rpl_semi_sync_master_wait_point = AFTER_SYNC`,
    myCnf`rpl_semi_sync_master_timeout = 10000`,
    myCnf`# Without any replica the source goes on alone.`,
    myCnf`rpl_semi_sync_master_wait_no_slave = OFF`,
];

/**
 * The pod of a member: an init container that fills an empty volume, the server, and a supervisor that makes it source
 * or replica.
 */
export function replicatedContainers(
    server: ContainerArgs,
    { rootPassword }: ServerArgs["secrets"],
    args: ReplicationArgs,
): { readonly initContainers: ContainerArgs[]; readonly containers: ContainerArgs[] } {
    const { env = {}, mounts = [] } = server;
    const member = { [ordinalEnv]: args.member, HOSTS: args.hosts.join(" ") };
    const source: Mount = { path: controlPath, configMap: args.control };
    const administrator = { MARIADB_ROOT_PASSWORD: rootPassword, MARIADB_USER: env["MARIADB_USER"]! };
    const seed: ContainerArgs = {
        name: "seed",
        image: server.image,
        command: ["sh", "/etc/plinth/seed.sh"],
        env: { ...administrator, ...member },
        resources: server.resources,
        mounts: [...mounts, source],
    };
    const supervisor: ContainerArgs = {
        name: supervisorName,
        image: server.image,
        command: ["sh", "/etc/plinth/supervise.sh"],
        env: {
            ...administrator,
            ...member,
            REPLICATION_PASSWORD: args.password,
        },
        resources: { cpu: "10m", memory: "64Mi" },
        mounts: [...mounts.filter(({ path }) => !path.startsWith("/etc/mysql/")), source],
    };
    return {
        initContainers: [seed],
        containers: [
            {
                ...server,
                env: { ...env, ...member, MAX_LAG: args.maxLagSeconds },
                probes: {
                    ...server.probes,
                    readiness: {
                        command: ["sh", "/etc/plinth/ready.sh"],
                        periodSeconds: 5,
                        timeoutSeconds: 5,
                        failureThreshold: 2,
                    },
                },
                mounts: [...mounts, source],
            },
            supervisor,
        ],
    };
}
