import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { envFile } from "../../../platforms/openedx/settings/envFile";
import type { Facts, Variant } from "../../../platforms/openedx/settings/facts";
import { productionFile } from "../../../platforms/openedx/settings/production";

export const variants = ["lms", "cms"] as const;

export const pem = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
}).privateKey;

/** Secrets that a leak would show. */
export const secrets = {
    django: "django-secret",
    oauth: "oauth-secret",
    mysql: "mysql-secret",
    mongo: "mongo-secret",
    broker: "broker-secret",
    cache: "cache-secret",
    search: "search-secret",
    mail: "mail-secret",
    s3: "s3-secret",
    xqueue: "xqueue-secret",
};

/** A plain installation, with files on volumes. */
export const facts = (changes: Partial<Facts> = {}): Facts => ({
    scheme: "https",
    hosts: { lms: "lms.example.org", studio: "studio.lms.example.org", mfe: "apps.lms.example.org" },
    internal: { lms: "lms:8000", cms: "cms:8000" },
    platform: { name: "My Open edX", language: "en", contactEmail: "contact@lms.example.org" },
    services: services(),
    secrets: { secretKey: secrets.django, cmsOauth2Secret: secrets.oauth, jwtPrivateKey: pem },
    switches: { forum: false, indigo: false, courseDiscovery: true },
    settings: {},
    features: {},
    env: {},
    mfe: {},
    ...changes,
});

export const services = (changes: Partial<Facts["services"]> = {}): Facts["services"] => ({
    mysql: { host: "mysql", port: 3306, name: "openedx", user: "openedx", password: secrets.mysql, tls: false },
    mongodb: { hosts: ["mongodb"], port: 27017, name: "openedx", authSource: "admin", tls: false },
    broker: { host: "redis", port: 6379, database: 0, tls: false },
    cache: { host: "redis", port: 6379, database: 1, tls: false },
    search: {
        url: "http://meilisearch:7700",
        publicUrl: "https://meilisearch.lms.example.org",
        apiKey: secrets.search,
        prefix: "tutor_",
    },
    mail: { host: "smtp", port: 8025, encryption: "off" },
    ...changes,
});

export const objectStorage: NonNullable<Facts["services"]["objectStorage"]> = {
    endpoint: "http://storage:9000",
    publicEndpoint: "https://files.lms.example.org",
    region: "eu-central-1",
    pathStyle: true,
    accessKey: "openedx",
    secretKey: secrets.s3,
    buckets: { main: "openedx", uploads: "openedxuploads", grades: "openedxgrades", learning: "openedxlearning" },
    publicProfileImages: true,
};

/** External services, with accounts and TLS. */
export const external = services({
    mysql: { host: "db.example.net", port: 3307, name: "edx", user: "edx", password: secrets.mysql, tls: true },
    mongodb: {
        hosts: ["a.example.net", "b.example.net"],
        port: 27018,
        name: "edx",
        user: "edx",
        password: secrets.mongo,
        authSource: "edx",
        replicaSet: "rs0",
        tls: true,
    },
    broker: {
        host: "q.example.net",
        port: 6380,
        database: 3,
        user: "celery",
        password: secrets.broker,
        tls: true,
    },
    cache: { host: "c.example.net", port: 6380, database: 0, password: secrets.cache, tls: true },
    mail: { host: "mail.example.net", port: 465, encryption: "tls", username: "edx", password: secrets.mail },
    objectStorage,
});

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into settings of every form
export type Setting = any;

export interface Outcome {
    readonly settings: Readonly<Record<string, Setting>>;
    /** Folders that it makes. */
    readonly folders: readonly string[];
    readonly jail: unknown;
    /** Variables of the environment, for AWS' libraries. */
    readonly aws: { readonly DEFAULT_REGION: string | null; readonly CONFIG_FILE: string | null };
}

/** What production.py sets, executed on a stub of Open edX's own. */
export function execute(
    python: string,
    folder: string,
    variant: Variant,
    production: string,
    env: string,
    variables: Readonly<Record<string, string>> = {},
): Outcome {
    const place = join(folder, variant, "envs", "tutor");
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "production.py"), production);
    const envPath = join(folder, `${variant}.json`);
    writeFileSync(envPath, JSON.stringify(parse(env, { version: "1.1" })));
    const args = ["-B", join(__dirname, "stubs", "run.py"), folder, variant, envPath];
    const outcome = JSON.parse(
        execFileSync(python, args, {
            encoding: "utf8",
            maxBuffer: 2 ** 26,
            env: { ...process.env, ...variables },
        }),
    ) as Outcome;
    const jwt = outcome.settings["JWT_AUTH"];
    // Texts of JSON, which may be written in more than one way.
    for (const key of ["JWT_PRIVATE_SIGNING_JWK", "JWT_PUBLIC_SIGNING_JWK_SET"]) jwt[key] = JSON.parse(jwt[key]);
    return outcome;
}

/** The same of our files. */
export const executed = (
    python: string,
    folder: string,
    variant: Variant,
    all: Facts,
    variables?: Readonly<Record<string, string>>,
): Outcome => execute(python, folder, variant, productionFile(variant, all), envFile(variant, all), variables);
