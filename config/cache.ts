import { z } from "zod";
import { checkNames, outside } from "./database";
import { own } from "./own";
import { secretsOf } from "./secrets";

/** Where a server listens unless told otherwise. */
export const cachePort = 6379;

export const cacheEngines = ["valkey", "redis"] as const;
export type CacheEngine = (typeof cacheEngines)[number];

const engine = z.enum(cacheEngines).default("valkey");

/** What goes when memory is full: https://valkey.io/topics/lru-cache/ */
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
    /** Those under which its users work; the first is the default. */
    readonly policies: readonly [P, ...P[]];
    /** Whether keys survive a restart unless the user says otherwise. @default false */
    readonly persistence?: boolean;
    /** What it is to an instance, where no two may have the same server outside. @default several may use one, each with a prefix */
    readonly own?: string;
}

/**
 * The choice of a cache, or of another server of the same protocol, for platforms to take into their own schema.
 *
 * @throws RangeError when a policy is unknown
 */
export function cacheOf<P extends Policy>({ policies: allowed, persistence = false, own: what }: Keeps<P>) {
    checkNames("policy of a cache", allowed, policies);
    return z.discriminatedUnion("topology", [
        z.strictObject({
            /** One server in the cluster. */
            topology: z.literal("single"),
            engine,
            /** Whether keys survive a restart, on a volume of its own. */
            persistence: z.boolean().default(persistence),
            policy: z.enum(allowed).default(() => allowed[0]),
        }),
        own(
            z.strictObject({
                /** A server outside the cluster; its password is in plinth:secrets, as `cachePassword` or by its own name. */
                topology: z.literal("external"),
                engine,
                ...outside,
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
 * Secret keys that belong to a cache, with what they are for.
 *
 * @param name of its component
 * @param what it is, in words. @default its name
 */
export const cacheSecretsOf = <Name extends string>(name: Name, what: string = name) =>
    secretsOf(name, { Password: `Password of the ${what}; required for an external one` });

export type CacheSecret<Name extends string> = keyof ReturnType<typeof cacheSecretsOf<Name>>;

/** Those of a component that is called `cache`. */
export const cacheSecrets = cacheSecretsOf("cache");
