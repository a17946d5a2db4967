import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { envFile } from "../../../platforms/openedx/settings/envFile";
import { celeryVariables } from "../../../platforms/openedx/workers";
import type { Facts } from "../../../platforms/openedx/settings/facts";
import { productionFile } from "../../../platforms/openedx/settings/production";
import { program, scratch } from "../../support/tools";
import { executed, external, facts, objectStorage, pem, secrets, services, type Setting, variants } from "./support";

/** Signs that mean something in some language on the way. */
const odd = "a'b\"c\\d%s%(e)s{f}$g$(h)#i: é✓\u{1f600}@/?&+ *";

describe("Open edX's settings, executed", function () {
    this.timeout(300_000);
    const { path, clean } = scratch();
    after(clean);
    let python = "";
    before(function () {
        python = program(this, "python3");
    });
    let count = 0;
    const run = (variant: "lms" | "cms", all: Facts, variables?: Readonly<Record<string, string>>) =>
        executed(python, join(path, String(count++)), variant, all, variables);

    for (const variant of variants)
        it(`${variant}: hosts, cookies and origins over https`, () => {
            const { settings } = run(variant, facts());
            expect(settings).to.deep.include({
                SITE_ID: 2,
                HTTPS: "on",
                SESSION_COOKIE_SECURE: true,
                CSRF_COOKIE_SECURE: true,
                SESSION_COOKIE_SAMESITE: "None",
                CORS_ALLOW_INSECURE: false,
                CSRF_TRUSTED_ORIGINS: ["https://apps.lms.example.org"],
                SEARCH_ENGINE: "search.meilisearch.MeilisearchEngine",
                EVENT_BUS_REDIS_CONNECTION_URL: "redis://redis:6379/0",
            });
            const own =
                variant === "lms"
                    ? { ALLOWED_HOSTS: ["lms.example.org", "lms"], SESSION_COOKIE_DOMAIN: "lms.example.org" }
                    : { ALLOWED_HOSTS: ["studio.lms.example.org", "cms"], SESSION_COOKIE_NAME: "studio_session_id" };
            expect(settings).to.deep.include(own);
        });

    it("each worker keeps tasks that it has taken under keys of its own, longer than it may work on one", () => {
        const optionsOf = (name: string, longestTaskSeconds: number) =>
            run("lms", facts(), celeryVariables({ name, longestTaskSeconds })).settings["BROKER_TRANSPORT_OPTIONS"];
        expect(optionsOf("reports", 14_400)).to.deep.equal({
            socket_connect_timeout: 2,
            socket_timeout: 5,
            visibility_timeout: 15_000,
            unacked_key: "unacked-reports",
            unacked_index_key: "unacked_index-reports",
            unacked_mutex_key: "unacked_mutex-reports",
        });
        expect(optionsOf("lms-worker", 600)).to.include({
            visibility_timeout: 3600,
            unacked_key: "unacked-lms-worker",
        });
    });

    it("over http, cookies are not secure ones", () => {
        const { settings } = run("lms", facts({ scheme: "http" }));
        expect(settings).to.deep.include({
            HTTPS: "off",
            SESSION_COOKIE_SECURE: false,
            CSRF_COOKIE_SECURE: false,
            SESSION_COOKIE_SAMESITE: "Lax",
            CORS_ALLOW_INSECURE: true,
            CORS_ORIGIN_WHITELIST: ["http://lms.example.org", "http://apps.lms.example.org"],
            AUTHN_MICROFRONTEND_URL: "http://apps.lms.example.org/authn",
        });
        expect(settings["MFE_CONFIG"]).to.include({ LMS_BASE_URL: "http://lms.example.org" });
    });

    for (const variant of variants)
        it(`${variant}: external services with accounts and TLS`, () => {
            const { settings } = run(variant, facts({ services: external }));
            const store = {
                db: "edx",
                host: ["a.example.net", "b.example.net"],
                port: 27018,
                user: "edx",
                password: secrets.mongo,
                connect: false,
                ssl: true,
                authsource: "edx",
                replicaSet: "rs0",
            };
            expect(settings["DOC_STORE_CONFIG"]).to.deep.equal(store);
            expect(settings["CONTENTSTORE"]["DOC_STORE_CONFIG"]).to.deep.equal(store);
            expect(settings["MODULESTORE"]["default"]["OPTIONS"]["stores"]).to.deep.equal([
                { NAME: "split", DOC_STORE_CONFIG: store, OPTIONS: { fs_root: "/openedx/data/modulestore" } },
            ]);
            const verified = { ssl_ca_certs: "/run/authorities/all.pem", ssl_check_hostname: true };
            const url = `rediss://:${secrets.cache}@c.example.net:6380/0`;
            for (const [name, cache] of Object.entries<Setting>(settings["CACHES"]))
                if (name !== "staticfiles")
                    expect(cache, name).to.deep.include({
                        LOCATION: url,
                        OPTIONS: { SOCKET_CONNECT_TIMEOUT: 2, SOCKET_TIMEOUT: 5, CONNECTION_POOL_KWARGS: verified },
                    });
            expect(settings).to.deep.include({
                BROKER_URL: `rediss://celery:${secrets.broker}@q.example.net:6380/3`,
                BROKER_USE_SSL: { ssl_cert_reqs: "required", ...verified },
                BROKER_TRANSPORT_OPTIONS: { socket_connect_timeout: 2, socket_timeout: 5 },
                EVENT_BUS_REDIS_CONNECTION_URL: `rediss://celery:${secrets.broker}@q.example.net:6380/3`,
                EMAIL_USE_SSL: true,
                EMAIL_USE_TLS: false,
            });
            expect(settings["DATABASES"]["default"]).to.deep.include({ HOST: "db.example.net", PORT: 3307 });
            expect(settings["DATABASES"]["default"]["OPTIONS"]).to.include({ connect_timeout: 5 });
            expect(settings["DATABASES"]["default"]["OPTIONS"]).to.deep.include({
                ssl_mode: "VERIFY_IDENTITY",
                ssl: { ca: "/run/authorities/all.pem" },
            });
        });

    it("files on volumes, or in buckets of which only pictures are public", () => {
        const onVolume = run("lms", facts());
        expect(onVolume.folders).to.deep.equal(["/openedx/data/modulestore", "/openedx/media/", "/openedx/data/ora2"]);
        expect(onVolume.settings["STORAGES"]["default"]["BACKEND"]).to.contain("FileSystemStorage");
        expect(onVolume.aws).to.deep.equal({ DEFAULT_REGION: null, CONFIG_FILE: null });
        const inBuckets = run("lms", facts({ services: external }));
        expect(inBuckets.folders).to.deep.equal(["/openedx/data/modulestore"]);
        expect(inBuckets.aws.DEFAULT_REGION).to.equal("eu-central-1");
        expect(inBuckets.aws.CONFIG_FILE).to.match(/\/lms\/envs\/tutor\/aws\.config$/);
        expect(inBuckets.settings).to.deep.include({
            AWS_S3_ENDPOINT_URL: "https://files.lms.example.org",
            AWS_S3_INTERNAL_ENDPOINT_URL: "http://storage:9000",
            AWS_DEFAULT_ACL: null,
            PROFILE_IMAGE_BACKEND: {
                class: "lms.envs.tutor.object_storage.ObjectStorage",
                options: {
                    bucket_name: "openedx",
                    querystring_auth: false,
                    location: "openedx/media/profile-images/",
                },
            },
        });
        const studio = run("cms", facts({ services: external })).settings;
        expect(studio["USER_TASKS_ARTIFACT_STORAGE"]).to.equal("cms.envs.tutor.object_storage.ObjectStorage");
    });

    it("a storage with one address has no class of its own, and AWS no address", () => {
        const { publicEndpoint: _, endpoint: __, ...aws } = objectStorage;
        const all = services({ objectStorage: { ...aws, pathStyle: false, publicProfileImages: false } });
        const { settings } = run("lms", facts({ services: all }));
        expect(settings).not.to.have.any.keys("AWS_S3_ENDPOINT_URL", "AWS_S3_INTERNAL_ENDPOINT_URL");
        expect(settings["STORAGES"]["default"]["BACKEND"]).to.equal("storages.backends.s3boto3.S3Boto3Storage");
        expect(settings["AWS_S3_CLIENT_CONFIG"]["s3"]).to.deep.equal({ addressing_style: "auto" });
        expect(settings["PROFILE_IMAGE_BACKEND"]["options"]["querystring_auth"]).to.equal(true);
        const one = services({ objectStorage: { ...aws, endpoint: "https://s3.example.net" } });
        const single = run("cms", facts({ services: one })).settings;
        expect(single["AWS_S3_ENDPOINT_URL"]).to.equal("https://s3.example.net");
        expect(single["STORAGES"]["default"]["BACKEND"]).to.equal("storages.backends.s3boto3.S3Boto3Storage");
    });

    it("any sign in passwords and names arrives as it is", () => {
        const all = facts({
            platform: { name: odd, language: "en", contactEmail: "a@example.org" },
            secrets: { secretKey: odd, cmsOauth2Secret: odd, jwtPrivateKey: pem },
            services: {
                ...external,
                mysql: { ...external.mysql, password: odd },
                mongodb: { ...external.mongodb, password: odd },
                broker: { ...external.broker, user: odd, password: odd },
                cache: { ...external.cache, password: odd },
                mail: { ...external.mail, password: `${odd}\n` },
            },
        });
        const { settings } = run("cms", all);
        expect(settings["DATABASES"]["default"]["PASSWORD"]).to.equal(odd);
        expect(settings["DOC_STORE_CONFIG"]["password"]).to.equal(odd);
        expect(settings).to.deep.include({
            SECRET_KEY: odd,
            SOCIAL_AUTH_EDX_OAUTH2_SECRET: odd,
            STUDIO_NAME: `${odd} - Studio`,
            EMAIL_HOST_PASSWORD: `${odd}\n`,
        });
        for (const url of [settings["BROKER_URL"], settings["CACHES"]["default"]["LOCATION"]] as string[]) {
            const { password, hostname } = new URL(url.replace("rediss:", "https:"));
            expect(decodeURIComponent(password)).to.equal(odd);
            expect(hostname).to.match(/^[qc]\.example\.net$/);
        }
    });

    it("logs go to the container's output", () => {
        const { LOGGING: logging } = run("lms", facts()).settings;
        expect(logging["handlers"]).to.have.keys("console", "tracking");
        expect(logging["handlers"]["tracking"]).to.include({ formatter: "raw", stream: "ext://sys.stdout" });
        expect(logging["loggers"][""]["handlers"]).to.deep.equal(["console"]);
    });

    it("switches: forum, notes, Python in problems, external graders, Indigo, search in the catalogue", () => {
        const { settings, jail } = run("lms", facts());
        expect(settings).to.include({ ENABLE_DISCUSSION_SERVICE: false, ENABLE_COURSE_DISCOVERY: true });
        expect(settings).not.to.have.any.keys("ENABLE_EDXNOTES", "ENABLE_CODEJAIL_REST_SERVICE");
        expect(settings["MFE_CONFIG"]).not.to.have.property("INDIGO_ENABLE_DARK_TOGGLE");
        expect(jail).to.deep.equal({ python: ["nonexistingpythonbinary", null] });
        const switches = {
            forum: true,
            notes: { url: "http://notes:8000", publicUrl: "https://notes.lms.example.org" },
            codejail: { url: "http://codejail:8000" },
            xqueue: { url: "http://xqueue:8000", username: "lms", password: secrets.xqueue },
            indigo: true,
            courseDiscovery: false,
        };
        const on = run("lms", facts({ switches, services: external }));
        expect(on.jail).to.deep.equal(jail);
        expect(on.settings).to.deep.include({
            ENABLE_DISCUSSION_SERVICE: true,
            ENABLE_COURSE_DISCOVERY: false,
            FORUM_SEARCH_BACKEND: "forum.search.meilisearch.MeilisearchBackend",
            ENABLE_EDXNOTES: true,
            EDXNOTES_PUBLIC_API: "https://notes.lms.example.org/api/v1",
            EDXNOTES_INTERNAL_API: "http://notes:8000/api/v1",
            ENABLE_CODEJAIL_REST_SERVICE: true,
            CODE_JAIL_REST_SERVICE_HOST: "http://codejail:8000",
            XQUEUE_INTERFACE: {
                url: "http://xqueue:8000",
                django_auth: { username: "lms", password: secrets.xqueue },
            },
        });
        expect(on.settings["FORUM_MONGODB_CLIENT_PARAMETERS"]).to.include({ username: "edx", authSource: "edx" });
        expect(on.settings["TEMPLATES"][0]["DIRS"][0]).to.equal("/openedx/themes/indigo/lms/templates");
        expect(on.settings["MFE_CONFIG"]).to.include({ INDIGO_ENABLE_DARK_TOGGLE: true });
        const studio = run("cms", facts({ switches })).settings;
        expect(studio["PIPELINE"]["JAVASCRIPT"]["base_vendor"]["source_filenames"]).to.deep.equal([
            "indigo/js/dark-theme.js",
        ]);
    });

    it("the user's settings come last: flags, values over the others', lines", () => {
        const all = facts({
            env: { common: { OWN_KEY: "secret", DATABASES: { default: { CONN_MAX_AGE: 60 } } }, cms: { X: null } },
            features: { common: { ENABLE_A: true, ENABLE_COURSE_DISCOVERY: false }, lms: { ENABLE_A: false } },
            settings: {
                common: {
                    values: {
                        REGISTRATION_EXTRA_FIELDS: { city: "required" },
                        FEATURES: { ENABLE_B: true },
                        CORS_ORIGIN_WHITELIST: ["https://a.example.org"],
                        SITE_ID: null,
                        NEW: { a: { b: 1 } },
                    },
                    python: ["CORS_ORIGIN_WHITELIST.append(OWN_KEY)"],
                },
                lms: { values: { NEW: { a: { c: 2 } } }, python: ["if ENABLE_B:\n    SITE_ID = NEW['a']['b']"] },
            },
            mfe: {
                config: { LOGO_URL: "https://a.example.org/logo.svg", OWN: { a: 1 } },
                configOf: { learning: { A: 1 } },
                site: { commonAppConfig: { A: 1 } },
            },
        });
        const { settings } = run("lms", all);
        expect(settings).to.deep.include({
            ENABLE_A: false,
            ENABLE_B: true,
            ENABLE_COURSE_DISCOVERY: false,
            CORS_ORIGIN_WHITELIST: ["https://a.example.org", "secret"],
            SITE_ID: 1,
            NEW: { a: { b: 1, c: 2 } },
            MFE_CONFIG_OVERRIDES: { learning: { A: 1 } },
            REGISTRATION_EXTRA_FIELDS: {
                level_of_education: "optional",
                honor_code: "hidden",
                terms_of_service: "hidden",
                city: "required",
            },
        });
        expect(settings["DATABASES"]["default"]).to.include({ CONN_MAX_AGE: 60, HOST: "mysql" });
        expect(settings["MFE_CONFIG"]).to.deep.include({ LOGO_URL: "https://a.example.org/logo.svg", OWN: { a: 1 } });
        expect(settings["FRONTEND_SITE_CONFIG"]["commonAppConfig"]).to.deep.equal({
            DISABLE_ENTERPRISE_LOGIN: true,
            A: 1,
        });
        expect(parse(envFile("cms", all))).to.include({ X: null });
        for (const bad of ["debug", "A-B", "1A", ""])
            expect(() => productionFile("lms", facts({ settings: { lms: { values: { [bad]: 1 } } } }))).to.throw(
                "allowed: names of settings, in upper case",
            );
        expect(() => productionFile("lms", facts({ settings: { lms: { values: { FEATURES: 1 } } } }))).to.throw(
            "allowed: a map of flags as FEATURES",
        );
    });
});

describe("production.py", () => {
    for (const variant of variants)
        it(`of the ${variant} holds no secret, which is all in its env file`, () => {
            const all = facts({
                services: external,
                switches: {
                    forum: true,
                    xqueue: { url: "http://xqueue:8000", username: "lms", password: secrets.xqueue },
                    indigo: true,
                    courseDiscovery: true,
                },
            });
            const python = productionFile(variant, all);
            const env = envFile(variant, all);
            const { oauth, ...both } = secrets;
            for (const secret of Object.values(variant === "cms" ? secrets : both)) {
                expect(env, secret).to.contain(secret);
                expect(python, secret).not.to.contain(secret);
            }
            expect(env.includes(oauth)).to.equal(variant === "cms");
            expect(python).not.to.contain("BEGIN");
            expect(python).not.to.contain("kty");
        });
});
