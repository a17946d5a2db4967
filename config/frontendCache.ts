import { z } from "zod";
import { bytes, seconds } from "./fields";

const varnish = z.strictObject({
    type: z.literal("varnish"),
    /** Memory for what is kept; the container's limit is larger. Full, it drops what nobody has asked for longest. */
    memory: bytes.default("128Mi"),
    /** Seconds that a file is kept at most, and one that says nothing of it. @default 3600 (an hour) */
    ttlSeconds: seconds.default(3600),
    /** Seconds after that in which it still serves, while no pod behind the cache is well. @default 86400 (a day) */
    graceSeconds: seconds.default(86_400),
    /** Largest file that is kept: one larger would drive many others out. */
    maxFile: bytes.default("8Mi"),
});

/** The choice of a cache for files between load balancer and frontend, for platforms to take into their own schema. */
export const frontendCache = z.discriminatedUnion("type", [z.strictObject({ type: z.literal("none") }), varnish]);

export type FrontendCacheConfig = z.infer<typeof frontendCache>;
export type VarnishConfig = z.infer<typeof varnish>;
