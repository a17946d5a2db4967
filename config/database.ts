import { z } from "zod";
import { cidr, line, port, server } from "./fields";
import { own, ownOnly } from "./own";
import { suggest } from "./problems";
import { secretsOf } from "./secrets";

export const engines = ["mariadb", "mysql", "postgres"] as const;
export type Engine = (typeof engines)[number];

/** Where a server listens unless told otherwise. */
export const databasePorts: Readonly<Record<Engine, number>> = { mariadb: 3306, mysql: 3306, postgres: 5432 };

/** What somebody else has named: a database, a virtual host, a user. */
export const outsideName = line.max(128, "is longer than 128 characters");

/**
 * For lists that a platform's author writes, also where nothing is compiled.
 *
 * @throws RangeError naming the first that is not among those allowed
 */
export function checkNames(what: string, names: readonly string[], allowed: readonly string[]): void {
    for (const name of names)
        if (!allowed.includes(name))
            throw new RangeError(`"${name}" is no ${what}${suggest(name, allowed)}; allowed: ${allowed.join(", ")}`);
    if (names.length === 0) throw new RangeError(`no ${what} is named; allowed: ${allowed.join(", ")}`);
}

/** What is common to every service outside the cluster. */
export const outside = {
    host: server,
    /** @default the engine's own */
    port: port.optional(),
    /** Ranges in which the server lives, for the NetworkPolicy. @default the host when it is an address, else anywhere */
    cidrs: z.array(cidr).default([]),
};

/** What fits into SQL of every engine unquoted, and into the arguments of its tools. */
const identifier = z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,31}$/, "allowed: at most 32 letters, digits, '_' and '-'");

/** What is common to every database in the cluster. */
const inside = {
    /** Name of the database: that of data which were there before. @default the platform's */
    name: ownOnly(identifier.optional()),
    /** The platform's user in it, who owns its tables. @default the platform's */
    user: ownOnly(
        identifier
            .refine((name) => !["root", "postgres"].includes(name), "allowed: a user other than the administrator")
            .optional(),
    ),
    /**
     * Consent to a new major version, by the name of the one that wrote the data: `mariadb 11.4`. Back up first.
     *
     * @default none: another major version is refused
     */
    upgradeFrom: ownOnly(
        z
            .string()
            .regex(
                /^(mariadb|mysql) \d+\.\d+$|^postgres \d+$/,
                'allowed: engine and major version, such as "mariadb 11.4" or "postgres 16"',
            )
            .optional(),
    ),
};

const single = (allowed: readonly [Engine, ...Engine[]]) =>
    z.strictObject({
        /** One server in the cluster, on a volume of its own. */
        topology: z.literal("single"),
        engine: z.enum(allowed).default(() => allowed[0]),
        ...inside,
    });

/** The most replicas of one source: each takes all of its writes. */
export const mostReplicas = 8;

const ordinal = z.int().min(0).max(mostReplicas);

const replicated = z
    .strictObject({
        /** One source, which takes all writes, and replicas of it, each a server on a volume of its own. */
        topology: z.literal("replicated"),
        engine: z.literal("mariadb").default("mariadb"),
        ...inside,
        /** Servers beside the source. */
        replicas: z.int().min(1).max(mostReplicas).default(1),
        /** Ordinal of the member that is the source: another one makes that the source, once it has all that was committed. */
        source: ownOnly(ordinal.default(0)),
        /** Ordinals of members that are gone for good: a new source does not wait for what only they may hold. */
        lost: ownOnly(z.array(ordinal).default([])),
        /** Whether a commit waits until a replica has it, for ten seconds at most. */
        synchronous: z.boolean().default(true),
        /** Age in seconds up to which what a replica says may be old; beyond it, it answers no reads. */
        maxLagSeconds: z.int().min(1).max(3600).default(30),
        /** Who answers reads: all `members`, the source, too, so that they are answered while no replica is ready; or `replicas` only. */
        readFrom: z.enum(["members", "replicas"]).default("members"),
    })
    .superRefine(({ replicas, source, lost }, { addIssue }) => {
        const issue = (key: string, message: string) =>
            addIssue({ code: "custom", path: [key], message: `allowed: ${message}` });
        if (source > replicas) issue("source", `0 to ${replicas}, since there are ${replicas + 1} members`);
        if (lost.includes(source)) issue("lost", "members other than the source");
    });

const external = (allowed: readonly [Engine, ...Engine[]]) =>
    own(
        z.strictObject({
            /** A server outside the cluster, with a database and a user that exist; the password is `databasePassword` in plinth:secrets. */
            topology: z.literal("external"),
            engine: z.enum(allowed).default(() => allowed[0]),
            ...outside,
            /** Host that answers reads, such as the reader endpoint of Aurora; port, ranges and account are those of `host`. @default host */
            readHost: server.optional(),
            /** Name of the database. @default the platform's */
            name: outsideName.optional(),
            /** @default the platform's */
            user: ownOnly(outsideName.optional()),
        }),
        {
            what: "database",
            key: ["name"],
            // Two would overwrite each other's tables.
            identity: ({ host, engine, port = databasePorts[engine], name }, { platform }) => [
                host,
                port,
                name ?? { ofPlatform: platform },
            ],
            fresh: (instance) => instance.replaceAll("-", "_"),
        },
    );

/** Every topology that there is, for the engines given. */
const optionsFor = (allowed: readonly [Engine, ...Engine[]]) =>
    ({ single: single(allowed), replicated, external: external(allowed) }) as const;

export type Topology = keyof ReturnType<typeof optionsFor>;

/**
 * The choice of a database, for platforms to take into their own schema.
 *
 * @param allowed engines that the platform runs on; the first is the default
 * @param topologies that the platform runs on
 * @throws RangeError when one of either is unknown
 */
export const databaseOf = (
    allowed: readonly [Engine, ...Engine[]],
    topologies: readonly Topology[] = ["single", "external"],
) => {
    checkNames("engine of a database", allowed, engines);
    const options = optionsFor(allowed);
    checkNames("topology of a database", topologies, Object.keys(options));
    // The type is that of all topologies, so that every platform's configuration fits the component.
    const chosen = topologies.map((topology) => options[topology]) as [
        typeof options.single,
        typeof options.replicated,
        typeof options.external,
    ];
    return z.discriminatedUnion("topology", chosen);
};

export const database = databaseOf(engines, ["single", "replicated", "external"]);

export type DatabaseConfig = z.infer<typeof database>;

/**
 * Secret keys that belong to a database, with what they are for.
 *
 * @param name of its component
 */
export const databaseSecretsOf = <Name extends string>(name: Name) =>
    secretsOf(name, {
        Password: `Password of the platform's user in the ${name}; required for an external one`,
        RootPassword: `Password of the ${name}'s administrator (root, postgres)`,
    });

export type DatabaseSecret<Name extends string> = keyof ReturnType<typeof databaseSecretsOf<Name>>;

/** Those of a component that is called `database`. */
export const databaseSecrets = databaseSecretsOf("database");
