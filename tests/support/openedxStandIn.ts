import { z } from "zod";
import { claim } from "../../components/claim";
import { Database } from "../../components/database";
import { requiredSecret } from "../../components/external";
import { cacheOf } from "../../config/cache";
import { type DatabaseConfig, databaseOf, databaseSecrets } from "../../config/database";
import { email, hostName, instanceFields, line, port } from "../../config/fields";
import { mail } from "../../config/mail";
import { objectStorageOf, objectStorageSecrets } from "../../config/objectStorage";
import type { Platform } from "../../platforms/platform";

const inside = z.strictObject({ topology: z.literal("single"), name: line.optional(), user: line.optional() });
const server = cacheOf({ policies: ["volatile-lru"] });

/** The keys and secrets of Open edX, with hardly anything behind them: a database, and a volume of documents. */
export const openedxStandIn: Platform = {
    config: {
        name: "openedx",
        schema: z.strictObject({
            platform: z.literal("openedx"),
            ...instanceFields,
            studioHost: hostName,
            mfeHost: hostName.optional(),
            platformName: line,
            language: line,
            contactEmail: email,
            database: databaseOf(["mysql"]),
            documentStore: z.discriminatedUnion("topology", [
                inside,
                z.strictObject({
                    topology: z.literal("external"),
                    hosts: z.array(hostName),
                    srv: z.boolean().optional(),
                    port,
                    name: line,
                    user: line.optional(),
                    authSource: line,
                    replicaSet: line.optional(),
                    tls: z.boolean(),
                }),
            ]),
            broker: server,
            cache: server,
            search: z.strictObject({ topology: z.literal("single"), publicHost: hostName }),
            objectStorage: objectStorageOf(["main", "uploads"]).optional(),
            mail: mail.optional(),
            theme: z.literal("indigo").optional(),
            forum: z.boolean().default(false),
            features: z.record(z.string(), z.record(z.string(), z.boolean())).default({}),
        }),
        defaults: () => ({}),
        secrets: {
            openedxSecretKey: "Django's key",
            cmsOauth2Secret: { purpose: "Studio's log-in", min: 8 },
            jwtPrivateKey: { purpose: "Key of tokens", lines: true },
            documentStorePassword: "Password of the documents",
            cachePassword: "Password of the cache",
            searchMasterKey: "Master key of the search",
            mailPassword: "Password of mail",
            ...databaseSecrets,
            ...objectStorageSecrets,
        },
        images: {},
    },
    declare: (instance) => {
        instance.egress([]);
        const database = new Database(instance, "database", {
            config: instance.config["database"] as DatabaseConfig,
            database: "openedx",
            user: "openedx",
            resources: { memory: "1Gi" },
            size: "5Gi",
        });
        const { topology } = instance.config["documentStore"] as { topology: string };
        if (topology === "single") claim(instance, database, "documents", { size: "5Gi", followsPath: true });
        const cache = instance.config["cache"] as { topology: string };
        if (cache.topology === "external") requiredSecret(instance, "cache", "cachePassword");
        return { urls: {}, hosts: [] };
    },
};
