import { sh, type Sh, word } from "../languages/sh";
import { postgres, type Sql, sql } from "../languages/sql";
import { linesOf } from "../languages/text";
import type { ContainerArgs, Mount } from "../podArgs";
import { livenessProbe, startupProbe } from "../probes";
import { mib } from "../scratch";
import { withVolumeLock } from "../volumeLock";
import { metricsUser } from "./metrics";
import { majorOf } from "./series";
import type { ServerArgs } from "./server";
import type { PostgresSizes } from "./sizing";

const socketDirectory = "/var/run/postgresql";
/** Where the volume is seen. */
export const home = "/var/lib/postgresql";

/** User that the server of the official images runs as: those of Alpine have another one. */
export const serverUser = (tag: string): number => (tag.includes("alpine") ? 70 : 999);

/** Where the server's data are on the volume: the image's own place from version 18 on, for all; or the user's. */
export const dataPath = (series: string, path?: string): string => path ?? `${majorOf(series)}/docker`;

/**
 * Where the volume is seen, and the data in it. Data of the user's own place are seen at a path of their own: below the
 * mounted root the image's own volume would hide a directory called `data`.
 */
function placed(claim: string, series: string, path: string | undefined): { mount: Mount; data: string } {
    if (path === undefined) return { mount: { path: home, claim }, data: `${home}/${dataPath(series)}` };
    const data = `${home}/data`;
    return { mount: { path: data, claim, ...(path === "." ? {} : { subPath: path }) }, data };
}

/** Settings as arguments, which override the data directory's file. */
export function serverArguments(sizes: PostgresSizes, extra: Readonly<Record<string, string>> = {}): string[] {
    const settings = [
        `shared_buffers=${sizes.sharedBuffers}MB`,
        `effective_cache_size=${sizes.effectiveCache}MB`,
        `maintenance_work_mem=${sizes.maintenance}MB`,
        `work_mem=${sizes.work}MB`,
        `max_connections=${sizes.connections}`,
        `max_wal_size=${sizes.maxWal}MB`,
        ...Object.entries(extra).map(([name, value]) => `${name}=${value}`),
    ];
    return settings.flatMap((setting) => ["-c", setting]);
}

/**
 * Makes the platform's role and database, and gives both roles the passwords of the configuration: on a new data
 * directory and on an old one alike. psql quotes; nothing of it reaches the server's log.
 */
export const accountStatements = sql`SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
\\getenv user APP_USER
\\getenv database APP_DATABASE
\\getenv password APP_PASSWORD
\\getenv root_password ROOT_PASSWORD
SELECT 'CREATE ROLE postgres SUPERUSER LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'postgres') \\gexec
SELECT format('CREATE ROLE %I LOGIN', :'user') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'user') \\gexec
SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', :'user', :'password') \\gexec
SELECT format('ALTER ROLE postgres PASSWORD %L', :'root_password') \\gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'user') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \\gexec
`;

const metricsRole = postgres.literal(metricsUser);

/** The exporter's role, which can read statistics but no rows. */
export const metricsRoleStatements = sql`\\getenv metrics_password METRICS_PASSWORD
SELECT format('CREATE ROLE %I', ${metricsRole}) WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ${metricsRole}) \\gexec
SELECT format('ALTER ROLE %I LOGIN CONNECTION LIMIT 3 PASSWORD %L', ${metricsRole}, :'metrics_password') \\gexec
SELECT format('GRANT pg_monitor TO %I', ${metricsRole}) \\gexec
`;

/**
 * Creates extensions, and lets the platform's role fill their tables of settings, such as PostGIS's reference systems,
 * as the load of a backup does.
 */
export const extensionStatements = (names: readonly string[]): Sql =>
    names.length === 0
        ? sql``
        : sql`\\connect :database
${linesOf(names.map((name) => sql`CREATE EXTENSION IF NOT EXISTS ${postgres.identifier(name)};`))}
SELECT format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', unnest(extconfig)::regclass, :'user') FROM pg_extension WHERE extconfig IS NOT NULL \\gexec
`;

/**
 * Runs the statements once the real server is up, then idles: PostgreSQL reads no file of statements at its start,
 * and a child of the server's own process would be taken for a crashed backend.
 *
 * The entrypoint's temporary server is on the same socket, but listens on no address. Data of a former deployment may
 * know no role postgres: the official image gives POSTGRES_USER its rights instead. Among such data a database that is
 * missing is a wrong name, not a new database.
 */
export const accountsScript = (sockets = socketDirectory, folder = "/etc/plinth"): Sh => sh`#!/bin/sh
set -u
# As process 1 it would not be stopped by a signal that it does not handle.
idle=
trap '[ -z "$idle" ] || kill "$idle"; exit 0' TERM INT
run() {
    psql --no-psqlrc --no-password --quiet --set=ON_ERROR_STOP=1 --host=${word(sockets)} --username="$admin" --dbname=postgres "$@"
}
ask() { run --tuples-only --no-align --command="$1"; }
listens() {
    admin=$1
    [ -n "$(ask 'SHOW listen_addresses' 2>/dev/null)" ]
}
until listens postgres || listens "$APP_USER"; do sleep 1; done
# psql puts values into statements that it reads, and not into those of an argument.
named() {
    echo "SELECT 1 FROM pg_database WHERE datname = :'database'" | run --tuples-only --no-align --set=database="$APP_DATABASE"
}
if [ "\${ADOPTED:-}" ] && [ -z "$(named)" ]; then
    echo "the data have no database \\"$APP_DATABASE\\": set database.name to one of: $(ask "SELECT string_agg(datname, ', ') FROM pg_database WHERE NOT datistemplate")" >&2
    exit 1
fi
until run --file=${word(`${folder}/accounts.sql`)}; do
    echo "trying again" >&2
    sleep 5
done
echo "accounts and passwords are those of the configuration"
while :; do
    sleep 3600 &
    idle=$!
    wait "$idle"
done
`;

/** The port is open before the server has recovered from a crash, and on a first start only on the socket. */
export const startupCommand: readonly string[] = [
    "sh",
    "-c",
    'exec pg_isready --quiet --host=127.0.0.1 --username="$APP_USER" --dbname="$APP_DATABASE"',
];

/** Logs in like the platform, over TCP, so it is ready only after the accounts are set up. */
export const readinessCommand: readonly string[] = [
    "sh",
    "-c",
    'PGPASSWORD="$APP_PASSWORD" exec psql --no-psqlrc --no-password --host=127.0.0.1 --username="$APP_USER" --dbname="$APP_DATABASE" --command="SELECT 1"',
];

/** The containers of a PostgreSQL server: the server, and one that maintains its accounts. */
export function postgresContainers(
    args: ServerArgs,
    series: string,
    sizes: PostgresSizes,
    extra?: Readonly<Record<string, string>>,
): ContainerArgs[] {
    const { database, user, secrets, claim, configMap, path, adopted } = args;
    const { mount, data } = placed(claim, series, path);
    const port = 5432;
    const account = { APP_DATABASE: database, APP_USER: user, APP_PASSWORD: secrets.password };
    const sockets = { path: socketDirectory, scratch: { size: "16Mi" } };
    return [
        {
            name: "postgres",
            image: args.image,
            command: [
                ...(path === undefined || adopted
                    ? withVolumeLock(
                          adopted ? { file: `${data}/PG_VERSION`, exists: true } : { file: `${home}/server.lock` },
                      )
                    : []),
                "docker-entrypoint.sh",
            ],
            args: serverArguments(sizes, extra),
            env: {
                POSTGRES_PASSWORD: secrets.rootPassword,
                // The default trusts all TCP connections from within the pod, so that the probe would prove nothing.
                POSTGRES_INITDB_ARGS: "--auth-local=trust --auth-host=scram-sha-256 --data-checksums",
                PGDATA: data,
                ...account,
            },
            ports: { postgresql: port },
            resources: args.resources,
            probes: {
                startup: startupProbe({ command: startupCommand }),
                readiness: {
                    command: readinessCommand,
                    periodSeconds: 10,
                    timeoutSeconds: 5,
                    failureThreshold: 3,
                },
                liveness: livenessProbe({ tcpSocket: { port } }),
            },
            mounts: [
                mount,
                sockets,
                // Sorts and temporary tables are on the volume; this is for manual scripts.
                { path: "/tmp", scratch: { size: "64Mi" } },
                // Parallel workers share rows through it; the runtime's default of 64 MiB is too little.
                { path: "/dev/shm", scratch: { memory: true, size: mib(sizes.sharedMemory) } },
            ],
        },
        {
            name: "accounts",
            image: args.image,
            command: ["sh", "/etc/plinth/accounts.sh"],
            env: {
                ...account,
                ROOT_PASSWORD: secrets.rootPassword,
                ...(secrets.metrics ? { METRICS_PASSWORD: secrets.metrics } : {}),
                ...(adopted ? { ADOPTED: "yes" } : {}),
            },
            resources: { cpu: "5m", memory: "32Mi" },
            mounts: [sockets, { path: "/etc/plinth", configMap }],
        },
    ];
}
