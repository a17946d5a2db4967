import type { Component } from "../component";
import type { Input } from "../../config/value";
import type { DatabaseConfig } from "../../config/database";
import type { ResourcesConfig } from "../../config/fields";
import type { Image } from "../../config/images";
import { mebibytes } from "../../config/quantity";
import { claim } from "../claim";
import { dataServer, memberClaim } from "../dataServer";
import type { Node } from "../graph";
import type { Instance } from "../instance";
import { myCnf, word } from "../languages/myCnf";
import { sql } from "../languages/sql";
import type { ContainerArgs } from "../podArgs";
import { mib } from "../scratch";
import { guardContainer, guardScript } from "./guard";
import { exporterContainer } from "./metrics";
import {
    fillsMembers,
    type GaleraArgs,
    galeraContainers,
    galeraServices,
    galeraVolumes,
    memberVolume,
    onOwnVolume,
} from "./galera";
import { galeraScripts, galeraSettings, proxyConfiguration } from "./galera/files";
import { configurationFile, dataPath as mysqlPath, mysqlContainer, startScript } from "./mysql";
import {
    accountStatements,
    accountsScript,
    dataPath as postgresPath,
    extensionStatements,
    metricsRoleStatements,
    postgresContainers,
    serverUser,
} from "./postgres";
import { imageBefore, upgradeContainers, upgradeScripts } from "./postgresUpgrade";
import { replicatedContainers, type ReplicationArgs, replicationFiles, replicationSettings } from "./replication";
import { imageSeries, upgradesInPlace } from "./series";
import type { ServerArgs } from "./server";
import { leastMemory, mysqlSizes, postgresSizes, temporaryLimit, temporarySpace } from "./sizing";

export interface MemberArgs {
    readonly config: Extract<DatabaseConfig, { topology: "single" | "replicated" | "galera" }>;
    readonly database: string;
    readonly user: string;
    readonly secrets: ServerArgs["secrets"];
    readonly resources: ResourcesConfig & { readonly memory: string };
    /** Size of the volume. */
    readonly size: string;
    /** Additional settings by name, which override the component's own. @default none */
    readonly settings?: Readonly<Record<string, string>> | undefined;
    readonly image: Image;
    /** Extensions of PostgreSQL in the platform's database. */
    readonly extensions: readonly string[];
    /** The checked series of the volume's data. */
    readonly series: Input<string>;
    /** @default none: the only server */
    readonly replication?: ReplicationArgs;
    /** For all members of a Galera cluster at once. @default none */
    readonly galera?: GaleraArgs;
}

/** Declares one database server with its volume, both of the node's name; or all members of a Galera cluster. */
export function declareMember(instance: Instance, owner: Component, node: Node, args: MemberArgs): void {
    const { config, database, user, replication, galera } = args;
    const { engine } = config;
    // Another topology's data are not on these volumes.
    const upgradeFrom = galera ? /^(.*) galera$/.exec(config.upgradeFrom ?? "")?.[1] : config.upgradeFrom;
    const { name } = node;
    const image = instance.image(args.image);
    const series = imageSeries(instance, engine, image, args.image);
    const memory = instance.resources(name, args.resources).memory ?? args.resources.memory;
    const limit = mebibytes(memory);
    if (limit < leastMemory[engine])
        instance.problem(
            ["resources", name, "memory"],
            `"${memory}" is too little for ${engine}; allowed: at least ${leastMemory[engine]}Mi`,
        );
    if (galera && !fillsMembers(series))
        instance.problem(
            ["images", args.image.name],
            `"${image.reference}" is too old for database.topology: galera; allowed: MariaDB 11.6 or later, whose donors make the account for a transfer themselves`,
        );
    const { path, existing, size } = instance.volume(name, args.size);
    const adopted = !galera && (path !== undefined || existing !== undefined);
    if (galera && path !== undefined)
        instance.problem(
            ["volumes", name, "path"],
            `"${path}" is not allowed with database.topology: galera; allowed: no path: its members begin empty, and existing data is loaded into them (docs/databases.md)`,
        );
    const disk = mebibytes(size);
    // Based on the default size, not the user's, because a volume grows without a new pod.
    const temporary = instance.scratchSize(name, "tmp", mib(temporarySpace(mebibytes(args.size))));
    const volume = galera
        ? memberClaims(galera)
        : claim(instance, owner, name, { size: args.size, node, followsPath: true });

    const before = engine === "postgres" ? imageBefore(instance, name, { config, series, image, path }) : undefined;
    const server = engine === "postgres" ? postgres() : mysql(engine);
    const configMap = instance.add(
        owner,
        "ConfigMap",
        name,
        {
            data: {
                ...server.files,
                "guard.sh": guardScript(
                    undefined,
                    args.image.name === engine ? undefined : args.image.name,
                    galera !== undefined,
                ),
            },
        },
        { node },
    );
    const containers = server.containers({
        database,
        user,
        secrets: args.secrets,
        claim: volume,
        path,
        adopted,
        configMap,
        image: args.image,
        resources: args.resources,
        temporary,
        upgrades: upgradeFrom !== undefined && upgradesInPlace(upgradeFrom, series),
    });
    const guard = guardContainer({
        engine,
        image: args.image,
        series,
        upgradeFrom,
        claim: volume,
        data: engine === "postgres" ? postgresPath(series, path) : mysqlPath(path),
        adopted,
        key: instance.path("volumes", name),
        database,
        configMap,
        replicated: replication !== undefined,
    });
    const upgrades = before
        ? upgradeContainers({
              ...{ before, after: args.image, from: upgradeFrom!, to: series },
              ...{ claim: volume, configMap, memory },
          })
        : [];
    const pods = replication
        ? replicatedContainers(containers[0]!, args.secrets, replication)
        : {
              initContainers: [],
              containers: galera ? galeraContainers(containers[0]!, args.secrets, galera, configMap) : containers,
          };
    const placed = galera ? onOwnVolume(volume) : (container: ContainerArgs) => container;
    dataServer(instance, owner, node, {
        pod: {
            initContainers: [...upgrades, guard, ...pods.initContainers].map(placed),
            containers: [
                ...pods.containers.map(placed),
                ...(args.secrets.metrics ? [exporterContainer(engine, args.secrets.metrics)] : []),
            ],
            // Uid of the server's user in the official images.
            user: engine === "postgres" ? serverUser(image.tag) : 999,
            // Time to flush dirty pages: a kill would cause recovery at the next start. A member may first have to wait
            // until another one has been filled.
            graceSeconds: galera ? 420 : 120,
            ...(galera ? { spread: true } : {}),
            ...(replication ? { labels: replication.labels, spread: replication.membership } : {}),
        },
        series: args.series,
        // A new replica may need hours to copy data, and a lost one may never become ready.
        optional: replication !== undefined && replication.member !== replication.source,
        ...(galera
            ? {
                  members: {
                      count: galera.hosts.length,
                      service: instance.objectName(galeraServices(name).members),
                      volume: memberVolume,
                  },
              }
            : {}),
    });

    /** Declares all volumes. @returns the claim of the first */
    function memberClaims({ config: of }: GaleraArgs): string {
        const [first] = galeraVolumes(name, of).map((volumeName, member) =>
            claim(instance, owner, volumeName, {
                ...{ size, node, followsPath: true },
                finalName: memberClaim(instance, name, memberVolume, member),
            }),
        );
        return first!;
    }

    function mysql(kind: "mariadb" | "mysql") {
        const sizes = mysqlSizes(kind, limit, disk);
        const own = Object.entries(args.settings ?? {}).map(([key, value]) =>
            value === "" ? myCnf`${word(key)} =` : myCnf`${word(key)} = ${word(value)}`,
        );
        const extra = [
            ...(replication ? replicationSettings(disk, config.topology === "replicated" && config.synchronous) : []),
            ...(galera ? galeraSettings(`${instance.namespace}.${name}`, disk) : []),
            ...own,
        ];
        const files = {
            "plinth.cnf": configurationFile(kind, sizes, {
                extra,
                path,
                temporary: temporaryLimit(mebibytes(temporary)),
            }),
            ...(replication
                ? replicationFiles()
                : galera
                  ? { ...galeraScripts(), "haproxy.cfg": proxyConfiguration(galera.hosts, sizes.connections) }
                  : { "start.sh": startScript(kind) }),
        };
        return { files, containers: (made: ServerArgs): ContainerArgs[] => [mysqlContainer(kind, made)] };
    }
    function postgres() {
        const sizes = postgresSizes(limit, disk);
        const files = {
            "accounts.sh": accountsScript(),
            "accounts.sql": sql`${accountStatements}${args.secrets.metrics ? [metricsRoleStatements] : []}${extensionStatements(args.extensions)}`,
            ...(before ? upgradeScripts() : {}),
        };
        return { files, containers: (made: ServerArgs) => postgresContainers(made, series, sizes, args.settings) };
    }
}
