/** What conditions of the rows ask. */
export interface Root {
    /** Whether a switch such as RUN_MYSQL is on. */
    readonly on: (flag: string) => boolean;
    readonly hasPlugin: (name: string) => boolean;
    /** Whether a variable has a text that is not empty. */
    readonly has: (variable: string) => boolean;
    /** Whether config.yml sets a variable to another value than the default. */
    readonly isChanged: (variable: string) => boolean;
    /** Whether the platform ran in a cluster, so that its claims can be adopted. */
    readonly inCluster: boolean;
}

export type When = (root: Root) => boolean;

const on =
    (flag: string): When =>
    (root) =>
        root.on(flag);
const plugin =
    (name: string): When =>
    (root) =>
        root.hasPlugin(name);
const has =
    (variable: string): When =>
    (root) =>
        root.has(variable);
const not =
    (one: When): When =>
    (root) =>
        !one(root);
const all =
    (...ones: readonly When[]): When =>
    (root) =>
        ones.every((one) => one(root));
const inCluster: When = (root) => root.inCluster;

/** A key of the instance, and where its value comes from. */
export type SettingRow = {
    /** With dots. */
    readonly key: string;
    /** @default always */
    readonly when?: When;
} & (
    | {
          readonly from: string;
          /** @default text */
          readonly as?: "text" | "number" | "flag" | "list";
          /** Whether it is only written if config.yml sets another value than the default. @default false */
          readonly ifChanged?: boolean;
      }
    | { readonly value: unknown }
);

const httpsHere = all(on("ENABLE_HTTPS"), on("ENABLE_WEB_PROXY"));
const httpsInFront = all(on("ENABLE_HTTPS"), not(on("ENABLE_WEB_PROXY")));

const ownMysql = on("RUN_MYSQL");
const ownMongodb = on("RUN_MONGODB");
const ownRedis = on("RUN_REDIS");
const ownSearch = on("RUN_MEILISEARCH");
const ownMail = on("RUN_SMTP");
const minio = plugin("minio");
const s3 = all(plugin("s3"), not(minio));

/** Variables with which the volume of the plugin minio has objects elsewhere than where the platform looks. */
const elsewhere = [
    ...["MINIO_GATEWAY", "MINIO_BUCKET_NAME", "MINIO_FILE_UPLOAD_BUCKET_NAME"],
    ...["MINIO_GRADES_BUCKET_NAME", "MINIO_OPENEDX_LEARNING_BUCKET_NAME"],
];

/** Whether the volume of the plugin minio can be adopted. */
export const adoptsMinio: When = (root) => minio(root) && root.inCluster && !elsewhere.some(root.isChanged);

/** Of a cache and a broker, which are one server in Tutor. */
const redis = (name: string): SettingRow[] => [
    { key: `${name}.topology`, value: "single", when: ownRedis },
    { key: `${name}.topology`, value: "external", when: not(ownRedis) },
    { key: `${name}.host`, from: "REDIS_HOST", when: not(ownRedis) },
    { key: `${name}.port`, from: "REDIS_PORT", as: "number", when: not(ownRedis) },
];

/** Of a volume whose data the server finds in the root of Tutor's claim. */
const adopted = (volume: string, claim: string, isOwn: When): SettingRow => ({
    key: `volumes.${volume}`,
    value: { claim, path: ".", size: "5Gi" },
    when: all(inCluster, isOwn),
});

/** The keys of the platform openedx, in the order in which they are written. */
export const settingRows: readonly SettingRow[] = [
    { key: "namespace", from: "K8S_NAMESPACE", when: inCluster },
    { key: "host", from: "LMS_HOST" },
    { key: "studioHost", from: "CMS_HOST" },
    { key: "mfeHost", from: "MFE_HOST", when: plugin("mfe") },
    { key: "platformName", from: "PLATFORM_NAME" },
    { key: "language", from: "LANGUAGE_CODE" },
    { key: "contactEmail", from: "CONTACT_EMAIL" },
    { key: "tls.mode", value: "acme", when: httpsHere },
    // Tutor gives none to the certificate authority.
    { key: "tls.email", from: "CONTACT_EMAIL", when: httpsHere },
    { key: "tls.mode", value: "off", when: not(httpsHere) },
    { key: "tls.inFront", value: true, when: httpsInFront },
    { key: "edge.type", value: "ClusterIP", when: not(on("ENABLE_WEB_PROXY")) },

    { key: "database.topology", value: "single", when: ownMysql },
    { key: "database.topology", value: "external", when: not(ownMysql) },
    { key: "database.engine", value: "mysql" },
    { key: "database.host", from: "MYSQL_HOST", when: not(ownMysql) },
    { key: "database.port", from: "MYSQL_PORT", as: "number", when: not(ownMysql) },
    { key: "database.name", from: "OPENEDX_MYSQL_DATABASE" },
    { key: "database.user", from: "OPENEDX_MYSQL_USERNAME" },

    { key: "documents.topology", value: "single", when: ownMongodb },
    { key: "documents.topology", value: "external", when: not(ownMongodb) },
    { key: "documents.hosts", from: "MONGODB_HOST", as: "list", when: not(ownMongodb) },
    { key: "documents.port", from: "MONGODB_PORT", as: "number", when: not(ownMongodb) },
    { key: "documents.name", from: "MONGODB_DATABASE" },
    { key: "documents.user", from: "MONGODB_USERNAME", when: has("MONGODB_USERNAME") },
    { key: "documents.authSource", from: "MONGODB_AUTH_SOURCE", when: not(ownMongodb) },
    { key: "documents.replicaSet", from: "MONGODB_REPLICA_SET", when: not(ownMongodb) },
    { key: "documents.tls", from: "MONGODB_USE_SSL", as: "flag", when: not(ownMongodb) },

    ...redis("broker"),
    ...redis("cache"),

    { key: "search.topology", value: "single", when: ownSearch },
    { key: "search.publicHost", from: "MEILISEARCH_HOST", when: ownSearch },
    { key: "search.topology", value: "external", when: not(ownSearch) },
    { key: "search.url", from: "MEILISEARCH_URL", when: not(ownSearch) },
    { key: "search.publicUrl", from: "MEILISEARCH_PUBLIC_URL", when: not(ownSearch) },
    { key: "search.prefix", from: "MEILISEARCH_INDEX_PREFIX", when: not(ownSearch) },

    { key: "objectStorage.topology", value: "single", when: minio },
    { key: "objectStorage.engine", value: "minio", when: minio },
    { key: "objectStorage.publicHost", from: "MINIO_HOST", when: minio },
    { key: "objectStorage.topology", value: "external", when: s3 },
    { key: "objectStorage.region", from: "S3_REGION", when: s3 },
    { key: "objectStorage.buckets.openedx", from: "S3_STORAGE_BUCKET", when: s3 },
    { key: "objectStorage.buckets.openedxuploads", from: "S3_FILE_UPLOAD_BUCKET", when: s3 },

    { key: "mail.host", from: "SMTP_HOST", when: not(ownMail) },
    { key: "mail.port", from: "SMTP_PORT", as: "number", when: not(ownMail) },
    { key: "mail.encryption", value: "tls", when: all(not(ownMail), on("SMTP_USE_SSL")) },
    { key: "mail.encryption", value: "starttls", when: all(not(ownMail), on("SMTP_USE_TLS"), not(on("SMTP_USE_SSL"))) },
    { key: "mail.encryption", value: "off", when: all(not(ownMail), not(on("SMTP_USE_TLS")), not(on("SMTP_USE_SSL"))) },
    { key: "mail.username", from: "SMTP_USERNAME", when: not(ownMail) },

    { key: "images.openedx", from: "DOCKER_IMAGE_OPENEDX", ifChanged: true },
    { key: "images.mfe", from: "MFE_DOCKER_IMAGE", ifChanged: true },
    // The versions that wrote the data.
    { key: "images.mysql", from: "DOCKER_IMAGE_MYSQL", ifChanged: true, when: ownMysql },
    { key: "images.mongo", from: "DOCKER_IMAGE_MONGODB", ifChanged: true, when: ownMongodb },

    { key: "images.minio", from: "MINIO_DOCKER_IMAGE", when: adoptsMinio },

    { key: "theme", value: "indigo", when: plugin("indigo") },
    { key: "forum", value: true, when: plugin("forum") },

    adopted("database", "mysql", ownMysql),
    adopted("documents", "mongodb", ownMongodb),
    adopted("storage", "minio", adoptsMinio),
];

/** A secret of the instance, and where its value comes from. */
export interface SecretRow {
    readonly secret: string;
    readonly from: string;
    /** @default always */
    readonly when?: When;
    /** Whether the platform may have none. @default false */
    readonly optional?: boolean;
}

const isS3 = (root: Root): boolean => minio(root) || s3(root);

export const secretRows: readonly SecretRow[] = [
    { secret: "openedxSecretKey", from: "OPENEDX_SECRET_KEY" },
    { secret: "cmsOauth2Secret", from: "CMS_OAUTH2_SECRET" },
    { secret: "jwtPrivateKey", from: "JWT_RSA_PRIVATE_KEY" },
    { secret: "databasePassword", from: "OPENEDX_MYSQL_PASSWORD" },
    { secret: "databaseRootPassword", from: "MYSQL_ROOT_PASSWORD", when: ownMysql },
    { secret: "documentsPassword", from: "MONGODB_PASSWORD", optional: true },
    { secret: "brokerPassword", from: "REDIS_PASSWORD", when: not(ownRedis), optional: true },
    { secret: "cachePassword", from: "REDIS_PASSWORD", when: not(ownRedis), optional: true },
    { secret: "searchMasterKey", from: "MEILISEARCH_MASTER_KEY" },
    { secret: "objectStorageAccessKey", from: "OPENEDX_AWS_ACCESS_KEY", when: isS3 },
    { secret: "objectStorageSecretKey", from: "OPENEDX_AWS_SECRET_ACCESS_KEY", when: isS3 },
    { secret: "smtpPassword", from: "SMTP_PASSWORD", when: not(ownMail), optional: true },
];
