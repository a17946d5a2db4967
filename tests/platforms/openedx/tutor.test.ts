import { dirname, join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { envFile } from "../../../platforms/openedx/settings/envFile";
import type { Facts } from "../../../platforms/openedx/settings/facts";
import { uwsgiFile } from "../../../platforms/openedx/settings/uwsgi";
import { pythonProgram, scratch } from "../../support/tools";
import { executed, execute, external, facts, objectStorage, pem, secrets, services, variants } from "./support";
import { differences, tutorFiles } from "./tutor";

interface Case {
    readonly title: string;
    readonly plugins: readonly string[];
    /** Tutor's configuration. */
    readonly theirs: Readonly<Record<string, unknown>>;
    readonly ours: Facts;
}

/** For the secrets that ours have. */
const same = {
    OPENEDX_SECRET_KEY: secrets.django,
    CMS_OAUTH2_SECRET: secrets.oauth,
    JWT_RSA_PRIVATE_KEY: pem,
    OPENEDX_MYSQL_PASSWORD: secrets.mysql,
    MEILISEARCH_API_KEY: secrets.search,
    MINIO_AWS_SECRET_ACCESS_KEY: secrets.s3,
};

const hosts = { lms: "learn.example.net", studio: "studio.learn.example.net", mfe: "apps.learn.example.net" };

const cases: readonly Case[] = [
    {
        title: "https, and files on volumes",
        plugins: ["mfe"],
        theirs: { LMS_HOST: "lms.example.org", CMS_HOST: "studio.lms.example.org", ENABLE_HTTPS: true },
        ours: facts(),
    },
    {
        title: "http, other hosts, and files in buckets",
        plugins: ["mfe", "minio"],
        theirs: { LMS_HOST: hosts.lms, CMS_HOST: hosts.studio, ENABLE_HTTPS: false, PLATFORM_NAME: "Bob's U" },
        ours: facts({
            scheme: "http",
            hosts,
            platform: { name: "Bob's U", language: "en", contactEmail: `contact@${hosts.lms}` },
            services: services({
                search: { ...services().search, publicUrl: `http://meilisearch.${hosts.lms}` },
                objectStorage: { ...objectStorage, publicEndpoint: `http://files.${hosts.lms}` },
            }),
        }),
    },
    {
        title: "external services",
        plugins: ["mfe", "minio"],
        theirs: {
            ...{ LMS_HOST: "lms.example.org", CMS_HOST: "studio.lms.example.org", ENABLE_HTTPS: true },
            ...{ RUN_MYSQL: false, MYSQL_HOST: "db.example.net", MYSQL_PORT: 3307 },
            ...{ OPENEDX_MYSQL_DATABASE: "edx", OPENEDX_MYSQL_USERNAME: "edx" },
            ...{ RUN_MONGODB: false, MONGODB_HOST: "a.example.net", MONGODB_PORT: 27018, MONGODB_DATABASE: "edx" },
            ...{ MONGODB_USERNAME: "edx", MONGODB_PASSWORD: secrets.mongo, MONGODB_AUTH_SOURCE: "edx" },
            ...{ MONGODB_USE_SSL: true, MONGODB_REPLICA_SET: "rs0" },
            ...{ RUN_REDIS: false, REDIS_HOST: "q.example.net", REDIS_PORT: 6380, OPENEDX_CELERY_REDIS_DB: 3 },
            ...{ OPENEDX_CACHE_REDIS_DB: 4, REDIS_USERNAME: "celery", REDIS_PASSWORD: secrets.broker },
            ...{ RUN_SMTP: false, SMTP_HOST: "mail.example.net", SMTP_PORT: 465, SMTP_USE_SSL: true },
            ...{ SMTP_USERNAME: "edx", SMTP_PASSWORD: secrets.mail },
        },
        ours: facts({
            services: {
                ...external,
                mongodb: { ...external.mongodb, hosts: ["a.example.net"] },
                broker: { ...external.broker, tls: false },
                cache: { ...external.broker, tls: false, database: 4 },
            },
        }),
    },
];

/** How settings differ from Tutor's: regular expressions of paths, each with the reason. */
const settings: Readonly<Record<string, string>> = {
    folders: "those of logs and static files are not made: there are no log files, and static files are in the image",
    "aws\\.(CONFIG_FILE|DEFAULT_REGION)": "for clients without settings of their own, as those of assessments",
    "settings\\.CACHES\\..+\\.LOCATION": "no empty user in the URL where there is no log-in",
    "settings\\.CACHES\\..+\\.OPTIONS": "a server of caches that hangs would stop all processes",
    "settings\\.(CELERY_)?BROKER_TRANSPORT_OPTIONS(\\.socket_(connect_)?timeout)?": "a broker that hangs would too",
    "settings\\.EVENT_BUS_REDIS_CONNECTION_URL": "Tutor's is fixed, whatever the broker's address and password",
    "settings\\.MEILISEARCH_MASTER_KEY": "the applications do all with their own key",
    "settings\\.LOGGING\\.handlers\\.(local|tracking\\..+)": "logs go to the container's output; events as they are",
    "settings\\.LOGGING\\.loggers\\.(tracking)?\\.handlers": "the same",
    "settings\\.LOGGING\\.loggers\\.blockstore\\.apps\\.bundles\\.storage": "Open edX has no such logger any more",
    "settings\\.DATABASES\\.default\\.OPTIONS\\.charset": "Tutor has it for its own server only",
    "settings\\.DATABASES\\.default\\.OPTIONS\\.connect_timeout": "a database that is gone would stop all processes",
    "settings\\.DATABASES\\.default\\.OPTIONS\\.ssl(_mode)?": "Tutor has no TLS to MySQL",
    "settings\\.(STORAGES\\.default|OPENEDX_LEARNING\\.MEDIA)\\.BACKEND": "an address inside of the cluster",
    "settings\\.PROFILE_IMAGE_BACKEND\\.class": "the same",
    "settings\\.ORA2_FILEUPLOAD_BACKEND": "the same: Open edX's own would ask at the public one",
    "settings\\.AWS_S3_INTERNAL_ENDPOINT_URL": "the same",
    "settings\\.(COURSE_IMPORT_EXPORT_STORAGE|USER_TASKS_ARTIFACT_STORAGE)": "the same",
    "settings\\.COURSE_METADATA_EXPORT_STORAGE": "the same, which Tutor leaves to Open edX",
    "settings\\.AWS_S3_CLIENT_CONFIG\\.s3": "the style of paths is the configuration's",
    "settings\\.AWS_S3_REGION_NAME": "the region is the configuration's",
    "settings\\.AWS_BUCKET_ACL": "as AWS_DEFAULT_ACL: newer buckets refuse it",
};

/** Of the env files. What Tutor sets in Python is in ours where it holds a secret, or is read early. */
const env: Readonly<Record<string, string>> = {
    "CACHES|DOC_STORE_CONFIG|EVENT_BUS_REDIS_CONNECTION_URL|JWT_AUTH|SOCIAL_AUTH_EDX_OAUTH2_SECRET": "secrets",
    CELERY_BROKER_TRANSPORT_OPTIONS: "see settings",
    MEILISEARCH_API_KEY: "a secret",
    "MEILISEARCH_(ENABLED|INDEX_PREFIX|PUBLIC_URL|URL)": "the forum's settings are made from them before production.py",
    EMAIL_USE_SSL: "beside EMAIL_USE_TLS",
    "FEATURES\\.ENABLE_DISCUSSION_SERVICE": "read by the forum's settings before production.py",
    "DATABASES\\.default\\.OPTIONS\\.(charset|connect_timeout|ssl|ssl_mode)": "see settings",
};

const uwsgi: Readonly<Record<string, string>> = {
    "http|http-socket|http-keepalive|add-header": "the router would leave before its requests are answered",
    "die-on-term|hook-master-start|worker-reload-mercy": "the same",
    "buffer-size": "large cookies",
    "stats(-no-cores)?": "probes must not wait behind visitors",
    listen: "more connections wait for a process than the kernel's usual hundred",
    "processes|wsgi-file": "not from the environment",
    "static-map": "no files of users on a volume, where there is object storage",
};

describe("the configuration files beside those of Tutor 22.0.3", function () {
    const { path, clean } = scratch();
    const found = { settings: new Set<string>(), env: new Set<string>(), uwsgi: new Set<string>() };
    let tutor = "";
    before(async function () {
        this.timeout(600_000);
        tutor = await pythonProgram(this as never, "tutor");
    });
    after(clean);

    for (const [index, { title, plugins, theirs, ours }] of cases.entries())
        it(title, async function () {
            this.timeout(300_000);
            const root = join(path, String(index));
            const files = await tutorFiles(tutor, root, { ...same, ...theirs }, plugins);
            const python = join(dirname(tutor), "python3");
            for (const variant of variants) {
                const at = (whose: string) => join(root, whose);
                const reference = execute(python, at("theirs"), variant, files.production[variant], files.env[variant]);
                const own = executed(python, at("ours"), variant, ours);
                for (const one of differences(reference, own)) found.settings.add(`${variant} ${one}`);
                for (const one of differences(parse(files.env[variant]), parse(envFile(variant, ours))))
                    found.env.add(`${variant} ${one}`);
            }
            const servesMedia = !plugins.includes("minio");
            const ini = uwsgiFile({
                variant: "lms",
                port: 8000,
                statusPort: 8001,
                processes: 2,
                servesMedia,
                graceSeconds: 60,
            });
            for (const one of differences(keys(files.uwsgi), keys(ini))) found.uwsgi.add(one);
        });

    for (const [name, table] of Object.entries({ settings, env, uwsgi }))
        it(`differ in nothing but what is intended: ${name}`, () => {
            const rules = Object.keys(table).map((rule) => new RegExp(`^((lms|cms) )?(${rule})$`));
            const all = [...found[name as keyof typeof found]];
            expect(
                all.filter((one) => !rules.some((rule) => rule.test(one))),
                "not intended",
            ).to.deep.equal([]);
            const unused = rules.filter((rule) => !all.some((one) => rule.test(one)));
            expect(unused.map(String), "no longer a difference").to.deep.equal([]);
        });
});

/** Options of an ini file, in lists: some come more than once. */
function keys(ini: string): Record<string, string[]> {
    const all: Record<string, string[]> = {};
    for (const line of ini.split("\n").filter((one) => one.includes("=") && !one.startsWith("#"))) {
        const [key, ...value] = line.split("=");
        (all[key!.trim()] ??= []).push(value.join("=").trim());
    }
    return all;
}
