import { createHmac } from "node:crypto";
import { Component, type ComponentOptions } from "../component";
import { Value } from "../../config/value";
import { type DatabaseConfig, databasePorts, type DatabaseSecret, type Engine } from "../../config/database";
import { type Image, images } from "../../config/images";
import type { ResourcesConfig } from "../../config/fields";
import { clusterService } from "../deployment";
import { type Clients, type Outside, outside, rangesOf, requiredSecret } from "../external";
import { type Node, type SecretRef, Service } from "../graph";
import type { HasNode, Instance } from "../instance";
import type { SecretValue } from "../kinds";
import { metricsRules } from "../metrics";
import { galeraObjects, galeraServices, joinGroup, memberHosts } from "./galera";
import { galeraPorts } from "./galera/files";
import { declareMember, type MemberArgs } from "./member";
import { exporterConfiguration, metricsPorts, metricsUser } from "./metrics";
import { initStatements, metricsStatements } from "./mysql";
import { operatedMariadb } from "./operator/mariadb";
import { operatedPostgres } from "./operator/postgres";
import { replicationUser } from "./replication";
import { declareMembers, joinMembers, type Members } from "./replicated";
import { galeraSeries, guardedSeries, imageSeries } from "./series";

/** Settings that a database offers to its clients. */
export type DatabaseSettings = { readonly name: string; readonly user: string; readonly password: SecretRef };

export interface DatabaseArgs extends Clients {
    readonly config: DatabaseConfig;
    /** Name of the database: letters, digits, `_` and `-`. */
    readonly database: string;
    /** The platform's user, which owns that database: letters, digits, `_` and `-`; neither root nor postgres. */
    readonly user: string;
    /** Resources of the server's container; the server's caches are sized from the memory. */
    readonly resources: ResourcesConfig & { readonly memory: string };
    /** Size of the volume. */
    readonly size: string;
    /** Additional server settings by name, which override the component's own. @default none */
    readonly settings?: Readonly<Record<string, string>>;
    /** Image of the server and its clients, laid out as the engine's official one. @default the official one */
    readonly image?: Image;
    /** Extensions of PostgreSQL in the platform's database, which only the administrator can create. @default none */
    readonly extensions?: readonly string[];
    /** Where the user agrees to other versions, for messages. @default the component's key in the instance */
    readonly settingsAt?: string;
}

const ports: Readonly<Record<Engine, Readonly<Record<string, number>>>> = {
    mariadb: { mysql: databasePorts.mariadb },
    mysql: { mysql: databasePorts.mysql },
    postgres: { postgresql: databasePorts.postgres },
};

type Inside = MemberArgs["config"];

interface Secrets {
    readonly password: SecretRef;
    readonly rootPassword: SecretRef;
    readonly metrics: SecretRef | undefined;
    readonly replicationPassword: SecretRef | undefined;
}

/**
 * A relational database: one server with its own volume, a source with replicas, the members of a Galera cluster,
 * servers that an operator runs, or an external server.
 *
 * The service's settings are `host`, `port`, `name`, `user` and `password`. Its secret keys are the component's name
 * with `Password` and `RootPassword`. A changed password is applied to existing data at the next start of the pod,
 * which the change triggers.
 *
 * @throws RangeError if the platform's names for database or user would need quoting in SQL
 */
export class Database<Name extends string = string> extends Component implements HasNode {
    /** The server that accepts writes. Dependents of the database wait for it. */
    readonly node: Node;
    /** Answers writes and reads. */
    readonly service: Service<DatabaseSettings>;
    /**
     * Answers reads, with the same settings: {@link service} itself if there are no replicas. Its data may lag behind.
     */
    readonly readService: Service<DatabaseSettings>;
    readonly engine: Engine;
    /** Image with the server's own clients. */
    readonly image: Image;
    /** Like {@link service}, never through a pooler: for dumps. */
    readonly direct: Service<DatabaseSettings>;
    /** The administrator's password; for an external database only if the user has set it. */
    readonly rootPassword: SecretRef | undefined;

    constructor(
        instance: Instance<DatabaseSecret<NoInfer<Name>>>,
        name: Name,
        given: DatabaseArgs,
        opts?: ComponentOptions,
    ) {
        super(instance, "Database", name, opts);
        const { config } = given;
        const args = { ...given, database: config.name ?? given.database, user: config.user ?? given.user };
        for (const identifier of [given.database, given.user])
            if (!/^[A-Za-z0-9_-]{1,32}$/.test(identifier))
                throw new RangeError(`"${identifier}" is not a valid name for a database or its user`);
        if (["root", "postgres"].includes(given.user))
            throw new RangeError(`"${given.user}" is the administrator; the platform needs its own user`);

        this.engine = config.engine;
        this.image = args.image ?? images[config.engine];
        if (config.topology === "external") {
            this.node = instance.addNode(name, { kind: "database", pods: false });
            const { password, rootPassword } = this.outsideSecrets(instance, name);
            this.rootPassword = rootPassword;
            const settings = { name: args.database, user: args.user, password };
            [this.service, this.readService] = this.outside(instance, config, settings, args);
            this.direct = this.service;
        } else if (config.topology === "operator") {
            const passwords = this.passwords(instance, name);
            const { database, user, resources, size, settings, settingsAt } = args;
            const common = { config, passwords, database, user, resources, size, settings, settingsAt };
            const operated = config.engine === "mariadb" ? operatedMariadb : operatedPostgres;
            const made = operated(instance, this, name, { ...common, clients: this.image });
            ({ node: this.node, service: this.service, readService: this.readService } = made);
            ({ direct: this.direct, rootPassword: this.rootPassword } = made);
        } else {
            const needs = metricsRules(instance.cluster.monitoringNamespace, metricsPorts[config.engine]);
            const members = config.topology === "replicated" ? joinMembers(instance, name, config, needs) : undefined;
            const first =
                members?.nodes[0] ??
                (config.topology === "galera"
                    ? joinGroup(instance, name, needs)
                    : instance.addNode(name, { kind: "database", networkRules: needs }));
            this.node = members?.source ?? first;
            const secrets = this.secrets(instance, name, first, args, config);
            this.rootPassword = secrets.rootPassword;
            const settings = { name: args.database, user: args.user, password: secrets.password };
            // Writers, too, may connect to every member: a new source must not wait for network policies.
            const at = (host: string) =>
                new Service(first.id, host, ports[config.engine], settings, undefined, members?.ids.slice(1));
            this.service = at(instance.host(name));
            this.direct = this.service;
            this.readService = members
                ? at(instance.host(members.readName))
                : config.topology === "galera"
                  ? new Service(
                        first.id,
                        instance.host(galeraServices(name).reads),
                        { server: galeraPorts.server },
                        settings,
                    )
                  : this.service;
            this.inside(instance, first, args, config, secrets, members);
        }
        this.registerOutputs({ host: this.service.host });
    }

    private outside(
        instance: Instance,
        config: Extract<DatabaseConfig, { topology: "external" }>,
        settings: DatabaseSettings,
        { anyName = false }: DatabaseArgs,
    ): [Service<DatabaseSettings>, Service<DatabaseSettings>] {
        const { engine, readHost, port, cidrs } = config;
        const [[portName, usual]] = Object.entries(ports[engine]) as [[string, number]];
        const at = ({ host, external }: Outside) =>
            new Service(this.node.id, host, { [portName]: port ?? usual }, settings, external);
        // Every program that uses PostgreSQL's library can.
        const server = outside(instance, this, this.node, config, { anyName: engine === "postgres" || anyName });
        const { tls } = server.external;
        if (readHost && tls?.address !== undefined)
            instance.problem(
                [this.node.name, "tls", "serverName"],
                "is the name of one server, and not allowed with readHost; set both hosts to the names in their certificates",
            );
        const external = { ...(tls ? { tls } : {}), cidrs: rangesOf(readHost ?? "", cidrs) };
        const service = at(server);
        return [service, readHost ? at({ host: readHost, external }) : service];
    }

    private outsideSecrets(
        instance: Instance<DatabaseSecret<Name>>,
        name: Name,
    ): { password: SecretRef; rootPassword: SecretRef | undefined } {
        const { node } = this;
        const password = requiredSecret(instance, name, `${name}Password`);
        const root = instance.secretValue(`${name}RootPassword`);
        return {
            password: instance.secret(this, node.name, { password }, { node }).password,
            rootPassword:
                root && instance.secret(this, `${node.name}-root`, { rootPassword: root }, { node }).rootPassword,
        };
    }

    private passwords(instance: Instance<DatabaseSecret<Name>>, name: Name) {
        return {
            password: instance.password(`${name}-password`, `${name}Password`),
            rootPassword: instance.password(`${name}-root-password`, `${name}RootPassword`),
        };
    }

    private secrets(
        instance: Instance<DatabaseSecret<Name>>,
        name: Name,
        node: Node,
        { database, user }: DatabaseArgs,
        { engine, topology }: Inside,
    ): Secrets {
        const { password, rootPassword } = this.passwords(instance, name);
        // Accounts that only the pods themselves use, so that their passwords need not be known or kept.
        const own = (account: string) =>
            rootPassword.map((root) => createHmac("sha256", root).update(account).digest("hex").slice(0, 32));
        const replication = topology === "replicated" ? own(replicationUser) : undefined;
        const metrics = instance.cluster.monitoringNamespace ? own(metricsUser) : undefined;
        const statements = (kind: "mariadb" | "mysql") =>
            Value.all([password, rootPassword, replication, metrics]).map(
                ([userPassword, root, replicationPassword, metricsPassword]) =>
                    initStatements(kind, {
                        ...{ database, user, password: userPassword, rootPassword: root },
                        ...{ replicationPassword, metricsPassword, galera: topology === "galera" },
                    }),
            );
        const secret = <K extends string>(suffix: string, values: { readonly [Key in K]: SecretValue<Key> }) =>
            instance.secret(this, `${node.name}${suffix}`, values, { node });
        const files = (kind: "mariadb" | "mysql", of: Value<string>) => ({
            password: of,
            // Read by the exporter and by the first start of its server.
            "exporter.cnf": of.map((value) =>
                exporterConfiguration(value, topology === "galera" ? galeraPorts.server : databasePorts[kind]),
            ),
            "metrics.sql": of.map((value) => metricsStatements(kind, value)),
        });
        return {
            // Separate Secrets, so that users of the platform's password cannot see the others.
            password: secret("", { password }).password,
            rootPassword: (engine === "postgres"
                ? secret("-root", { rootPassword })
                : secret("-root", { rootPassword, "init.sql": statements(engine) })
            ).rootPassword,
            metrics:
                metrics &&
                (engine === "postgres"
                    ? secret("-metrics", { password: metrics })
                    : secret("-metrics", files(engine, metrics))
                ).password,
            replicationPassword: replication && secret("-replication", { password: replication }).password,
        };
    }

    private inside(
        instance: Instance,
        first: Node,
        args: DatabaseArgs,
        config: Inside,
        { replicationPassword, ...secrets }: Secrets,
        members: Members | undefined,
    ): void {
        const { engine, upgradeFrom } = config;
        const series = imageSeries(instance, engine, instance.image(this.image), this.image);
        const member: MemberArgs = {
            config,
            database: args.database,
            user: args.user,
            secrets,
            resources: args.resources,
            size: args.size,
            settings: args.settings,
            image: this.image,
            extensions: args.extensions ?? [],
            series: guardedSeries(
                instance,
                first.name,
                config.topology === "galera" ? galeraSeries(series) : series,
                upgradeFrom,
                { settingsAt: args.settingsAt },
            ),
        };
        if (config.topology === "galera") {
            const begin = galeraObjects(instance, this, first, config);
            const hosts = memberHosts(instance, first.name, config);
            declareMember(instance, this, first, { ...member, galera: { config, hosts, begin } });
        } else if (members) {
            declareMembers(instance, this, members, { ...member, password: replicationPassword! });
        } else {
            declareMember(instance, this, first, member);
            clusterService(instance, this, first, ports[engine]);
        }
    }
}
