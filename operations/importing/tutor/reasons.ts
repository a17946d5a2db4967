import { adoptsMinio, type When } from "./contract";

/** Variables with which nothing is lost, whatever they say. */
export const silent: readonly string[] = [
    // A label, and a hash of two other variables.
    ...["ID", "MEILISEARCH_API_KEY"],
    // Plugins are looked at one by one; indexes only list what could be installed.
    ...["PLUGINS", "PLUGIN_INDEXES"],
    // Read for the endpoint of the plugin s3, and for a value of another variable.
    ...["S3_HOST", "S3_PORT", "S3_USE_SSL", "MINIO_AWS_SECRET_ACCESS_KEY"],
];

interface Reason {
    /** All of a variable's name. */
    readonly variables: RegExp;
    /** Why, and what to do. */
    readonly reason: string;
}

const builds = "is read when images are built; build your own image with Tutor and set it as images.openedx";

/** Why a variable is not carried over; the first that fits. */
export const reasons: readonly Reason[] = [
    { variables: /CADDY_HTTP_PORT/, reason: "the edge listens on its own ports; point the proxy at the Service edge" },
    { variables: /CMS_OAUTH2_KEY_SSO/, reason: "the client of Studio's log-in is always cms-sso; nothing to do" },
    { variables: /DOCKER_REGISTRY/, reason: "all images come from there; set plinth:images.mirror or images by name" },
    {
        variables: /DOCKER_IMAGE_OPENEDX_DEV|DEV_PROJECT_NAME|LOCAL_PROJECT_NAME|MOUNTS/,
        reason: "only for `tutor dev` and `tutor local`; nothing to do",
    },
    {
        variables: /(.*_)?DOCKER_IMAGE(_.*)?/,
        reason: "Plinth has an image of its own for this; set it in images if it must be another",
    },
    {
        variables: /EDX_PLATFORM_.*|OPENEDX_COMMON_VERSION|OPENEDX_EXTRA_PIP_REQUIREMENTS|ATLAS_.*|NPM_REGISTRY/,
        reason: builds,
    },
    {
        variables: /JWT_COMMON_.*/,
        reason: "tokens have Open edX's usual audience, issuer and key; sessions of other services must log in again",
    },
    { variables: /OPENEDX_(LMS|CMS)_UWSGI_WORKERS/, reason: "processes of one pod; set resources and replicas" },
    {
        variables: /OPENEDX_(CACHE|CELERY)_REDIS_DB/,
        reason: "Plinth's databases have other numbers; let the queues run empty first",
    },
    { variables: /REDIS_USERNAME/, reason: "the default user logs in; give it the password" },
    { variables: /MONGODB_AUTH_MECHANISM/, reason: "the driver chooses SCRAM; give the user a password" },
    {
        variables: /MYSQL_ROOT_(USERNAME|PASSWORD)/,
        reason: "Plinth needs no administrator of an external server; create database and user yourself, as they are already",
    },
    { variables: /NOTIFICATIONS_DEFAULT_FROM_EMAIL/, reason: "contactEmail is the sender; set it under settings" },
    { variables: /MINIO_CONSOLE_HOST/, reason: "MinIO's console is not published; nothing to do" },
    {
        variables: /MINIO_GATEWAY/,
        reason: "MinIO no longer has gateways; copy the objects, or set objectStorage to the store behind it",
    },
    {
        variables: /MINIO_.*_?BUCKET_NAME/,
        reason: "in the cluster, buckets have Plinth's names; load the objects into those",
    },
    { variables: /MINIO_.*/, reason: "Plinth sets up the storage itself; nothing to do unless you know better" },
    { variables: /S3_.*BUCKET/, reason: "set objectStorage.buckets to the buckets that are in use" },
    { variables: /S3_.*/, reason: "compare with objectStorage, and set forcePathStyle if the server needs it" },
    {
        variables: /(NOTES|XQUEUE)_(MYSQL_PASSWORD|SECRET_KEY|OAUTH2_SECRET|AUTH_PASSWORD)/,
        reason: "a new value is generated; nothing to do",
    },
    { variables: /(NOTES|XQUEUE|FORUM|CODEJAIL)_.*/, reason: "set it in the keys of this part, if they have it" },
    {
        variables: /INDIGO_.*/,
        reason: "the theme is built into the image; build your own image with Tutor and set it as images.openedx",
    },
    {
        variables: /MFE_.*/,
        reason: "is read when images are built; build your own image with Tutor and set it as images.mfe",
    },
    {
        variables: /RUN_(?!MYSQL|MONGODB|REDIS|MEILISEARCH|SMTP).*/,
        reason: "belongs to a plugin, or to an older Tutor",
    },
];

export const otherReason = "Plinth does not know this variable; a plugin reads it, or nothing";

/** What else is not carried over although no variable says so. */
export const notices: readonly { readonly what: string; readonly when: When; readonly reason: string }[] = [
    {
        what: "RUN_SMTP",
        when: (root) => root.on("RUN_SMTP"),
        reason: "Tutor's relay sends to every recipient's server itself; the platform's usual way of mail applies, or set mail.host",
    },
    {
        what: "ENABLE_WEB_PROXY",
        when: (root) => !root.on("ENABLE_WEB_PROXY"),
        reason: "Tutor trusts the headers of everyone; set edge.trustedProxies to the ranges of your proxy",
    },
    {
        what: "claim minio",
        when: (root) => root.hasPlugin("minio") && root.inCluster && !adoptsMinio(root),
        reason: "its objects are in other buckets than Plinth's, or behind a gateway; copy them (docs/moving-in.md)",
    },
    {
        what: "policy of the bucket openedx",
        when: adoptsMinio,
        reason: "Tutor lets everybody read and write it, and Plinth does not replace policies of others; remove it before you stop MinIO (docs/moving-in.md)",
    },
    {
        what: "claims redis, meilisearch and caddy",
        when: (root) => root.inCluster,
        reason: "stay as they are, unused: sessions, indexes and certificates are made anew; let the queues run empty first",
    },
    {
        what: "data/",
        when: (root) => !root.inCluster,
        reason: "the platform ran with `tutor local`: load dumps of MySQL and MongoDB (docs/moving-in.md)",
    },
    {
        what: "discussions in MongoDB",
        when: (root) => root.hasPlugin("forum"),
        reason: "those of sites that began before Sumac are not read; move them to MySQL with Tutor first",
    },
    {
        what: "plugin minio or s3",
        when: (root) => !root.hasPlugin("minio") && !root.hasPlugin("s3"),
        reason: "without them Tutor keeps uploads in containers; copy what is there, and choose an objectStorage",
    },
    {
        what: "objectStorage.buckets",
        when: (root) => root.hasPlugin("s3"),
        reason: "what is written are the buckets that config.yml names; add those for grades and learning, if there are",
    },
];

/** Plugins that the contract has rows for. */
export const knownPlugins: readonly string[] = [...["forum", "indigo", "mfe", "minio", "s3"]];

/** Why a plugin is not carried over, if there is more to say than that it is unknown. */
export const pluginReasons: Readonly<Record<string, string>> = {
    codejail: "Plinth does not run this service; run it yourself, and set codejail to its address",
    notes: "Plinth does not run this service; run it yourself, and set notes to its addresses",
    xqueue: "Plinth does not run this service; run it yourself, and set xqueue to its address",
    android: "builds an application for telephones; go on building it with Tutor",
    aspects: "is a stack of its own (ClickHouse, Superset); deploy it beside the instance",
    credentials: "Plinth does not have this service; its database stays in the volume",
    discovery: "Plinth does not have this service, which needs Elasticsearch; its database stays in the volume",
    drydock: "changes how Tutor deploys; Plinth has its own probes, ingress and backups",
    ecommerce: "is no longer part of Open edX",
    k8s: "changes how Tutor deploys; set replicas, resources and edge",
    k8s_harmony: "changes how Tutor deploys; set edge to type Ingress and its className",
    pod_autoscaling: "changes how Tutor deploys; set replicas to {min, max}",
};

export const otherPluginReason =
    "Plinth does not know this plugin; look at its patches, and carry them over with settings, features and env";
