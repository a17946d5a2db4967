import { createHash } from "node:crypto";
import { myCnf, type MyCnf } from "../languages/myCnf";
import { sh, type Sh, word } from "../languages/sh";
import { mysql, sql, type Sql } from "../languages/sql";
import { linesOf } from "../languages/text";
import type { ContainerArgs } from "../podArgs";
import { livenessProbe, startupProbe } from "../probes";
import { metricsUser } from "./metrics";
import { replicationUser } from "./replication";
import type { ServerArgs } from "./server";
import type { MysqlSizes } from "./sizing";

type MysqlEngine = "mariadb" | "mysql";

const dataDirectory = "/var/lib/mysql";
/** The root of a volume contains lost+found, which the server would treat as a database. */
export const dataPath = (path = "data"): string => path;

const socketDirectory = "/run/mysqld";
const initFile = "/etc/plinth-accounts/init.sql";

export interface FileArgs {
    /** Lines with priority. @default none */
    readonly extra?: readonly MyCnf[] | undefined;
    readonly path?: string | undefined;
    /** MiB of temporary files after which a statement fails. @default no limit */
    readonly temporary?: number;
}

/**
 * The server's configuration, as a file in `/etc/mysql/conf.d`. Later lines override earlier ones, so the platform's
 * come last.
 */
export function configurationFile(
    engine: MysqlEngine,
    sizes: MysqlSizes,
    { extra = [], path, temporary }: FileArgs = {},
): MyCnf {
    const redo = engine === "mariadb" ? myCnf`innodb_log_file_size` : myCnf`innodb_redo_log_capacity`;
    const lines = [
        myCnf`[mysqld]`,
        myCnf`innodb_buffer_pool_size = ${sizes.bufferPool}M`,
        myCnf`${redo} = ${sizes.redoLog}M`,
        myCnf`innodb_log_buffer_size = ${sizes.logBuffer}M`,
        myCnf`key_buffer_size = ${sizes.keyBuffer}M`,
        engine === "mariadb"
            ? myCnf`aria_pagecache_buffer_size = ${sizes.temporary}M`
            : myCnf`temptable_max_ram = ${sizes.temporary}M`,
        myCnf`tmp_table_size = ${sizes.temporaryTable}M`,
        myCnf`max_heap_table_size = ${sizes.temporaryTable}M`,
        ...(engine === "mariadb" && temporary !== undefined
            ? [
                  myCnf`# A statement that wants more fails, instead of the pod. Before 11.5 there is no such limit.`,
                  myCnf`loose_max_tmp_total_space_usage = ${temporary}M`,
              ]
            : []),
        myCnf`sort_buffer_size = 1M`,
        myCnf`join_buffer_size = 256K`,
        myCnf`read_buffer_size = 128K`,
        myCnf`read_rnd_buffer_size = 256K`,
        myCnf`max_connections = ${sizes.connections}`,
        myCnf`# Takes a hundred mebibytes and more, which small pods do not have.`,
        myCnf`performance_schema = OFF`,
        myCnf`character_set_server = utf8mb4`,
        myCnf`# Both engines know it, so that dumps of one load into the other.`,
        myCnf`collation_server = utf8mb4_unicode_ci`,
        myCnf`max_allowed_packet = 64M`,
        myCnf`# Connections that their client has forgotten are given back after an hour.`,
        myCnf`wait_timeout = 3600`,
        myCnf`local_infile = OFF`,
        myCnf`# Accounts are granted by name or address range, never by host name; and probes must not get their node blocked.`,
        myCnf`skip_name_resolve = ON`,
        myCnf`host_cache_size = 0`,
        ...(engine === "mysql"
            ? [
                  myCnf`# One server needs no binary log, which would fill the volume.`,
                  myCnf`disable_log_bin`,
                  myCnf`mysqlx = OFF`,
              ]
            : []),
        ...(engine === "mariadb" && dataPath(path) === "."
            ? [myCnf`# The root of the volume has it beside the databases.`, myCnf`ignore_db_dirs = lost+found`]
            : []),
        ...extra,
    ];
    return linesOf(lines);
}

const hex = (algorithm: string, data: string | Buffer): Buffer => createHash(algorithm).update(data).digest();

/** The hash that the server stores for a password with mysql_native_password: https://mariadb.com/kb/en/password/ */
export const nativeHash = (password: string): string =>
    `*${hex("sha1", hex("sha1", password)).toString("hex").toUpperCase()}`;

export interface Accounts {
    readonly database: string;
    readonly user: string;
    readonly password: string;
    readonly rootPassword: string;
    /** Of {@link replicationUser}. @default none: there are no replicas */
    readonly replicationPassword?: string | undefined;
    /** Of {@link metricsUser}. @default none: metrics are not exported */
    readonly metricsPassword?: string | undefined;
    /** Whether they are those of a Galera member, which each makes its own. @default false */
    readonly galera?: boolean;
}

/**
 * Statements that the server runs at each start, before it accepts connections: accounts get the passwords of the
 * configuration, whatever an existing data directory contains, and an interrupted first start is completed.
 *
 * An error would skip the rest without stopping the server, so every form may be repeated, and passwords come first.
 * MariaDB takes hashes; MySQL's default plugin salts them, so there the passwords stand in clear, in a Secret.
 */
export function initStatements(
    engine: MysqlEngine,
    { database, user, password, rootPassword, replicationPassword, metricsPassword, galera = false }: Accounts,
): Sql {
    const account = (name: string, host: string, secret: string) => accountLines(engine, name, host, secret);
    const lines = [
        sql`SET SESSION sql_log_bin = 0;`,
        ...(galera ? [sql`SET SESSION wsrep_on = OFF;`] : []),
        ...account(user, "%", password),
        ...account("root", "localhost", rootPassword),
        ...account("root", "%", rootPassword),
        // An interrupted first start leaves them without a password.
        ...["127.0.0.1", "::1"].map(
            (host) => sql`ALTER USER IF EXISTS ${at("root", host)} IDENTIFIED ${by(engine, rootPassword)};`,
        ),
        sql`CREATE DATABASE IF NOT EXISTS ${mysql.identifier(database)};`,
        sql`GRANT ALL ON ${mysql.pattern(database)}.* TO ${at(user, "%")};`,
        sql`GRANT ALL ON *.* TO 'root'@'localhost' WITH GRANT OPTION;`,
        sql`GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;`,
        ...(replicationPassword === undefined
            ? []
            : [
                  ...account(replicationUser, "%", replicationPassword),
                  sql`GRANT REPLICATION SLAVE ON *.* TO ${at(replicationUser, "%")};`,
              ]),
    ];
    const metrics = metricsPassword === undefined ? [] : [metricsStatements(engine, metricsPassword)];
    return sql`${linesOf(lines)}${metrics}`;
}

const by = (engine: MysqlEngine, secret: string): Sql =>
    engine === "mariadb" ? sql`BY PASSWORD ${mysql.literal(nativeHash(secret))}` : sql`BY ${mysql.literal(secret)}`;

const at = (name: string, host: string): Sql => sql`${mysql.literal(name)}@${mysql.literal(host)}`;

const accountLines = (engine: MysqlEngine, name: string, host: string, secret: string): Sql[] => [
    sql`CREATE USER IF NOT EXISTS ${at(name, host)} IDENTIFIED ${by(engine, secret)};`,
    sql`ALTER USER ${at(name, host)} IDENTIFIED ${by(engine, secret)};`,
];

/** The exporter's account: it sees no row of any table. https://github.com/prometheus/mysqld_exporter#required-grants */
export function metricsStatements(engine: MysqlEngine, password: string): Sql {
    const rights =
        engine === "mariadb" ? sql`PROCESS, REPLICATION CLIENT, SLAVE MONITOR` : sql`PROCESS, REPLICATION CLIENT`;
    return linesOf([
        ...accountLines(engine, metricsUser, "127.0.0.1", password),
        sql`GRANT ${rights} ON *.* TO ${at(metricsUser, "127.0.0.1")};`,
    ]);
}

/**
 * What a single server writes is not logged: the log of former times must never be taken for a whole one again. But
 * first a server that nobody reaches takes from it what a crash has left there only: without the log the last commits
 * would be lost, and the server would not start.
 */
const forgetReplication = (directory: string, run: string): Sh =>
    sh`if [ -f ${word(directory)}/plinth-member ]; then
    mariadbd --datadir=${word(directory)} --socket=${word(run)}/recovery.sock --pid-file=${word(run)}/recovery.pid \\
        --skip-networking --skip-slave-start --server-id=1 --log-bin=binlog &
    server=$!
    trap 'kill "$server"; wait "$server"; exit 1' TERM
    # Answers as soon as it runs, whoever asks.
    until mariadb-admin --no-defaults --socket=${word(run)}/recovery.sock ping >/dev/null 2>&1; do
        kill -0 "$server"
        sleep 0.2
    done
    kill "$server"
    wait "$server"
    trap - TERM
    rm -f ${word(directory)}/binlog.* ${word(directory)}/plinth-member
fi`;

/**
 * Starts the server by the image's entrypoint, with the statements above for a data directory that exists: on the
 * first start the entrypoint makes the accounts itself, and its temporary server fails on statements that do the same.
 */
export const startScript = (
    engine: MysqlEngine,
    directory = dataDirectory,
    statements = initFile,
    run = socketDirectory,
): Sh => sh`#!/bin/sh
set -eu
${
    engine === "mariadb"
        ? sh`${forgetReplication(directory, run)}
`
        : sh``
}if [ -d ${word(directory)}/mysql ]; then set -- --init-file=${word(statements)} "$@"; fi
exec docker-entrypoint.sh ${word(engine === "mariadb" ? "mariadbd" : "mysqld")} "$@"
`;

/** Logs in like the platform: over TCP, on which the entrypoint's temporary server does not listen. */
export const readinessCommand = (engine: MysqlEngine): string[] => {
    const prefix = word(engine.toUpperCase());
    // MariaDB's client would require a verifiable certificate, but this connection stays in the pod.
    const client = engine === "mariadb" ? sh`mariadb --no-defaults --skip-ssl` : sh`mysql --no-defaults`;
    return [
        "sh",
        "-c",
        sh`MYSQL_PWD="$${prefix}_PASSWORD" exec ${client} --host=127.0.0.1 --user="$${prefix}_USER" --execute="SELECT 1" "$${prefix}_DATABASE"`,
    ];
};

/**
 * Whether MariaDB answers, on its socket. It logs a warning for each connection that ends without a log-in, as those of
 * a TCP probe do. A server that refuses the log-in, for example because all connections are in use, counts as alive.
 */
export const livenessCommand: readonly string[] = [
    "sh",
    "-c",
    sh`MYSQL_PWD="$MARIADB_ROOT_PASSWORD" exec mariadb-admin --no-defaults --user=root --socket=${word(`${socketDirectory}/mysqld.sock`)} --connect-timeout=10 ping`,
];

/** The container of a MariaDB or MySQL server. */
export function mysqlContainer(engine: MysqlEngine, args: ServerArgs): ContainerArgs {
    const { database, user, secrets, claim, configMap } = args;
    const { metrics } = secrets;
    const directory = dataPath(args.path);
    const prefix = engine.toUpperCase();
    const port = 3306;
    return {
        name: engine,
        image: args.image,
        command: ["sh", "/etc/plinth/start.sh"],
        env: {
            [`${prefix}_DATABASE`]: database,
            [`${prefix}_USER`]: user,
            [`${prefix}_PASSWORD`]: secrets.password,
            [`${prefix}_ROOT_PASSWORD`]: secrets.rootPassword,
            // Rewrites the system tables, so only by consent; patch releases of one series do not need it. MySQL does it by itself.
            ...(engine === "mariadb" && args.upgrades ? { MARIADB_AUTO_UPGRADE: "1" } : {}),
        },
        ports: { mysql: port },
        resources: args.resources,
        probes: {
            startup: startupProbe({ tcpSocket: { port } }),
            readiness: {
                command: readinessCommand(engine),
                periodSeconds: 10,
                timeoutSeconds: 5,
                failureThreshold: 3,
            },
            liveness:
                engine === "mariadb"
                    ? livenessProbe({ command: livenessCommand }, 15)
                    : livenessProbe({ tcpSocket: { port } }),
        },
        mounts: [
            { path: dataDirectory, claim, ...(directory === "." ? {} : { subPath: directory }) },
            { path: "/etc/mysql/conf.d/plinth.cnf", configMap, file: "plinth.cnf" },
            { path: "/etc/plinth", configMap },
            { path: initFile, secret: secrets.rootPassword.secret, file: "init.sql" },
            // A first start makes the exporter's account from it; each later one from the statements above.
            ...(metrics
                ? [{ path: "/docker-entrypoint-initdb.d/metrics.sql", secret: metrics.secret, file: "metrics.sql" }]
                : []),
            // A socket, and the number of the process.
            { path: socketDirectory, scratch: { size: "16Mi" } },
            { path: "/tmp", scratch: { size: args.temporary } },
        ],
    };
}
