import { z } from "zod";
import { edgeSecrets } from "../../config/edge";
import { backup, backupSecrets } from "../../config/backup";
import { cache, cacheSecrets } from "../../config/cache";
import { databaseOf, databaseSecrets } from "../../config/database";
import { bytes, cidr, email, hostName, instanceFields, line, type ReplicasConfig } from "../../config/fields";
import { mail, mailSecrets } from "../../config/mail";
import type { PlatformConfig } from "../../config/platform";
import { ownHost } from "../../config/own";
import type { InstanceOf, SettingsOf } from "../platform";
import { images } from "./images";

/** Names that the admin directory cannot have, because OpenCart uses them. */
const taken = ["catalog", "extension", "image", "install", "storage", "system"];

const schema = z.strictObject({
    platform: z.literal("opencart"),
    ...instanceFields,
    database: databaseOf(["mariadb", "mysql"], ["single", "replicated", "galera", "operator", "external"]),
    cache,
    /** @default no backups */
    backup: backup.optional(),
    /** Directory of the administration, as built into the images with `ADMIN_PATH`. */
    adminPath: z
        .string()
        .regex(/^[a-z0-9][-_a-z0-9]*$/, "allowed: lower-case letters, digits, '-' and '_'")
        .refine(
            (name) => !taken.includes(name),
            `is not allowed; OpenCart itself uses the directories ${taken.join(", ")}`,
        )
        .default("admin"),
    /** Separate host for the administration. @default the shop's host, below adminPath */
    adminHost: ownHost(hostName.optional()),
    /** Client ranges that may access the administration. @default all */
    adminAllow: z.array(cidr).default([]),
    /** The first administrator. Only read when the shop is installed; later changes are made in the administration. */
    adminUser: z
        .strictObject({
            name: z
                .string()
                .regex(/^[A-Za-z0-9_.-]{3,20}$/, "allowed: 3 to 20 letters, digits, '_', '.' and '-'")
                .default("admin"),
            /** @default admin@ and the shop's host */
            email: email.optional(),
        })
        .prefault({}),
    /** `shared`: installed in the administration, on the shared volume; `image`: only those built into the image. */
    extensions: z.enum(["shared", "image"]).default("shared"),
    /** Outgoing mail; OpenCart always logs in, with `smtpPassword` of plinth:secrets. @default no mail is sent */
    mail: mail
        .omit({ from: true })
        .extend({
            username: line,
            /** Seconds until a send is given up. */
            timeoutSeconds: z.int().min(1).max(3600).default(5),
        })
        .optional(),
    php: z.strictObject({
        /** Maximum concurrent requests of one frontend pod. @default by size */
        maxChildren: z.int().min(1).max(1000),
        /** Memory limit of one request, in whole mebibytes, rounded up. */
        memoryLimit: bytes.default("256Mi"),
        /** Largest file that may be uploaded, in whole mebibytes, rounded up; at most http.maxBody. */
        uploadLimit: bytes.default("32Mi"),
    }),
});

export type OpenCartConfig = SettingsOf<typeof schema>;

/** What a size means. Everything can also be set individually. */
export interface Size {
    readonly maxChildren: number;
    readonly frontend: ReplicasConfig;
    readonly cpu: string;
    readonly database: { readonly cpu: string; readonly memory: string; readonly volume: string };
    readonly cache: { readonly cpu: string; readonly memory: string };
    readonly files: string;
}

export const sizes: Readonly<Record<OpenCartConfig["size"], Size>> = {
    small: {
        maxChildren: 5,
        frontend: 1,
        cpu: "100m",
        database: { cpu: "100m", memory: "512Mi", volume: "5Gi" },
        cache: { cpu: "25m", memory: "128Mi" },
        files: "5Gi",
    },
    medium: {
        maxChildren: 10,
        frontend: { min: 2, max: 4, cpu: 70 },
        cpu: "500m",
        database: { cpu: "500m", memory: "2Gi", volume: "20Gi" },
        cache: { cpu: "100m", memory: "256Mi" },
        files: "20Gi",
    },
    large: {
        maxChildren: 20,
        frontend: { min: 3, max: 12, cpu: 70 },
        cpu: "1",
        database: { cpu: "2", memory: "8Gi", volume: "100Gi" },
        cache: { cpu: "250m", memory: "1Gi" },
        files: "100Gi",
    },
};

export const config = {
    name: "opencart",
    schema,
    images,
    defaults: (size) => ({
        database: { topology: "single" },
        cache: { topology: "single" },
        php: { maxChildren: sizes[size].maxChildren },
    }),
    secrets: {
        // The limits of the administration's own form.
        adminPassword: {
            purpose: "Password of the administrator, 5 to 20 characters; generated unless set",
            min: 5,
            max: 20,
        },
        ...mailSecrets,
        ...databaseSecrets,
        ...cacheSecrets,
        ...backupSecrets,
        ...edgeSecrets,
    },
} satisfies PlatformConfig;

export type OpenCartInstance = InstanceOf<typeof config.secrets>;
