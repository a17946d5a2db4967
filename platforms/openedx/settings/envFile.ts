import type { Json } from "../../../components/languages/python";
import { yaml, type Yaml } from "../../../components/languages/yaml";
import { caches, celeryBroker, documentStore, forumClient, mysqlDatabase, redisUrl } from "./connections";
import type { Facts, Settings, Variant } from "./facts";
import { jwks } from "./jwks";
import { laidOver, layered } from "./layers";
import { folders } from "./paths";
import { issuer, urls } from "./urls";

/**
 * lms.env.yml or cms.env.yml: all secrets, and what Open edX's own production.py needs while it runs.
 *
 * That file makes a setting of each key, and merges FEATURES and JWT_AUTH into its own. Ours reads the rest from it by
 * name, so that production.py holds no secret.
 *
 * @throws Refusal if the JWT key is no RSA key in PEM
 */
export function envFile(variant: Variant, facts: Facts): Yaml {
    const own = variant === "lms" ? lms(facts) : cms(facts);
    const all = { ...common(facts), ...own, FEATURES: features(variant, facts) };
    return yaml(laidOver(all, layered(facts.env, variant)));
}

function common(facts: Facts): Settings {
    const { scheme, hosts, platform, services, secrets } = facts;
    const { lms: lmsUrl, studio: studioUrl } = urls(facts);
    return {
        PLATFORM_NAME: platform.name,
        LANGUAGE_CODE: platform.language,
        CONTACT_EMAIL: platform.contactEmail,
        HTTPS: scheme === "https" ? "on" : "off",
        LMS_BASE: hosts.lms,
        LMS_ROOT_URL: lmsUrl,
        CMS_BASE: hosts.studio,
        CMS_ROOT_URL: studioUrl,
        BOOK_URL: "",
        OAUTH_OIDC_ISSUER: issuer(facts),
        LOG_DIR: `${folders.data}/logs`,
        LOGGING_ENV: "sandbox",
        ENABLE_COMPREHENSIVE_THEMING: true,
        SECRET_KEY: secrets.secretKey,
        JWT_AUTH: jwtAuth(facts),
        DATABASES: { default: mysqlDatabase(services) },
        DOC_STORE_CONFIG: documentStore(services.mongodb),
        CACHES: caches(services.cache),
        ...celeryBroker(services.broker),
        EVENT_BUS_REDIS_CONNECTION_URL: redisUrl(services.broker),
        ...mail(services.mail),
        ...search(services.search),
        ...objectStorage(facts),
        ...extras(facts),
    };
}

const lms = ({ hosts, platform }: Facts): Settings => ({
    SITE_NAME: hosts.lms,
    SESSION_COOKIE_DOMAIN: hosts.lms,
    ALTERNATE_WORKER_QUEUES: "cms",
    ACE_ROUTING_KEY: "edx.lms.core.default",
    NOTIFICATIONS_DEFAULT_FROM_EMAIL: platform.contactEmail,
});

const cms = ({ hosts, secrets }: Facts): Settings => ({
    SITE_NAME: hosts.studio,
    SESSION_COOKIE_DOMAIN: hosts.studio,
    ALTERNATE_WORKER_QUEUES: "lms",
    SOCIAL_AUTH_EDX_OAUTH2_SECRET: secrets.cmsOauth2Secret,
});

function jwtAuth(facts: Facts): Settings {
    const { signing, verifying } = jwks(facts.secrets.jwtPrivateKey);
    const { secretKey } = facts.secrets;
    return {
        JWT_ISSUER: issuer(facts),
        JWT_AUDIENCE: "openedx",
        JWT_SECRET_KEY: secretKey,
        JWT_PRIVATE_SIGNING_JWK: signing,
        JWT_PUBLIC_SIGNING_JWK_SET: verifying,
        JWT_ISSUERS: [{ ISSUER: issuer(facts), AUDIENCE: "openedx", SECRET_KEY: secretKey }],
    };
}

const mail = ({ host, port, encryption, username, password }: Facts["services"]["mail"]): Settings => ({
    EMAIL_BACKEND: "django.core.mail.backends.smtp.EmailBackend",
    EMAIL_HOST: host,
    EMAIL_PORT: port,
    EMAIL_HOST_USER: username ?? "",
    EMAIL_HOST_PASSWORD: password ?? "",
    EMAIL_USE_TLS: encryption === "starttls",
    EMAIL_USE_SSL: encryption === "tls",
});

/** The master key is not here: the applications' own key does all that they ask for. */
const search = ({ url, publicUrl, apiKey, prefix }: Facts["services"]["search"]): Settings => ({
    MEILISEARCH_ENABLED: true,
    MEILISEARCH_URL: url,
    MEILISEARCH_PUBLIC_URL: publicUrl,
    MEILISEARCH_INDEX_PREFIX: prefix,
    MEILISEARCH_API_KEY: apiKey,
});

/** Open edX takes empty keys for none, and needs both names. */
function objectStorage({ scheme, services: { objectStorage: storage } }: Facts): Settings {
    const keys = {
        AWS_ACCESS_KEY_ID: storage?.accessKey ?? "",
        AWS_SECRET_ACCESS_KEY: storage?.secretKey ?? "",
    };
    if (!storage) return keys;
    return {
        ...keys,
        AWS_STORAGE_BUCKET_NAME: storage.buckets.main,
        AWS_S3_CUSTOM_DOMAIN: "",
        AWS_QUERYSTRING_AUTH: true,
        AWS_S3_SECURE_URLS: scheme === "https",
    };
}

/** With passwords of their own, or read by plug-ins before our production.py has begun. */
function extras({ switches: { forum, xqueue, codejail }, services }: Facts): Settings {
    const xqueueInterface: Json = xqueue
        ? {
              url: xqueue.url,
              django_auth: { username: xqueue.username, password: xqueue.password },
          }
        : { url: null, django_auth: null };
    return {
        XQUEUE_INTERFACE: xqueueInterface,
        ...(codejail ? { ENABLE_CODEJAIL_REST_SERVICE: true, CODE_JAIL_REST_SERVICE_HOST: codejail.url } : {}),
        ...(forum
            ? {
                  FORUM_SEARCH_BACKEND: "forum.search.meilisearch.MeilisearchBackend",
                  // Of sites that have not moved their discussions to MySQL.
                  FORUM_MONGODB_DATABASE: "cs_comments_service",
                  FORUM_MONGODB_CLIENT_PARAMETERS: forumClient(services.mongodb),
              }
            : {}),
    };
}

function features(variant: Variant, facts: Facts): Settings {
    const both = {
        CERTIFICATES_HTML_VIEW: true,
        ENABLE_CSMH_EXTENDED: false,
        ENABLE_LEARNER_RECORDS: false,
        ENABLE_PREREQUISITE_COURSES: true,
        MILESTONES_APP: true,
        // Flags that are read before our production.py begins.
        ENABLE_DISCUSSION_SERVICE: facts.switches.forum,
    };
    const own: Settings =
        variant === "lms"
            ? {
                  ENABLE_COMBINED_LOGIN_REGISTRATION: true,
                  ENABLE_GRADE_DOWNLOADS: true,
                  ENABLE_MOBILE_REST_API: true,
                  ENABLE_OAUTH2_PROVIDER: true,
                  ENABLE_THIRD_PARTY_AUTH: true,
              }
            : { ENABLE_LIBRARY_INDEX: true };
    return { ...both, ...own, ...layered(facts.features, variant) };
}
