import { z } from "zod";
import { outside } from "./database";

export const cacheEngines = ["valkey", "redis"] as const;
export type CacheEngine = (typeof cacheEngines)[number];

const engine = z.enum(cacheEngines).default("valkey");

/** The choice of a cache, for platforms to take into their own schema. */
export const cache = z.discriminatedUnion("topology", [
    z.strictObject({
        /** One server in the cluster. */
        topology: z.literal("single"),
        engine,
        /** Whether keys survive a restart, on a volume of its own. */
        persistence: z.boolean().default(false),
        /** What goes when memory is full: https://valkey.io/topics/lru-cache/ */
        policy: z
            .enum([
                "allkeys-lru",
                "allkeys-lfu",
                "allkeys-random",
                "volatile-lru",
                "volatile-lfu",
                "volatile-random",
                "volatile-ttl",
                "noeviction",
            ])
            .default("allkeys-lru"),
    }),
    z.strictObject({
        /** A server outside the cluster; its password is `cachePassword` in plinth:secrets. */
        topology: z.literal("external"),
        engine,
        ...outside,
    }),
]);

export type CacheConfig = z.infer<typeof cache>;

/** Secret keys that belong to a cache, with what they are for. */
export const cacheSecrets = {
    cachePassword: "Password of the cache; required for an external one",
} as const;
