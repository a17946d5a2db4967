import { z } from "zod";
import { checkNames, outside } from "./database";
import { own } from "./own";
import { secretsOf } from "./secrets";
import { noTls, serverTls } from "./serverTls";

/** Default port of a cache. */
export const cachePort = 6379;

export const cacheEngines = ["valkey", "redis"] as const;

const engine = z.enum(cacheEngines).default("valkey");

/** Eviction policies: https://valkey.io/topics/lru-cache/ */
export const policies = [
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "noeviction",
] as const;
type Policy = (typeof policies)[number];

interface Keeps<P extends Policy> {
    /** The policies that the cache's clients can work with; the first is the default. */
    readonly policies: readonly [P, ...P[]];
    /** Whether keys survive a restart by default. @default false */
    readonly persistence?: boolean;
    /**
     * What the server is used for, if no two instances may share an external one. @default several may share one, each
     * with a prefix
     */
    readonly own?: string;
    /** Whether the programs that connect to an external one have no TLS. @default false */
    readonly plain?: boolean;
}

/**
 * The schema of a cache, or of another server with the same protocol, for use in platforms' schemas.
 *
 * @throws RangeError if a policy is unknown
 */
export function cacheOf<P extends Policy>({
    policies: allowed,
    persistence = false,
    own: what,
    plain = false,
}: Keeps<P>) {
    checkNames("policy of a cache", allowed, policies);
    return z.discriminatedUnion("topology", [
        z.strictObject({
            /** One server in the cluster. */
            topology: z.literal("single"),
            engine,
            /** Whether keys survive a restart, on a separate volume. */
            persistence: z.boolean().default(persistence),
            policy: z.enum(allowed).default(() => allowed[0]),
        }),
        own(
            z.strictObject({
                /**
                 * A server outside the cluster; its password is in plinth:secrets, as `cachePassword` or under the
                 * component's own name.
                 */
                topology: z.literal("external"),
                engine,
                ...outside,
                tls: plain ? noTls : serverTls,
            }),
            ...(what === undefined
                ? []
                : [
                      {
                          what,
                          key: ["host"],
                          identity: ({ host, port = cachePort }: { host: string; port?: number | undefined }) => [
                              host,
                              port,
                          ],
                      },
                  ]),
        ),
    ]);
}

export const cache = cacheOf({ policies });

export type CacheConfig = z.infer<typeof cache>;

/**
 * Secret keys for a cache, each with its purpose.
 *
 * @param name of its component
 * @param its description. @default its name
 */
export const cacheSecretsOf = <Name extends string>(name: Name, what: string = name) =>
    secretsOf(name, { Password: `Password of the ${what}; required for an external one` });

export type CacheSecret<Name extends string> = keyof ReturnType<typeof cacheSecretsOf<Name>>;

/** The secret keys of a component named `cache`. */
export const cacheSecrets = cacheSecretsOf("cache");
