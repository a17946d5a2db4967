import { z } from "zod";
import { backup, backupSecrets } from "../../config/backup";
import { cacheOf, cacheSecretsOf } from "../../config/cache";
import { databaseOf, databaseSecrets } from "../../config/database";
import { documentStore, documentStoreSecrets } from "../../config/documentStore";
import { edgeSecrets } from "../../config/edge";
import { email, hostName, instanceFields, line } from "../../config/fields";
import { mail, mailSecrets } from "../../config/mail";
import { mailRelay } from "../../config/mailRelay";
import { objectStorageOf, objectStorageSecrets } from "../../config/objectStorage";
import { ownHost, ownOnly } from "../../config/own";
import type { PlatformConfig } from "../../config/platform";
import { schedule, timeZone } from "../../config/schedule";
import { searchOf, searchSecrets } from "../../config/search";
import type { InstanceOf, SettingsOf } from "../platform";
import { images } from "./images";
import { ownMfe, settings, values } from "./plugIns";
import { sizes } from "./sizes";

/** Buckets by what is in them. */
export const buckets = {
    main: "openedx",
    uploads: "openedxuploads",
    grades: "openedxgrades",
    learning: "openedxlearning",
};

const web = z.strictObject({
    /** Requests that one pod answers at the same time, each in a process of its own with 250 to 400 MB. @default by size */
    processes: z.int().min(1).max(64),
    /**
     * Seconds after which a request is ended, and its process replaced; also the time that a stopping pod waits for
     * requests.
     */
    timeoutSeconds: z.int().min(10).max(3600),
});

const worker = z.strictObject({
    /** Tasks that one pod works on at the same time. Celery itself would take as many as the node has cores. @default by size */
    concurrency: z.int().min(1).max(64),
    /** Duration in seconds of the longest task: a stopping worker finishes it first. */
    longestTaskSeconds: z.int().min(30).max(86400),
});

const scheduled = (usual: string) => z.strictObject({ enabled: z.boolean(), schedule: schedule.default(usual) });

const schema = z.strictObject({
    platform: z.literal("openedx"),
    ...instanceFields,
    /** Studio. @default studio. and the host */
    studioHost: ownHost(hostName),
    /** Micro-frontends. It must be below the host, whose cookies they share. @default apps. and the host */
    mfeHost: ownHost(hostName),
    platformName: line.default("My Open edX"),
    /**
     * Consent to images of another release, as the release of the data: `openedx 21`. Back up first.
     *
     * @default none: images of another release are refused
     */
    upgradeFrom: ownOnly(
        z
            .string()
            .regex(/^openedx \d{2}$/, 'allowed: "openedx" with the number of the release, such as "openedx 21"')
            .optional(),
    ),
    /** Language of visitors whose browser asks for none that is installed. */
    language: z
        .string()
        .regex(/^[a-z]{2,3}(-[a-z0-9]{2,8})*$/, "allowed: a code such as en, fr or pt-br")
        .default("en"),
    /** Sender of all mail, and where visitors are told to write to. @default contact@ and the host */
    contactEmail: email.optional(),
    database: databaseOf(["mysql"]),
    documents: documentStore,
    /** Queues of the workers: what is lost here is lost work. */
    broker: cacheOf({ policies: ["noeviction"], persistence: true, own: "broker" }),
    /** Cache and sessions. */
    cache: cacheOf({ policies: ["volatile-lru", "volatile-lfu", "volatile-ttl"], persistence: true, own: "cache" }),
    search: searchOf({ isPublic: true }),
    /** For files of courses and learners, which no pod keeps. */
    objectStorage: objectStorageOf(Object.values(buckets), { isPublic: true }),
    /** @default the instance has a mail relay of its own */
    mail: mail.omit({ from: true }).optional(),
    /** The relay, if there is no mail server. */
    relay: mailRelay.prefault({}),
    /** @default no backups */
    backup: backup.optional(),
    lms: web,
    cms: web,
    lmsWorker: worker,
    cmsWorker: worker,
    /** Reports for instructors: one at a time, since each may take all of a pod's memory. */
    reports: z
        .strictObject({
            /** Duration in seconds of the longest report, for which a stopping worker waits. */
            longestTaskSeconds: z.int().min(60).max(86400).default(14_400),
        })
        .prefault({}),
    /** A theme of the image, for the hosts of LMS and Studio. @default whatever `run … settheme` has set */
    theme: z
        .string()
        .regex(/^[A-Za-z0-9_-]+$/, "allowed: the name of a theme's folder, or default")
        .optional(),
    /** Discussions, which are a part of the LMS. */
    forum: z.boolean().default(false),
    /** A search in the catalogue. */
    courseDiscovery: z.boolean().default(true),
    /** Learners' notes: a service of your own. @default off */
    notes: z.strictObject({ url: z.url(), publicUrl: z.url() }).optional(),
    /** A service that runs Python in problems. @default off: such problems fail */
    codejail: z.strictObject({ url: z.url() }).optional(),
    /** Graders outside of Open edX, with `xqueuePassword`. @default off */
    xqueue: z.strictObject({ url: z.url(), username: line }).optional(),
    /** Feature flags of both applications. */
    features: values.default({}),
    /** Additions to Django's settings. */
    settings: settings.prefault({}),
    /** Micro-frontends: keys for all, for one, and additional ones. */
    mfe: z
        .strictObject({
            config: values.default({}),
            configOf: z.record(z.string(), values).default({}),
            site: values.default({}),
            apps: z.record(z.string(), ownMfe).default({}),
        })
        .prefault({}),
    /** Work that nothing else in Open edX starts. Times are in `timeZone`. */
    tasks: z
        .strictObject({
            timeZone: timeZone.optional(),
            /** Removes tokens that have expired. */
            expiredTokens: scheduled("17 3 * * 0").prefault({ enabled: true }),
            /** Removes notifications that have expired. */
            expiredNotifications: scheduled("37 3 * * *").prefault({ enabled: true }),
            /** Puts all courses into the search index again. */
            reindexCourses: scheduled("30 4 * * 0").prefault({ enabled: true }),
            /** Loads the metadata of SAML's identity providers, whose certificates change. */
            samlMetadata: scheduled("7 * * * *").prefault({ enabled: false }),
            /** Sends digests of notifications to those who want one. */
            dailyDigest: scheduled("0 6 * * *").prefault({ enabled: false }),
            weeklyDigest: scheduled("0 6 * * 1").prefault({ enabled: false }),
        })
        .prefault({}),
});

export type OpenedxConfig = SettingsOf<typeof schema>;

export const config = {
    name: "openedx",
    schema,
    images,
    defaults: (size, host) => {
        const { processes, concurrency } = sizes[size];
        const below = (name: string) => (host === undefined ? {} : { publicHost: `${name}.${host}` });
        return {
            ...(host === undefined ? {} : { studioHost: `studio.${host}`, mfeHost: `apps.${host}` }),
            database: { topology: "single" },
            documents: { topology: "single" },
            broker: { topology: "single" },
            cache: { topology: "single" },
            search: { topology: "single", ...below("meilisearch") },
            objectStorage: { topology: "single", ...below("files") },
            lms: { processes, timeoutSeconds: 120 },
            // Uploads of courses take long.
            cms: { processes, timeoutSeconds: 600 },
            lmsWorker: { concurrency, longestTaskSeconds: 600 },
            cmsWorker: { concurrency, longestTaskSeconds: 1800 },
        };
    },
    secrets: {
        openedxSecretKey: {
            purpose: "Django's key for sessions and tokens, of LMS and Studio; generated unless set",
            min: 20,
        },
        cmsOauth2Secret: {
            purpose: "With which Studio lets people log in at the LMS; generated unless set",
            min: 8,
            fixed: "the LMS learns of a new one only from the Task migrate; change it together with the image",
        },
        jwtPrivateKey: {
            purpose: "RSA key in PEM that signs the LMS's tokens; generated unless set",
            lines: true,
            fixed: "it is a key pair and no password; make a new one with `openssl genrsa 2048`, and set it",
        },
        xqueuePassword: "Password of xqueue.username",
        ...databaseSecrets,
        ...documentStoreSecrets,
        ...cacheSecretsOf("broker"),
        ...cacheSecretsOf("cache"),
        ...searchSecrets,
        ...objectStorageSecrets,
        ...mailSecrets,
        ...backupSecrets,
        ...edgeSecrets,
    },
} satisfies PlatformConfig;

export type OpenedxInstance = InstanceOf<typeof config.secrets>;
