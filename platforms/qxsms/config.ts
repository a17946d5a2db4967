import { z } from "zod";
import { edgeSecrets } from "../../config/edge";
import { backup, backupSecrets } from "../../config/backup";
import { broker, brokerSecrets } from "../../config/broker";
import { databaseOf, databaseSecrets } from "../../config/database";
import { email, instanceFields, line, port, type ReplicasConfig } from "../../config/fields";
import { mail, mailSecrets } from "../../config/mail";
import type { PlatformConfig } from "../../config/platform";
import type { InstanceOf, SettingsOf } from "../platform";
import { images } from "./images";

const qualtricsId = (prefix: string) =>
    z.string().regex(new RegExp(`^${prefix}_\\w+$`), `allowed: a Qualtrics identifier such as ${prefix}_1a2B3c`);

const schema = z.strictObject({
    platform: z.literal("qxsms"),
    ...instanceFields,
    database: databaseOf(["postgres"], ["single", "operator", "external"]),
    /** @default no backups */
    backup: backup.optional(),
    broker,
    /**
     * Django's debug mode: stack traces on pages, mail written to files, weak passwords accepted, the development
     * server. The image must be built for it with `plinth images build`.
     */
    debug: z.boolean().default(false),
    /** How QxSMS sends mail of its own: passwords, changes of addresses, errors. Only with `debug` it does without. */
    mail: mail
        .omit({ encryption: true })
        .extend({
            /** QxSMS cannot encrypt the connection. */
            port: port.default(25),
            fromName: line.default("QxSMS"),
            /** Reply address of survey messages. @default noreply@qemailserver.com */
            replyTo: email.optional(),
            /** Prefix of each subject, usually with a trailing space. @default fromName in brackets */
            subjectPrefix: line.optional(),
        })
        .optional(),
    administrator: z
        .strictObject({
            name: line.default("admin"),
            /** Recipient of error mails, and login of the account. */
            email,
            /**
             * The first account. `none`: you create it with `manage.py createsuperuser`; `generated`: its password is
             * `adminPassword` in a Secret; `mailed`: QxSMS mails a password to `email`.
             */
            account: z.enum(["none", "generated", "mailed"]).default("none"),
        })
        .optional(),
    /** The survey service. Identifiers that you consider secret belong in plinth:secrets instead. */
    qualtrics: z
        .strictObject({
            /** Data centre: the part of API host names before `.qualtrics.com`. */
            dataCentre: z
                .string()
                .regex(/^[a-z0-9]+$/, "allowed: a data centre such as fra1")
                .default("fra1"),
            directoryId: qualtricsId("POOL").optional(),
            libraryId: qualtricsId("UR").optional(),
            /** The survey used to send single messages. */
            surveyId: qualtricsId("SV").optional(),
        })
        .prefault({}),
    web: z.strictObject({
        /** Maximum concurrent requests of one pod. @default by size */
        processes: z.int().min(1).max(64),
        /** Request timeout in seconds, also the time that a stopping pod waits for requests. */
        timeoutSeconds: z.int().min(10).max(3600).default(180),
    }),
    worker: z.strictObject({
        /** Maximum concurrent tasks of one pod. @default by size */
        concurrency: z.int().min(1).max(64),
        /**
         * Duration in seconds of the longest task, such as the import of a panel: a stopping worker finishes it first.
         */
        longestTaskSeconds: z.int().min(30).max(86400).default(600),
    }),
});

export type QxsmsConfig = SettingsOf<typeof schema>;

/** What a size means. Everything can also be set individually. */
export interface Size {
    readonly processes: number;
    readonly concurrency: number;
    readonly web: ReplicasConfig;
    readonly worker: number;
    readonly cpu: string;
    readonly database: { readonly cpu: string; readonly memory: string; readonly volume: string };
    readonly broker: { readonly cpu: string; readonly memory: string; readonly volume: string };
}

export const sizes: Readonly<Record<QxsmsConfig["size"], Size>> = {
    small: {
        processes: 4,
        concurrency: 2,
        web: 1,
        worker: 1,
        cpu: "100m",
        database: { cpu: "100m", memory: "512Mi", volume: "5Gi" },
        broker: { cpu: "100m", memory: "512Mi", volume: "2Gi" },
    },
    medium: {
        processes: 4,
        concurrency: 4,
        web: { min: 2, max: 4, cpu: 70 },
        worker: 2,
        cpu: "250m",
        database: { cpu: "500m", memory: "2Gi", volume: "20Gi" },
        broker: { cpu: "200m", memory: "768Mi", volume: "5Gi" },
    },
    large: {
        processes: 8,
        concurrency: 8,
        web: { min: 3, max: 8, cpu: 70 },
        worker: 3,
        cpu: "1",
        database: { cpu: "2", memory: "8Gi", volume: "100Gi" },
        broker: { cpu: "500m", memory: "1Gi", volume: "10Gi" },
    },
};

export const config = {
    name: "qxsms",
    schema,
    images,
    defaults: (size) => {
        const { processes, concurrency } = sizes[size];
        return {
            database: { topology: "single" },
            broker: { topology: "single" },
            web: { processes },
            worker: { concurrency },
        };
    },
    secrets: {
        qxsmsSecretKey: "Django's key for sessions and links in mails; generated unless set",
        qualtricsApiKey: "API token of the Qualtrics user; without it no survey can be sent",
        qualtricsDirectoryId: "Instead of qualtrics.directoryId",
        qualtricsLibraryId: "Instead of qualtrics.libraryId",
        qualtricsSurveyId: "Instead of qualtrics.surveyId",
        ...mailSecrets,
        adminPassword: {
            purpose: "Password of the first account, for administrator.account generated; generated unless set",
            fixed: "it is only read when the account is created; change it with `./plinth run INSTANCE changepassword`, or on the account's own page",
        },
        ...databaseSecrets,
        ...brokerSecrets,
        ...backupSecrets,
        ...edgeSecrets,
    },
} satisfies PlatformConfig;

export type QxsmsInstance = InstanceOf<typeof config.secrets>;
