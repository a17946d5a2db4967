import { isIP } from "node:net";
import { z } from "zod";
import { outsideName } from "./database";
import { cidr, port, server } from "./fields";
import { own, ownOnly } from "./own";
import { secretsOf } from "./secrets";
import { ownAuthority, verifiedName } from "./serverTls";

/** Default port of a document store. */
export const documentStorePort = 27017;

/** A name that every client and every tool takes unquoted. */
const identifier = z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,31}$/, "allowed: at most 32 letters, digits, '_' and '-'");

/** https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions */
const databaseName = z
    .string()
    .regex(
        /^[^/\\. "$*<>:|?\p{Cc}]{1,63}$/u,
        'allowed: at most 63 characters, without spaces and / \\ . " $ * < > : | ?',
    );

const external = z
    .strictObject({
        /**
         * A server outside the cluster, with an existing database and user; the password is in plinth:secrets, under
         * the component's name and `Password`.
         */
        topology: z.literal("external"),
        /** Members of one replica set, or one server. With `srv` the name whose SRV records list them. */
        hosts: z.array(server).min(1, "allowed: at least one host"),
        /** Whether the members are looked up in DNS, as in `mongodb+srv://`. */
        srv: z.boolean().default(false),
        /** Port of all members. @default 27017 */
        port: port.optional(),
        /** @default true with `srv`, else false */
        tls: z
            .union([z.boolean(), z.strictObject({ ...ownAuthority, ...verifiedName })], {
                error: ({ input }) => (typeof input === "object" ? undefined : "allowed: true, false or {ca}"),
            })
            .optional(),
        /** Name of the replica set. With `srv`, DNS may tell it. @default none: a single server */
        replicaSet: outsideName.optional(),
        /** Database that the user is defined in. */
        authSource: databaseName.default("admin"),
        /** Name of the database. @default the platform's */
        name: databaseName.optional(),
        /** @default the platform's */
        user: ownOnly(outsideName.optional()),
        /** Address ranges of the members, for the NetworkPolicy. @default their addresses, or any if one has a name */
        cidrs: z.array(cidr).default([]),
    })
    .superRefine(({ hosts, srv, replicaSet }, { addIssue }) => {
        const issue = (key: string, message: string) =>
            addIssue({ code: "custom", path: [key], message: `allowed: ${message}` });
        if (srv && (hosts.length > 1 || isIP(hosts[0]!) > 0))
            issue("hosts", "with srv one host name, whose SRV records list the members");
        else if (hosts.length > 1 && replicaSet === undefined)
            issue("replicaSet", "the name of the replica set, whenever there are several hosts");
    });

/** The schema of a document store (MongoDB), for use in platforms' schemas. */
export const documentStore = z.discriminatedUnion("topology", [
    z.strictObject({
        /** One server in the cluster, with its own volume: a replica set with one member. */
        topology: z.literal("single"),
        /** Name of the database, for existing data. @default the platform's */
        name: ownOnly(identifier.optional()),
        /** @default the platform's */
        user: ownOnly(
            identifier
                .refine((name) => !["root", "plinth"].includes(name), "allowed: any user except root and plinth")
                .optional(),
        ),
        /**
         * Consent to the next major version, as the version that wrote the data: `mongo 6.0`. Back up first: the data
         * are marked as the new version's, and the old one does not open them any more.
         *
         * @default none: a different version is refused
         */
        upgradeFrom: ownOnly(
            z
                .string()
                .regex(/^mongo \d+\.\d+$/, 'allowed: "mongo" with major and minor version, such as "mongo 6.0"')
                .optional(),
        ),
    }),
    own(external, {
        what: "database",
        key: ["name"],
        // Two instances would overwrite each other's documents.
        identity: ({ hosts, port = documentStorePort, name }, { platform }) => [
            [...hosts].sort(),
            port,
            name ?? { ofPlatform: platform },
        ],
        fresh: (instance) => instance.replaceAll("-", "_"),
    }),
]);

export type DocumentStoreConfig = z.infer<typeof documentStore>;

/**
 * Secret keys for a document store, each with its purpose.
 *
 * @param name of its component
 */
export const documentStoreSecretsOf = <Name extends string>(name: Name) =>
    secretsOf(name, {
        Password: `Password of the platform's user in the ${name}; required for an external one`,
        RootPassword: `Password of the administrator (root) of the ${name}`,
    });

export type DocumentStoreSecret<Name extends string> = keyof ReturnType<typeof documentStoreSecretsOf<Name>>;

/** The secret keys of a component named `documents`. */
export const documentStoreSecrets = documentStoreSecretsOf("documents");
