import { z } from "zod";
import { inside, memberCounts } from "./insideDatabase";
import { dnsLabel } from "./scalars";

/** Engines of which an operator runs servers: mariadb-operator, CloudNativePG. */
export const operatedEngines = ["mariadb", "postgres"] as const;
export type OperatedEngine = (typeof operatedEngines)[number];

/** Whether an operator runs servers of an engine. */
export const hasOperator = (engine: string): engine is OperatedEngine =>
    (operatedEngines as readonly string[]).includes(engine);

/** Where each engine's operator runs unless its user has chosen another namespace. */
export const operatorNamespaces: Readonly<Record<OperatedEngine, string>> = {
    mariadb: "mariadb-operator",
    postgres: "cnpg-system",
};

/** Maximum number of members, because each receives all writes. */
const mostMembers = 9;

/**
 * The schema of a database that an operator runs.
 *
 * @param allowed engines that the platform supports; the first is the default
 */
export const operatedDatabase = (allowed: readonly [OperatedEngine, ...OperatedEngine[]]) =>
    z
        .strictObject({
            /**
             * Servers that an operator of the cluster runs: it makes them from objects of its own kinds, chooses the
             * one that takes writes, and repairs the others. The operator itself is not part of the stack.
             */
            topology: z.literal("operator"),
            engine: z.enum(allowed).default(() => allowed[0]),
            ...inside,
            /** Number of servers, each with its own volume; one of them takes writes. MariaDB: 3 or 5. */
            members: z.int().min(1).max(mostMembers).default(3),
            /**
             * Whether a commit waits until another member has received it. With no other member that can, the writer
             * continues alone. Always with MariaDB, whose members all have a commit when it is answered.
             */
            synchronous: z.boolean().default(true),
            /**
             * Which members answer reads: all, so that reads work without a ready replica, or only replicas.
             */
            readFrom: z.enum(["members", "replicas"]).default("members"),
            /**
             * Namespace of the operator's pods, which connect to the members. @default `mariadb-operator` or
             * `cnpg-system`
             */
            operatorNamespace: dnsLabel.optional(),
            /** PgBouncer between the platform and PostgreSQL, which keeps a connection for each session. @default none */
            pooler: z
                .strictObject({
                    /** Number of pods. */
                    instances: z.int().min(1).max(20).default(2),
                    /** Connections of all clients that one pod takes. */
                    maxClients: z.int().min(10).max(10_000).default(1000),
                })
                .optional(),
        })
        .superRefine(({ engine, members, synchronous, pooler }, { addIssue }) => {
            if (engine !== "mariadb") return;
            const issue = (key: string, message: string) => addIssue({ code: "custom", path: [key], message });
            if (!(memberCounts as readonly number[]).includes(members))
                issue("members", `allowed with MariaDB: ${memberCounts.join(", ")}`);
            if (!synchronous)
                issue("synchronous", "allowed with MariaDB: true, because Galera's members commit together");
            if (pooler !== undefined)
                issue("pooler", "is for PostgreSQL, whose connections cost a process each; allowed: no such key");
        });

export type OperatedDatabaseConfig = z.infer<ReturnType<typeof operatedDatabase>>;
