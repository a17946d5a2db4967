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

/** First parts of addresses that OpenMage's own modules, entry files and folders have; and `admin`, which everyone tries. */
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
 * A value of the system configuration, as OpenMage writes it in its own table: the scope, then section, group and field.
 * Digits are not among what its overrides by environment read: Mage_Core_Helper_EnvironmentConfigLoader.
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
        "allowed: anything but addresses, which follow from host, adminHost and stores",
    );

/** Another host of the shop's; the first store view and website, which every shop has, answer at its own. */
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
                ? "allowed: any code but admin, which is the administration's own; set adminHost"
                : `allowed: any code but ${first}, since that ${type} answers at the shop's own host; where it does not, give it another code in the administration`;
        context.addIssue({ code: "custom", path: ["code"], message, input: code });
    });

const schema = z.strictObject({
    platform: z.literal("openmage"),
    ...instanceFields,
    database: databaseOf(["mariadb", "mysql"], ["single", "replicated", "external"]),
    /** Begins the names of all tables: that of a shop that moves in. @default none */
    tablePrefix: z
        .string()
        .regex(
            /^[a-z][a-z0-9_]{0,19}$/,
            "allowed: at most 20 lower-case letters, digits and '_', the first of them a letter",
        )
        .optional(),
    /** Configuration, blocks and translations. Its lists of what belongs to a tag have no lifetime, and must stay. */
    cache: cacheOf({ policies: ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "noeviction"] }),
    /**
     * Visitors with their carts: on a server of its own, so that neither a full nor an emptied cache logs anyone out.
     * Itself full, it lets go of those that end soonest, which are robots' and new visitors'. With `noeviction` nobody
     * gets a page any more, since each one locks its session by writing.
     */
    sessions: cacheOf({
        policies: ["volatile-ttl", "volatile-lru", "volatile-lfu", "noeviction"],
        persistence: true,
        /* Whoever is logged in at one shop would be so at the other, as somebody else. */ own: "server for sessions",
    }),
    /** A cache for files, and for pages of modules that say how long they may be kept, before the frontend. */
    frontendCache,
    /** @default no backups */
    backup: backup.optional(),
    /** `shared`: nginx and PHP of the shop in one pod; `separate`: in pods of their own, each scaled alone. */
    webPods: z.enum(["shared", "separate"]).default("shared"),
    /** First part of the administration's addresses. */
    adminPath: z
        .string()
        .regex(
            /^[a-z][a-z0-9_]{1,31}$/,
            "allowed: 2 to 32 lower-case letters, digits and '_', the first of them a letter",
        )
        .refine((name) => !taken.includes(name), `allowed: any but ${taken.join(", ")}`)
        .default("backoffice"),
    /** Host of its own for the administration. @default the shop's host, below adminPath */
    adminHost: ownHost(hostName.optional()),
    /** `private`: not published at all; `plinth open admin` leads there. */
    adminAccess: z.enum(["public", "private"]).default("public"),
    /** Client ranges that may see the administration. @default everyone */
    adminAllow: z.array(cidr).default([]),
    /** The first administrator. Read when the shop is installed; later changes are made in the administration. */
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
    /** What a new shop starts with; later it is changed in the administration. */
    locale: z
        .string()
        .regex(/^[a-z]{2,3}_([A-Z][a-z]{3}_)?[A-Z]{2}$/, "allowed: a locale such as en_US or de_DE")
        .default("en_US"),
    timeZone: timeZone.default("UTC"),
    currency: z
        .string()
        .regex(/^[A-Z]{3}$/, "allowed: a currency such as EUR")
        .default("USD"),
    /** Further hosts, each with the store view or the website that answers there. Both are made in the administration. */
    stores: z.array(store).default([]),
    /** For people who look into the database with a browser. @default none */
    phpMyAdmin: phpMyAdmin.optional(),
    /** Values of the system configuration that nobody can change in the administration. No passwords: they are not encrypted. */
    systemConfig: z.record(configPath, z.string().regex(/^[^\r\n]*$/, "allowed: one line of text")).default({}),
    /** Outgoing mail. @default no mail is sent */
    mail: mail
        .extend({
            /** Address to which the mail server returns what cannot be delivered. Customers see those of the administration. */
            from: email,
            /** The login's password is `smtpPassword` in plinth:secrets. @default no login */
            username: z
                .string()
                .regex(/^[^\s"]+$/, "allowed: a name without spaces and quotes")
                .optional(),
            /** Seconds until a send is given up. */
            timeoutSeconds: z.int().min(1).max(3600).default(10),
        })
        .optional(),
    php: z.strictObject({
        /** Requests that one pod of the frontend works on at a time. @default by size */
        maxChildren: z.int().min(1).max(1000),
        /** Largest memory of one request, in whole mebibytes, rounded up. */
        memoryLimit: bytes.default("512Mi"),
        /** Largest file that may be uploaded, in whole mebibytes, rounded up; at most http.maxBody. */
        uploadLimit: bytes.default("32Mi"),
        /** Further settings of php.ini, which win. */
        settings: phpSettings,
        /** Further lines of php-fpm's pool. */
        pool: poolLines,
    }),
    /** Whether the shop's web services answer below /api. */
    api: z.boolean().default(false),
    nginx: z
        .strictObject({
            /** Further lines of the `server` block of frontend and administration. */
            server: serverLines,
        })
        .prefault({}),
});

export type OpenMageConfig = SettingsOf<typeof schema>;

interface Server {
    readonly cpu: string;
    readonly memory: string;
}

/** What a size means: everything here can be set alone, too. */
export interface Size {
    readonly maxChildren: number;
    readonly frontend: ReplicasConfig;
    /** Of nginx, where it has pods of its own. */
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
                "Encrypts passwords of payment and shipping in the database; that of a shop that moves in, else generated",
            // Blowfish takes no more.
            max: 56,
            fixed: "what the shop has encrypted could not be read any more; it stays for the life of the database",
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
