import { z } from "zod";
import { inside } from "./insideDatabase";
import { dnsLabel } from "./scalars";

/** Engines of which an operator runs servers: CloudNativePG. */
export const operatedEngines = ["postgres"] as const;
export type OperatedEngine = (typeof operatedEngines)[number];

/** Whether an operator runs servers of an engine. */
export const hasOperator = (engine: string): engine is OperatedEngine =>
    (operatedEngines as readonly string[]).includes(engine);

/** Maximum number of members, because each receives all writes. */
const mostMembers = 9;

/**
 * The schema of a database that an operator runs.
 *
 * @param allowed engines that the platform supports; the first is the default
 */
export const operatedDatabase = (allowed: readonly [OperatedEngine, ...OperatedEngine[]]) =>
    z.strictObject({
        /**
         * Servers that an operator of the cluster runs: it makes them from objects of its own kinds, chooses the one
         * that takes writes, and repairs the others. The operator itself is not part of the stack.
         */
        topology: z.literal("operator"),
        engine: z.enum(allowed).default(() => allowed[0]),
        ...inside,
        /** Number of servers, each with its own volume; one of them takes writes. */
        members: z.int().min(1).max(mostMembers).default(3),
        /**
         * Whether a commit waits until another member has received it. With no other member that can, the writer
         * continues alone.
         */
        synchronous: z.boolean().default(true),
        /**
         * Which members answer reads: all, so that reads work without a ready replica, or only replicas.
         */
        readFrom: z.enum(["members", "replicas"]).default("members"),
        /** Namespace of the operator's pods, which connect to the members. */
        operatorNamespace: dnsLabel.default("cnpg-system"),
        /** PgBouncer between the platform and PostgreSQL, which keeps a connection for each session. @default none */
        pooler: z
            .strictObject({
                /** Number of pods. */
                instances: z.int().min(1).max(20).default(2),
                /** Connections of all clients that one pod takes. */
                maxClients: z.int().min(10).max(10_000).default(1000),
            })
            .optional(),
    });

export type OperatedDatabaseConfig = z.infer<ReturnType<typeof operatedDatabase>>;
