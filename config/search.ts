import { z } from "zod";
import { cidr, hostName } from "./fields";
import { isOrigin } from "./objectStorage";
import { own, ownHost } from "./own";
import { secretsOf } from "./secrets";

/** Port of a search engine in the cluster. */
export const searchPort = 7700;

/**
 * Prefix of the names of an instance's indexes. The underscore at its end, and none before, keeps one instance's prefix
 * from being the beginning of another's.
 *
 * https://www.meilisearch.com/docs/learn/getting_started/indexes#index-uid
 */
const indexPrefix = z
    .string()
    .regex(/^[A-Za-z0-9-]{1,100}_$/, "allowed: at most 100 letters, digits and '-', then '_', such as shop_");

/** The usual prefix, from the instance's namespace, which no other instance of the cluster has. */
export const indexPrefixOf = (namespace: string): string => `${namespace}_`;

const origin = z
    .string()
    .refine(isOrigin, "allowed: a URL such as https://search.example.org:7700, without user and path");

/**
 * The schema of a search engine (Meilisearch), for use in platforms' schemas.
 *
 * @param isPublic whether browsers search, so that a server in the cluster must have a host. @default false
 */
export const searchOf = ({ isPublic = false } = {}) =>
    z.discriminatedUnion("topology", [
        z.strictObject({
            /** One server in the cluster. Its volume holds only what the platform can index anew. */
            topology: z.literal("single"),
            /** Host under which browsers reach it through the edge. @default not reachable from outside */
            publicHost: ownHost<z.ZodType<string | undefined>>(isPublic ? hostName : hostName.optional()),
        }),
        own(
            z.strictObject({
                /** A server outside the cluster; its master key is `searchMasterKey` in plinth:secrets. */
                topology: z.literal("external"),
                url: origin,
                /** URL at which browsers reach it. @default url */
                publicUrl: origin.optional(),
                /** Prefix of the instance's indexes there. @default the instance's namespace and `_` */
                prefix: indexPrefix.optional(),
                /** Address ranges of the server, for the NetworkPolicy. @default its address, or any if it has a name */
                cidrs: z.array(cidr).default([]),
            }),
            {
                what: "index prefix",
                key: ["prefix"],
                // Two instances would find each other's documents.
                identity: ({ url, prefix }, { namespace }) => [new URL(url).origin, prefix ?? indexPrefixOf(namespace)],
                fresh: (instance) => `${instance}_`,
            },
        ),
    ]);

export const search = searchOf();

export type SearchConfig = z.infer<typeof search>;

/**
 * Secret keys for a search engine, each with its purpose.
 *
 * @param name of its component
 */
export const searchSecretsOf = <Name extends string>(name: Name) =>
    secretsOf(name, {
        MasterKey: {
            purpose: `Master key of the ${name} engine, from which the application's key is derived; required for an external one`,
            // In production the server does not start with a shorter one.
            min: 16,
        },
    });

export type SearchSecret<Name extends string> = keyof ReturnType<typeof searchSecretsOf<Name>>;

/** The secret keys of a component named `search`. */
export const searchSecrets = searchSecretsOf("search");
