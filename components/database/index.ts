import * as pulumi from "@pulumi/pulumi";
import { type DatabaseConfig, databasePorts, type Engine } from "../../config/database";
import type { ResourcesConfig } from "../../config/fields";
import { mebibytes } from "../../config/quantity";
import { claim } from "../claim";
import { dataServer } from "../dataServer";
import { clusterService } from "../deployment";
import { rangesOf, requiredSecret } from "../external";
import { type Node, type SecretRef, Service } from "../graph";
import type { HasNode, Instance } from "../instance";
import type { ContainerArgs } from "../pod";
import { guardContainer, guardScript } from "./guard";
import { configurationFile, dataPath as mysqlPath, initStatements, mysqlContainer, startScript } from "./mysql";
import { accountStatements, accountsScript, dataPath as postgresPath, postgresContainers } from "./postgres";
import { guardedSeries, imageSeries, upgradesInPlace } from "./series";
import type { ServerArgs } from "./server";
import { leastMemory, mysqlSizes, postgresSizes } from "./sizing";

export interface DatabaseArgs {
    readonly config: DatabaseConfig;
    /** Name of the database: letters, digits, `_` and `-`. */
    readonly database: string;
    /** The platform's user, who owns that database: letters, digits, `_` and `-`; neither root nor postgres. */
    readonly user: string;
    /** Of the server's container; the server's caches are sized from the memory. */
    readonly resources: ResourcesConfig & { readonly memory: string };
    /** Size of the volume. */
    readonly size: string;
    /** Further settings: lines of `[mysqld]`, or `name=value` for PostgreSQL. They win over the component's own. @default none */
    readonly arguments?: readonly string[];
}

const ports: Readonly<Record<Engine, Readonly<Record<string, number>>>> = {
    mariadb: { mysql: databasePorts.mariadb },
    mysql: { mysql: databasePorts.mysql },
    postgres: { postgresql: databasePorts.postgres },
};

/**
 * A relational database: one server on a volume of its own, or one outside the cluster.
 *
 * The service's settings are `host`, `port`, `name`, `user` and `password`. A password that changes in the
 * configuration works with the old data from the next start of the pod, which the change brings about.
 *
 * @throws RangeError when the platform's names for database or user would not fit into SQL unquoted
 */
export class Database extends pulumi.ComponentResource implements HasNode {
    readonly node: Node;
    /** Answers writes and reads. */
    readonly service: Service;
    /** Answers reads, with the same settings: {@link service} itself where nothing else does. What it says may be older. */
    readonly readService: Service;
    readonly engine: Engine;
    /** The administrator's password; for an external database only where the user has set it. */
    readonly rootPassword: SecretRef | undefined;

    constructor(instance: Instance, name: string, given: DatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
        super("plinth:components:Database", `${instance.name}-${name}`, {}, { parent: instance.owner, ...opts });
        const { config } = given;
        const args = { ...given, database: config.name ?? given.database, user: config.user ?? given.user };
        for (const identifier of [given.database, given.user])
            if (!/^[A-Za-z0-9_-]{1,32}$/.test(identifier))
                throw new RangeError(`"${identifier}" is no name for a database or its user`);
        if (["root", "postgres"].includes(given.user))
            throw new RangeError(`"${given.user}" is the administrator; the platform needs a user of its own`);

        this.engine = config.engine;
        this.node = instance.join(name, { sort: "database", pods: config.topology !== "external" });
        const { password, rootPassword } = this.secrets(instance, args);
        this.rootPassword = rootPassword;
        if (config.topology === "external") {
            const [[portName, usual]] = Object.entries(ports[config.engine]) as [[string, number]];
            const settings = { name: args.database, user: args.user, password };
            const at = (host: string) =>
                new Service(this.node.id, host, { [portName]: config.port ?? usual }, settings, {
                    cidrs: rangesOf(host, config.cidrs),
                });
            this.service = at(config.host);
            this.readService = config.readHost ? at(config.readHost) : this.service;
        } else {
            this.service = instance.service(name, ports[config.engine], {
                name: args.database,
                user: args.user,
                password,
            });
            this.readService = this.service;
            this.single(instance, args, config, { password, rootPassword: rootPassword! });
            clusterService(instance, this, this.node, ports[config.engine]);
        }
        this.registerOutputs({ host: this.service.host });
    }

    private secrets(
        instance: Instance,
        { config, database, user }: DatabaseArgs,
    ): { password: SecretRef; rootPassword: SecretRef | undefined } {
        const { node } = this;
        if (config.topology === "external") {
            const password = requiredSecret(instance, node.name, "databasePassword");
            const root = instance.secretValue("databaseRootPassword");
            const declared = instance.secret(this, node.name, { password }, { node });
            return {
                password: declared.password,
                rootPassword:
                    root && instance.secret(this, `${node.name}-root`, { rootPassword: root }, { node }).rootPassword,
            };
        }
        const { engine } = config;
        const password = instance.password(`${node.name}-password`, "databasePassword");
        const rootPassword = instance.password(`${node.name}-root-password`, "databaseRootPassword");
        const statements = (kind: "mariadb" | "mysql") =>
            pulumi
                .all([password, rootPassword])
                .apply(([own, root]) => initStatements(kind, { database, user, password: own, rootPassword: root }));
        // A Secret of its own: whoever uses the platform's password shall not see this one.
        const administration = { rootPassword, ...(engine === "postgres" ? {} : { "init.sql": statements(engine) }) };
        return {
            password: instance.secret(this, node.name, { password }, { node }).password,
            rootPassword: instance.secret<string>(this, `${node.name}-root`, administration, { node })["rootPassword"],
        };
    }

    private single(
        instance: Instance,
        args: DatabaseArgs,
        { engine, upgradeFrom }: Extract<DatabaseConfig, { topology: "single" }>,
        secrets: ServerArgs["secrets"],
    ): void {
        const { node } = this;
        const { name } = node;
        const image = instance.image(engine);
        const series = imageSeries(instance, engine, image);
        const memory = instance.resources(name, args.resources).memory ?? args.resources.memory;
        const limit = mebibytes(memory);
        if (limit < leastMemory[engine])
            instance.problem(
                ["resources", name, "memory"],
                `"${memory}" is too little for ${engine}; at least ${leastMemory[engine]}Mi`,
            );
        const { path, existing, size } = instance.volume(name, args.size);
        const adopted = path !== undefined || existing !== undefined;
        const disk = mebibytes(size);
        const volume = claim(instance, this, name, { size: args.size, node, followsPath: true });

        const server = engine === "postgres" ? postgres() : mysql(engine);
        const configMap = instance.add(
            this,
            "ConfigMap",
            name,
            { data: { ...server.files, "guard.sh": guardScript() } },
            { node },
        );
        const upgrades = upgradeFrom !== undefined && upgradesInPlace(upgradeFrom, series);
        dataServer(instance, this, node, {
            pod: {
                initContainers: [
                    guardContainer({
                        engine,
                        series,
                        upgradeFrom,
                        claim: volume,
                        data: engine === "postgres" ? postgresPath(series, path) : mysqlPath(path),
                        adopted,
                        key: instance.path("volumes", name),
                        database: args.database,
                        configMap,
                    }),
                ],
                containers: server.containers({
                    database: args.database,
                    user: args.user,
                    secrets,
                    claim: volume,
                    path,
                    adopted,
                    configMap,
                    resources: args.resources,
                    upgrades,
                }),
                // Uid of the server's user in the official images.
                user: engine === "postgres" && image.tag.includes("alpine") ? 70 : 999,
                // Time to write dirty pages back: a kill would mean recovery at the next start.
                graceSeconds: 120,
            },
            series: guardedSeries(instance, name, series, upgradeFrom),
        });

        function mysql(kind: "mariadb" | "mysql") {
            const sizes = mysqlSizes(kind, limit, disk);
            const files = {
                "plinth.cnf": configurationFile(kind, sizes, { extra: args.arguments, path }),
                "start.sh": startScript(kind),
            };
            return { files, containers: (made: ServerArgs): ContainerArgs[] => [mysqlContainer(kind, made)] };
        }
        function postgres() {
            const sizes = postgresSizes(limit, disk);
            const files = { "accounts.sh": accountsScript(), "accounts.sql": accountStatements };
            return { files, containers: (made: ServerArgs) => postgresContainers(made, series, sizes, args.arguments) };
        }
    }
}
