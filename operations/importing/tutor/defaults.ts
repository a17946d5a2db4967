/** The Tutor releases whose configuration is read: they deploy Open edX Verawood. */
export const release = 22;

/**
 * Values of the variables that config.yml does not set, in Tutor 22. Those that no row of the contract reads are here to
 * recognise a value that was written although it is the default.
 *
 * https://docs.tutor.edly.io/configuration.html
 */
export const defaults: Readonly<Record<string, unknown>> = {
    CADDY_HTTP_PORT: 80,
    CMS_HOST: "studio.{{ LMS_HOST }}",
    CMS_OAUTH2_KEY_SSO: "cms-sso",
    CONTACT_EMAIL: "contact@{{ LMS_HOST }}",
    DOCKER_REGISTRY: "docker.io/",
    ENABLE_HTTPS: false,
    ENABLE_WEB_PROXY: true,
    JWT_COMMON_AUDIENCE: "openedx",
    JWT_COMMON_SECRET_KEY: "{{ OPENEDX_SECRET_KEY }}",
    K8S_NAMESPACE: "openedx",
    LANGUAGE_CODE: "en",
    LMS_HOST: "local.openedx.io",
    MEILISEARCH_HOST: "meilisearch.{{ LMS_HOST }}",
    MEILISEARCH_INDEX_PREFIX: "tutor_",
    MEILISEARCH_URL: "http://meilisearch:7700",
    MONGODB_AUTH_MECHANISM: "",
    MONGODB_AUTH_SOURCE: "admin",
    MONGODB_DATABASE: "openedx",
    MONGODB_HOST: "mongodb",
    MONGODB_PASSWORD: "",
    MONGODB_PORT: 27017,
    MONGODB_REPLICA_SET: "",
    MONGODB_USERNAME: "",
    MONGODB_USE_SSL: false,
    MOUNTS: [],
    MYSQL_HOST: "mysql",
    MYSQL_PORT: 3306,
    MYSQL_ROOT_USERNAME: "root",
    NOTIFICATIONS_DEFAULT_FROM_EMAIL: "{{ CONTACT_EMAIL }}",
    OPENEDX_AWS_ACCESS_KEY: "",
    OPENEDX_AWS_SECRET_ACCESS_KEY: "",
    OPENEDX_CACHE_REDIS_DB: 1,
    OPENEDX_CELERY_REDIS_DB: 0,
    OPENEDX_CMS_UWSGI_WORKERS: 2,
    OPENEDX_COMMON_VERSION: "release/verawood.1",
    OPENEDX_EXTRA_PIP_REQUIREMENTS: [],
    OPENEDX_LMS_UWSGI_WORKERS: 2,
    OPENEDX_MYSQL_DATABASE: "openedx",
    OPENEDX_MYSQL_USERNAME: "openedx",
    PLATFORM_NAME: "My Open edX",
    PLUGINS: ["mfe", "indigo"],
    REDIS_HOST: "redis",
    REDIS_PASSWORD: "",
    REDIS_PORT: 6379,
    REDIS_USERNAME: "",
    RUN_MEILISEARCH: true,
    RUN_MONGODB: true,
    RUN_MYSQL: true,
    RUN_REDIS: true,
    RUN_SMTP: true,
    SMTP_HOST: "smtp",
    SMTP_PASSWORD: "",
    SMTP_PORT: 8025,
    SMTP_USERNAME: "",
    SMTP_USE_SSL: false,
    SMTP_USE_TLS: false,
};

/** The same of plugins; `overrides` of a plugin come before Tutor's own defaults. */
export const pluginDefaults: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    indigo: {
        INDIGO_ENABLE_DARK_TOGGLE: true,
        INDIGO_PRIMARY_COLOR: "#15376D",
        INDIGO_WELCOME_MESSAGE: "The place for all your online learning",
    },
    mfe: { MFE_HOST: "apps.{{ LMS_HOST }}" },
    minio: {
        MINIO_BUCKET_NAME: "openedx",
        MINIO_CONSOLE_HOST: "minio.{{ LMS_HOST }}",
        // Its files are in a format that no release since 2022-10-29 opens.
        MINIO_DOCKER_IMAGE: "docker.io/minio/minio:RELEASE.2022-03-26T06-49-28Z.hotfix.26ec6a857",
        MINIO_FILE_UPLOAD_BUCKET_NAME: "openedxuploads",
        MINIO_GATEWAY: null,
        MINIO_GRADES_BUCKET_NAME: "openedxgrades",
        MINIO_HOST: "files.{{ LMS_HOST }}",
        MINIO_OPENEDX_LEARNING_BUCKET_NAME: "openedxlearning",
        MINIO_QUERYSTRING_AUTH: true,
        MINIO_VIDEO_UPLOAD_BUCKET_NAME: "openedxvideos",
        OPENEDX_AWS_ACCESS_KEY: "openedx",
        OPENEDX_AWS_SECRET_ACCESS_KEY: "{{ MINIO_AWS_SECRET_ACCESS_KEY }}",
    },
    notes: { NOTES_HOST: "notes.{{ LMS_HOST }}", NOTES_MYSQL_DATABASE: "notes", NOTES_MYSQL_USERNAME: "notes" },
    s3: { S3_HOST: "", S3_PORT: "", S3_REGION: "", S3_STORAGE_BUCKET: "openedx", S3_USE_SSL: true },
    xqueue: {
        XQUEUE_AUTH_USERNAME: "lms",
        XQUEUE_HOST: "xqueue.{{ LMS_HOST }}",
        XQUEUE_MYSQL_DATABASE: "xqueue",
        XQUEUE_MYSQL_USERNAME: "xqueue",
    },
};

/** Feature flags of a Tutor without plugins. */
export const defaultFeatures: Readonly<Record<Variant, Readonly<Record<string, boolean>>>> = {
    lms: {
        CERTIFICATES_HTML_VIEW: true,
        ENABLE_COMBINED_LOGIN_REGISTRATION: true,
        ENABLE_CSMH_EXTENDED: false,
        ENABLE_GRADE_DOWNLOADS: true,
        ENABLE_LEARNER_RECORDS: false,
        ENABLE_MOBILE_REST_API: true,
        ENABLE_OAUTH2_PROVIDER: true,
        ENABLE_PREREQUISITE_COURSES: true,
        ENABLE_THIRD_PARTY_AUTH: true,
        MILESTONES_APP: true,
    },
    cms: {
        CERTIFICATES_HTML_VIEW: true,
        ENABLE_CSMH_EXTENDED: false,
        ENABLE_LEARNER_RECORDS: false,
        ENABLE_LIBRARY_INDEX: true,
        ENABLE_PREREQUISITE_COURSES: true,
        MILESTONES_APP: true,
    },
};

/** The two applications, with a file of settings each. */
export type Variant = "lms" | "cms";

/** Keys of env/apps/openedx/config/*.env.yml that Tutor or a plugin that is carried over writes. */
export const envKeys: readonly string[] = [
    ...["ACE_ROUTING_KEY", "ALTERNATE_WORKER_QUEUES", "AWS_ACCESS_KEY_ID", "AWS_QUERYSTRING_AUTH"],
    ...["AWS_S3_CUSTOM_DOMAIN", "AWS_S3_SECURE_URLS", "AWS_SECRET_ACCESS_KEY", "AWS_STORAGE_BUCKET_NAME", "BOOK_URL"],
    ...["CELERY_BROKER_HOSTNAME", "CELERY_BROKER_PASSWORD", "CELERY_BROKER_TRANSPORT", "CELERY_BROKER_USER"],
    ...["CELERY_BROKER_VHOST", "CMS_BASE", "CMS_ROOT_URL", "CONTACT_EMAIL", "DATABASES", "DOC_STORE_CONFIG"],
    ...["EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_HOST_PASSWORD", "EMAIL_HOST_USER", "EMAIL_PORT", "EMAIL_USE_TLS"],
    ...[
        "ENABLE_COMPREHENSIVE_THEMING",
        "FEATURES",
        "HTTPS",
        "LANGUAGE_CODE",
        "LMS_BASE",
        "LMS_ROOT_URL",
        "LOGGING_ENV",
    ],
    ...["LOG_DIR", "NOTIFICATIONS_DEFAULT_FROM_EMAIL", "OAUTH_OIDC_ISSUER", "PLATFORM_NAME", "SECRET_KEY"],
    ...["SESSION_COOKIE_DOMAIN", "SITE_NAME", "XQUEUE_INTERFACE"],
];
