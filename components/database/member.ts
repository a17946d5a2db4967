import type { Component } from "../component";
import type { Input } from "../../config/value";
import type { DatabaseConfig } from "../../config/database";
import type { ResourcesConfig } from "../../config/fields";
import type { Image } from "../../config/images";
import { mebibytes } from "../../config/quantity";
import { claim } from "../claim";
import { dataServer } from "../dataServer";
import type { Node } from "../graph";
import type { Instance } from "../instance";
import { myCnf, word } from "../languages/myCnf";
import { sql } from "../languages/sql";
import type { ContainerArgs } from "../podArgs";
import { mib } from "../scratch";
import { guardContainer, guardScript } from "./guard";
import { exporterContainer } from "./metrics";
import { configurationFile, dataPath as mysqlPath, mysqlContainer, startScript } from "./mysql";
import {
    accountStatements,
    accountsScript,
    dataPath as postgresPath,
    extensionStatements,
    metricsRoleStatements,
    postgresContainers,
} from "./postgres";
import { imageBefore, upgradeContainers, upgradeScripts } from "./postgresUpgrade";
import { replicatedContainers, type ReplicationArgs, replicationFiles, replicationSettings } from "./replication";
import { imageSeries, upgradesInPlace } from "./series";
import type { ServerArgs } from "./server";
import { leastMemory, mysqlSizes, postgresSizes, temporaryLimit, temporarySpace } from "./sizing";

export interface MemberArgs {
    readonly config: Extract<DatabaseConfig, { topology: "single" | "replicated" }>;
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
}

/** Declares one database server with its volume; both have the node's name. */
export function declareMember(instance: Instance, owner: Component, node: Node, args: MemberArgs): void {
    const { config, database, user, replication } = args;
    const { engine, upgradeFrom } = config;
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
    const { path, existing, size } = instance.volume(name, args.size);
    const adopted = path !== undefined || existing !== undefined;
    const disk = mebibytes(size);
    // Based on the default size, not the user's, because a volume grows without a new pod.
    const temporary = instance.scratchSize(name, "tmp", mib(temporarySpace(mebibytes(args.size))));
    const volume = claim(instance, owner, name, { size: args.size, node, followsPath: true });

    const before = engine === "postgres" ? imageBefore(instance, name, { config, series, image, path }) : undefined;
    const server = engine === "postgres" ? postgres() : mysql(engine);
    const configMap = instance.add(
        owner,
        "ConfigMap",
        name,
        {
            data: {
                ...server.files,
                "guard.sh": guardScript(undefined, args.image.name === engine ? undefined : args.image.name),
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
        : { initContainers: [], containers };
    dataServer(instance, owner, node, {
        pod: {
            initContainers: [...upgrades, guard, ...pods.initContainers],
            containers: [
                ...pods.containers,
                ...(args.secrets.metrics ? [exporterContainer(engine, args.secrets.metrics)] : []),
            ],
            // Uid of the server's user in the official images.
            user: engine === "postgres" && image.tag.includes("alpine") ? 70 : 999,
            // Time to flush dirty pages: a kill would cause recovery at the next start.
            graceSeconds: 120,
            ...(replication ? { labels: replication.labels, spread: replication.membership } : {}),
        },
        series: args.series,
        // A new replica may need hours to copy data, and a lost one may never become ready.
        optional: replication !== undefined && replication.member !== replication.source,
    });

    function mysql(kind: "mariadb" | "mysql") {
        const sizes = mysqlSizes(kind, limit, disk);
        const own = Object.entries(args.settings ?? {}).map(([key, value]) => myCnf`${word(key)} = ${word(value)}`);
        const extra = [...(replication ? replicationSettings(disk) : []), ...own];
        const files = {
            "plinth.cnf": configurationFile(kind, sizes, {
                extra,
                path,
                temporary: temporaryLimit(mebibytes(temporary)),
            }),
            ...(replication ? replicationFiles() : { "start.sh": startScript(kind) }),
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
