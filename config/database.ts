import { z } from "zod";
import { cidr, imageReference, line, port, server } from "./fields";
import { inside, memberCounts } from "./insideDatabase";
import { hasOperator, operatedDatabase, type OperatedEngine } from "./operatedDatabase";
import { own, ownOnly } from "./own";
import { suggest } from "./problems";
import { secretsOf } from "./secrets";
import { noTls, serverTls } from "./serverTls";

export const engines = ["mariadb", "mysql", "postgres"] as const;
export type Engine = (typeof engines)[number];

/** Default ports of the engines. */
export const databasePorts: Readonly<Record<Engine, number>> = { mariadb: 3306, mysql: 3306, postgres: 5432 };

/** A name defined outside the stack: of a database, a virtual host, a user. */
export const outsideName = line.max(128, "is longer than 128 characters");

/**
 * Checks a list in a platform's definition, which may never have been compiled.
 *
 * @throws RangeError that names the first entry that is not allowed
 */
export function checkNames(what: string, names: readonly string[], allowed: readonly string[]): void {
    for (const name of names)
        if (!allowed.includes(name))
            throw new RangeError(
                `"${name}" is not a known ${what}${suggest(name, allowed)}; allowed: ${allowed.join(", ")}`,
            );
    if (names.length === 0) throw new RangeError(`no ${what} is named; allowed: ${allowed.join(", ")}`);
}

/** Fields that all external services have in common. */
export const outside = {
    host: server,
    /** @default the engine's default */
    port: port.optional(),
    /** Address ranges of the server, for the NetworkPolicy. @default the host if it is an address, else any */
    cidrs: z.array(cidr).default([]),
    tls: serverTls,
};

const single = (allowed: readonly [Engine, ...Engine[]]) =>
    z.strictObject({
        /** One server in the cluster, with its own volume. */
        topology: z.literal("single"),
        engine: z.enum(allowed).default(() => allowed[0]),
        ...inside,
        /**
         * For PostgreSQL, an image of `upgradeFrom`, such as the one that wrote the data: its programs dump them, and
         * the new version loads them into a directory of its own. @default none: the user dumps and loads
         */
        upgradeImage: ownOnly(imageReference.optional()),
    });

/** Maximum number of replicas of one source, because each receives all of its writes. */
export const mostReplicas = 8;

const ordinal = z.int().min(0).max(mostReplicas);

const replicated = z
    .strictObject({
        /** One source, which accepts all writes, and its replicas, each a server with its own volume. */
        topology: z.literal("replicated"),
        engine: z.literal("mariadb").default("mariadb"),
        ...inside,
        /** Number of replicas, not counting the source. */
        replicas: z.int().min(1).max(mostReplicas).default(1),
        /** Ordinal of the member that is the source. Changing it promotes another member, once that has all commits. */
        source: ownOnly(ordinal.default(0)),
        /** Ordinals of permanently lost members: a new source does not wait for commits that only they may have. */
        lost: ownOnly(z.array(ordinal).default([])),
        /** Whether a commit waits until a replica has received it, for at most ten seconds. */
        synchronous: z.boolean().default(true),
        /** Maximum lag in seconds of a replica that answers reads. */
        maxLagSeconds: z.int().min(1).max(3600).default(30),
        /**
         * Which servers answer reads: all `members`, including the source, so that reads work without a ready replica;
         * or only `replicas`.
         */
        readFrom: z.enum(["members", "replicas"]).default("members"),
    })
    .superRefine(({ replicas, source, lost }, { addIssue }) => {
        const issue = (key: string, message: string) =>
            addIssue({ code: "custom", path: [key], message: `allowed: ${message}` });
        if (source > replicas) issue("source", `0 to ${replicas}, because there are ${replicas + 1} members`);
        if (lost.includes(source)) issue("lost", "members other than the source");
    });

const galera = z
    .strictObject({
        /** Members that hold the same data, of which a majority goes on without the others; one of them takes all writes. */
        topology: z.literal("galera"),
        engine: z.literal("mariadb").default("mariadb"),
        ...inside,
        /** Number of members: an even one tolerates no more losses than the one below it. */
        members: z
            .int()
            .refine(
                (count) => (memberCounts as readonly number[]).includes(count),
                `allowed: ${memberCounts.join(", ")}`,
            )
            .default(3),
        /**
         * Consent to begin without members that cannot be asked, after all were lost: which one begins, and the position
         * that it has recovered, as its log says. It counts once. @default none: all members are waited for
         */
        begin: ownOnly(
            z
                .strictObject({
                    member: z
                        .int()
                        .min(0)
                        .max(Math.max(...memberCounts) - 1),
                    position: z
                        .string()
                        .regex(
                            /^(none|broken|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:-?\d+)$/,
                            "allowed: none, broken, or a UUID, a colon and a number, as the member's log says",
                        ),
                })
                .optional(),
        ),
    })
    .superRefine(({ members, begin }, { addIssue }) => {
        if (begin && begin.member >= members)
            addIssue({
                code: "custom",
                path: ["begin", "member"],
                message: `allowed: 0 to ${members - 1}, because there are ${members} members`,
            });
    });

const external = (allowed: readonly [Engine, ...Engine[]], plain = false) =>
    own(
        z.strictObject({
            /**
             * A server outside the cluster, with an existing database and user; the password is `databasePassword` in
             * plinth:secrets.
             */
            topology: z.literal("external"),
            engine: z.enum(allowed).default(() => allowed[0]),
            ...outside,
            tls: plain ? noTls : serverTls,
            /**
             * Host that answers reads, such as the reader endpoint of Aurora, with the port, ranges and account of
             * `host`. @default host
             */
            readHost: server.optional(),
            /** Name of the database. @default the platform's */
            name: outsideName.optional(),
            /** @default the platform's */
            user: ownOnly(outsideName.optional()),
        }),
        {
            what: "database",
            key: ["name"],
            // Two instances would overwrite each other's tables.
            identity: ({ host, engine, port = databasePorts[engine], name }, { platform }) => [
                host,
                port,
                name ?? { ofPlatform: platform },
            ],
            fresh: (instance) => instance.replaceAll("-", "_"),
        },
    );

/** All topologies, for the given engines. */
const optionsFor = (allowed: readonly [Engine, ...Engine[]], plain?: boolean) =>
    ({
        single: single(allowed),
        replicated,
        galera,
        // Refused below if it supports none of the engines.
        operator: operatedDatabase(allowed.filter(hasOperator) as [OperatedEngine, ...OperatedEngine[]]),
        external: external(allowed, plain),
    }) as const;

export type Topology = keyof ReturnType<typeof optionsFor>;

/**
 * The schema of a database, for use in platforms' schemas.
 *
 * @param allowed engines that the platform supports; the first is the default
 * @param topologies that the platform supports
 * @param plain whether the programs that connect to an external one have no TLS. @default false
 * @throws RangeError if an engine or a topology is unknown
 */
export const databaseOf = (
    allowed: readonly [Engine, ...Engine[]],
    topologies: readonly Topology[] = ["single", "external"],
    { plain = false } = {},
) => {
    checkNames("engine of a database", allowed, engines);
    const options = optionsFor(allowed, plain);
    checkNames("topology of a database", topologies, Object.keys(options));
    if (topologies.includes("operator")) checkNames("engine of an operator", allowed.filter(hasOperator), engines);
    // The type covers all topologies, so that every platform's configuration fits the component.
    const chosen = topologies.map((topology) => options[topology]) as [
        typeof options.single,
        typeof options.replicated,
        typeof options.galera,
        typeof options.operator,
        typeof options.external,
    ];
    return z.discriminatedUnion("topology", chosen);
};

export const database = databaseOf(engines, ["single", "replicated", "galera", "operator", "external"]);

export type DatabaseConfig = z.infer<typeof database>;

export type GaleraConfig = Extract<DatabaseConfig, { topology: "galera" }>;

/**
 * Secret keys for a database, each with its purpose.
 *
 * @param name of its component
 */
export const databaseSecretsOf = <Name extends string>(name: Name) =>
    secretsOf(name, {
        Password: `Password of the platform's user in the ${name}; required for an external one`,
        RootPassword: `Password of the ${name}'s administrator (root, postgres)`,
    });

export type DatabaseSecret<Name extends string> = keyof ReturnType<typeof databaseSecretsOf<Name>>;

/** The secret keys of a component named `database`. */
export const databaseSecrets = databaseSecretsOf("database");
