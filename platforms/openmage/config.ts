import { z } from "zod";
import { edgeSecrets } from "../../config/edge";
import { backup, backupSecrets } from "../../config/backup";
import { cacheOf, cacheSecrets, cacheSecretsOf } from "../../config/cache";
import { databaseOf, databaseSecrets } from "../../config/database";
import { frontendCache } from "../../config/frontendCache";
import { bytes, cidr, email, hostName, instanceFields, type ReplicasConfig } from "../../config/fields";
import { mail, mailSecrets } from "../../config/mail";
import type { PlatformConfig } from "../../config/platform";
import { ownHost } from "../../config/own";
import { phpMyAdmin } from "../../config/phpMyAdmin";
import { timeZone } from "../../config/schedule";
import type { InstanceOf, SettingsOf } from "../platform";
import { phpSettings, poolLines, serverLines } from "./lines";
import { images } from "./images";

/**
 * First path segments used by OpenMage's own modules, entry files and folders; and `admin`, which attackers try first.
 */
const taken = [
    ...[
        "admin",
        "api",
        "authorizenet",
        "captcha",
        "catalog",
        "catalogsearch",
        "centinel",
        "checkout",
        "cms",
        "contacts",
    ],
    ...["core", "customer", "directory", "downloadable", "giftmessage", "install", "media", "newsletter", "oauth"],
    ...["payflow", "paygate", "paypal", "persistent", "productalert", "review", "rss", "sales", "shipping", "tag"],
    ...["usa", "wishlist", "app", "errors", "js", "lib", "shell", "skin", "var", "vendor"],
];

/**
 * Path of a value in the system configuration, as in OpenMage's own table: scope, section, group and field. Its
 * overrides by environment do not support digits: Mage_Core_Helper_EnvironmentConfigLoader.
 */
const configPath = z
    .string()
    .regex(
        /^(default|websites\/[a-z][a-z0-9]+|stores\/[a-z_-]+)(\/[a-z_-]+){3}$/,
        "allowed: default/SECTION/GROUP/FIELD, websites/CODE/… or stores/CODE/…, such as default/general/store_information/name; " +
            "of a store's code and of the last three, letters, '-' and '_'",
    )
    .refine(
        (path) => !/\/web\/(un)?secure\/base_url$|\/admin\/url\//.test(path),
        "allowed: anything except URLs, which follow from host, adminHost and stores",
    );

/** An additional host of the shop. The first store view and website, which every shop has, use the shop's own host. */
const store = z
    .strictObject({
        host: ownHost(hostName),
        code: z.string().regex(/^[a-z][a-z0-9_]{0,31}$/, "allowed: a code of at most 32 letters, digits and '_'"),
        type: z.enum(["store", "website"]).default("store"),
    })
    .superRefine(({ code, type }, context) => {
        const first = type === "store" ? "default" : "base";
        if (code !== "admin" && code !== first) return;
        const message =
            code === "admin"
                ? "allowed: any code except admin, which belongs to the administration; set adminHost"
                : `allowed: any code except ${first}, because that ${type} answers at the shop's own host; if it does not, change its code in the administration`;
        context.addIssue({ code: "custom", path: ["code"], message, input: code });
    });

const schema = z.strictObject({
    platform: z.literal("openmage"),
    ...instanceFields,
    database: databaseOf(["mariadb", "mysql"], ["single", "replicated", "galera", "operator", "external"]),
    /** Prefix of all table names, for a shop that is moved in. @default none */
    tablePrefix: z
        .string()
        .regex(
            /^[a-z][a-z0-9_]{0,19}$/,
            "allowed: at most 20 lower-case letters, digits and '_', starting with a letter",
        )
        .optional(),
    /** Configuration, blocks and translations. Its tag lists have no expiry and must not be evicted. */
    cache: cacheOf({ policies: ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "noeviction"] }),
    /**
     * Visitors with their carts: on a separate server, so that neither a full nor an emptied cache logs anyone out.
     * When full, it evicts the sessions that expire first, which are those of bots and new visitors. With `noeviction`,
     * no page could be served, because each one writes a lock to its session.
     */
    sessions: cacheOf({
        policies: ["volatile-ttl", "volatile-lru", "volatile-lfu", "noeviction"],
        persistence: true,
        /* Whoever is logged in at one shop would also be logged in at the other, as a different user. */ own: "server for sessions",
    }),
    /** A cache in front of the frontend for files, and for pages of modules that set a lifetime. */
    frontendCache,
    /** @default no backups */
    backup: backup.optional(),
    /** `shared`: nginx and PHP of the shop in one pod; `separate`: in separate pods, scaled independently. */
    webPods: z.enum(["shared", "separate"]).default("shared"),
    /** First path segment of the administration's URLs. */
    adminPath: z
        .string()
        .regex(/^[a-z][a-z0-9_]{1,31}$/, "allowed: 2 to 32 lower-case letters, digits and '_', starting with a letter")
        .refine((name) => !taken.includes(name), `allowed: any except ${taken.join(", ")}`)
        .default("backoffice"),
    /** Separate host for the administration. @default the shop's host, below adminPath */
    adminHost: ownHost(hostName.optional()),
    /** `private`: not published; reachable with `plinth open admin`. */
    adminAccess: z.enum(["public", "private"]).default("public"),
    /** Client ranges that may access the administration. @default all */
    adminAllow: z.array(cidr).default([]),
    /** The first administrator. Only read when the shop is installed; later changes are made in the administration. */
    adminUser: z
        .strictObject({
            name: z
                .string()
                .regex(/^[A-Za-z0-9_.@-]{3,40}$/, "allowed: 3 to 40 letters, digits, '_', '.', '@' and '-'")
                .default("admin"),
            /** @default admin@ and the shop's host */
            email: email.optional(),
        })
        .prefault({}),
    /** Initial settings of a new shop; later changes are made in the administration. */
    locale: z
        .string()
        .regex(/^[a-z]{2,3}_([A-Z][a-z]{3}_)?[A-Z]{2}$/, "allowed: a locale such as en_US or de_DE")
        .default("en_US"),
    timeZone: timeZone.default("UTC"),
    currency: z
        .string()
        .regex(/^[A-Z]{3}$/, "allowed: a currency such as EUR")
        .default("USD"),
    /**
     * Additional hosts, each with the store view or website that answers there. Both are created in the administration.
     */
    stores: z.array(store).default([]),
    /** For viewing the database in a browser. @default none */
    phpMyAdmin: phpMyAdmin.optional(),
    /**
     * Values of the system configuration that cannot be changed in the administration. Not for passwords, because they
     * are not encrypted.
     */
    systemConfig: z.record(configPath, z.string().regex(/^[^\r\n]*$/, "allowed: one line of text")).default({}),
    /** Outgoing mail. @default no mail is sent */
    mail: mail
        .extend({
            /** Address to which the mail server returns what cannot be delivered. Customers see those of the administration. */
            from: email,
            /** The password is `smtpPassword` in plinth:secrets. @default no login */
            username: z
                .string()
                .regex(/^[^\s"]+$/, "allowed: a name without spaces and quotes")
                .optional(),
            /** Timeout in seconds for sending. */
            timeoutSeconds: z.int().min(1).max(3600).default(10),
        })
        .optional(),
    php: z.strictObject({
        /** Maximum concurrent requests of one frontend pod. @default by size */
        maxChildren: z.int().min(1).max(1000),
        /** Memory limit of one request, in whole mebibytes, rounded up. */
        memoryLimit: bytes.default("512Mi"),
        /** Largest file that may be uploaded, in whole mebibytes, rounded up; at most http.maxBody. */
        uploadLimit: bytes.default("32Mi"),
        /** Additional settings of php.ini, with priority. */
        settings: phpSettings,
        /** Additional lines of php-fpm's pool. */
        pool: poolLines,
    }),
    /** Whether the shop's web services are available below /api. */
    api: z.boolean().default(false),
    nginx: z
        .strictObject({
            /** Additional lines of the `server` block of frontend and administration. */
            server: serverLines,
        })
        .prefault({}),
});

export type OpenMageConfig = SettingsOf<typeof schema>;

interface Server {
    readonly cpu: string;
    readonly memory: string;
}

/** What a size means. Everything can also be set individually. */
export interface Size {
    readonly maxChildren: number;
    readonly frontend: ReplicasConfig;
    /** Of nginx, if it has separate pods. */
    readonly nginx: ReplicasConfig;
    readonly varnish: Omit<Server, "memory"> & { readonly replicas: number };
    readonly cpu: string;
    readonly database: Server & { readonly volume: string };
    readonly cache: Server;
    readonly sessions: Server & { readonly volume: string };
    readonly media: string;
}

export const sizes: Readonly<Record<OpenMageConfig["size"], Size>> = {
    small: {
        maxChildren: 5,
        frontend: 1,
        nginx: 1,
        varnish: { cpu: "50m", replicas: 1 },
        cpu: "200m",
        database: { cpu: "100m", memory: "768Mi", volume: "5Gi" },
        cache: { cpu: "25m", memory: "192Mi" },
        sessions: { cpu: "25m", memory: "128Mi", volume: "1Gi" },
        media: "5Gi",
    },
    medium: {
        maxChildren: 10,
        frontend: { min: 2, max: 4, cpu: 70 },
        nginx: 2,
        varnish: { cpu: "100m", replicas: 2 },
        cpu: "1",
        database: { cpu: "500m", memory: "3Gi", volume: "20Gi" },
        cache: { cpu: "100m", memory: "512Mi" },
        sessions: { cpu: "50m", memory: "256Mi", volume: "2Gi" },
        media: "20Gi",
    },
    large: {
        maxChildren: 20,
        frontend: { min: 3, max: 12, cpu: 70 },
        nginx: { min: 2, max: 4, cpu: 70 },
        varnish: { cpu: "500m", replicas: 2 },
        cpu: "2",
        database: { cpu: "2", memory: "12Gi", volume: "100Gi" },
        cache: { cpu: "250m", memory: "2Gi" },
        sessions: { cpu: "100m", memory: "1Gi", volume: "5Gi" },
        media: "200Gi",
    },
};

const single = { topology: "single" };

export const config = {
    name: "openmage",
    schema,
    images,
    defaults: (size) => ({
        database: single,
        cache: single,
        sessions: single,
        frontendCache: { type: "none" },
        php: { maxChildren: sizes[size].maxChildren },
    }),
    secrets: {
        cryptKey: {
            purpose:
                "Encrypts payment and shipping passwords in the database; set it to the key of a shop that is moved in, otherwise it is generated",
            // Blowfish supports no more.
            max: 56,
            fixed: "data that the shop has encrypted could no longer be read; it must not change during the life of the database",
        },
        adminPassword: {
            purpose:
                "Password of the first administrator, at least 14 characters with letters and digits; generated unless set",
            min: 14,
            among: { letters: /[a-z]/i, digits: /[0-9]/ },
        },
        ...mailSecrets,
        ...databaseSecrets,
        ...cacheSecrets,
        ...cacheSecretsOf("sessions", "server with the sessions"),
        ...backupSecrets,
        ...edgeSecrets,
    },
} satisfies PlatformConfig;

export type OpenMageInstance = InstanceOf<typeof config.secrets>;
