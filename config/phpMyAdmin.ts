import { z } from "zod";
import { bytes, cidr, hostName } from "./fields";
import { ownHost } from "./own";

/** Largest file that may be imported, in whole mebibytes, rounded up. */
const uploadLimit = bytes.default("64Mi");

/** The schema of phpMyAdmin for a MariaDB or MySQL, for use in platforms' schemas. */
export const phpMyAdmin = z.discriminatedUnion("access", [
    /** Not published: reachable with `plinth open`. */
    z.strictObject({ access: z.literal("private"), uploadLimit }),
    /** Published at a separate host, for the given client ranges. */
    z.strictObject({
        access: z.literal("public"),
        host: ownHost(hostName),
        /** Client ranges that may access it. */
        allow: z.array(cidr).min(1, "is empty; allowed: the ranges from which the database is administered"),
        uploadLimit,
    }),
]);

export type PhpMyAdminConfig = z.infer<typeof phpMyAdmin>;
