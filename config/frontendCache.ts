import { z } from "zod";
import { bytes, seconds } from "./fields";

const varnish = z.strictObject({
    type: z.literal("varnish"),
    /**
     * Memory for cached files; the container's limit is larger. If it is full, the least recently used files are
     * evicted.
     */
    memory: bytes.default("128Mi"),
    /** Maximum seconds that a file is cached, and the default for files that do not set it. @default 3600 (an hour) */
    ttlSeconds: seconds.default(3600),
    /**
     * Seconds after that during which it is still served while no pod behind the cache is healthy. @default 86400 (a
     * day)
     */
    graceSeconds: seconds.default(86_400),
    /** Largest file that is cached: larger ones would evict many others. */
    maxFile: bytes.default("8Mi"),
});

/** The schema of a file cache between load balancer and frontend, for use in platforms' schemas. */
export const frontendCache = z.discriminatedUnion("type", [z.strictObject({ type: z.literal("none") }), varnish]);

export type VarnishConfig = z.infer<typeof varnish>;
