import { z } from "zod";
import { bytes, cidr, hostName } from "./fields";
import { ownHost } from "./own";

/** Largest file that may be imported, in whole mebibytes, rounded up. */
const uploadLimit = bytes.default("64Mi");

/** phpMyAdmin beside a MariaDB or MySQL, for platforms to take into their own schema. */
export const phpMyAdmin = z.discriminatedUnion("access", [
    /** Not published: reached by `plinth open`. */
    z.strictObject({ access: z.literal("private"), uploadLimit }),
    /** At a host of its own, for the client ranges that are named. */
    z.strictObject({
        access: z.literal("public"),
        host: ownHost(hostName),
        /** Client ranges that see it. */
        allow: z.array(cidr).min(1, "is empty; allowed: the ranges from which the database is administrated"),
        uploadLimit,
    }),
]);

export type PhpMyAdminConfig = z.infer<typeof phpMyAdmin>;
