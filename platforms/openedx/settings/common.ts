import { assignments, python, type Python } from "../../../components/languages/python";
import { joined } from "../../../components/languages/text";
import { brokerTls } from "./connections";
import type { Facts, Settings, Variant } from "./facts";
import { folders } from "./paths";
import { storageSettings } from "./storage";
import { hostOf, urls } from "./urls";

/** What both applications share. */
export const commonSettings = (variant: Variant, facts: Facts): Python =>
    joined(
        [
            helpers,
            courseStore,
            python`# Servers\n${assignments(servers(facts))}`,
            unacknowledged,
            withoutHistoryDatabase,
            python`# Files\n${storageSettings(variant, facts)}`,
            logging,
            python`# Mail\n${assignments(mail(facts))}`,
            python`# Browsers\n${assignments(browsers(variant, facts))}`,
            unsafeCode,
        ],
        "\n",
    );

const helpers = python`import os

# Flags are settings of this module, and FEATURES looks at them.
from openedx.core.lib.features_setting_proxy import FeaturesProxy

FEATURES = FeaturesProxy(globals())


def laid_over(lower, upper):
    """Merge dictionaries deeply; anything else replaces."""
    if not isinstance(lower, dict) or not isinstance(upper, dict):
        return upper
    return {**lower, **{key: laid_over(lower.get(key), value) for key, value in upper.items()}}
`;

const dataFolder = `${folders.data}/modulestore`;

const courseStore = python`# Courses and their files in MongoDB, with the connection of the env file
from xmodule.modulestore.modulestore_settings import update_module_store_settings

DOC_STORE_CONFIG = ENV_TOKENS["DOC_STORE_CONFIG"]
CONTENTSTORE = {
    "ENGINE": "xmodule.contentstore.mongo.MongoContentStore",
    "ADDITIONAL_OPTIONS": {},
    "DOC_STORE_CONFIG": DOC_STORE_CONFIG,
}
${assignments({ DATA_DIR: dataFolder })}update_module_store_settings(
    MODULESTORE,
    doc_store_settings=DOC_STORE_CONFIG,
    module_store_options={"fs_root": DATA_DIR},
)
`;

/** In Python, as Open edX has changed these by now, or takes the env file's for another purpose. */
const servers = ({ services, switches }: Facts): Settings => ({
    SEARCH_ENGINE: "search.meilisearch.MeilisearchEngine",
    DJANGO_REDIS_IGNORE_EXCEPTIONS: true,
    ...(services.broker.tls ? { BROKER_USE_SSL: brokerTls(services.broker) } : {}),
    EVENT_BUS_PRODUCER: "edx_event_bus_redis.create_producer",
    EVENT_BUS_CONSUMER: "edx_event_bus_redis.RedisEventConsumer",
    EVENT_BUS_TOPIC_PREFIX: "dev",
    // Row 1 is example.com. The LMS's own is the second.
    SITE_ID: 2,
    ENABLE_DISCUSSION_SERVICE: switches.forum,
    ...(switches.notes ? { ENABLE_EDXNOTES: true } : {}),
    PREVENT_CONCURRENT_LOGINS: false,
});

/**
 * Each worker looks after all tasks that are listed under its keys. With the same keys, one with short tasks would give
 * those of reports away while they are in work, or all would wait as long as reports do.
 */
const unacknowledged = python`# Tasks that a worker has taken, but not acknowledged
if "CELERY_WORKER" in os.environ:
    BROKER_TRANSPORT_OPTIONS = {
        **BROKER_TRANSPORT_OPTIONS,
        "visibility_timeout": int(os.environ["CELERY_VISIBILITY_SECONDS"]),
        **{
            f"{key}_key": f"{key}-{os.environ['CELERY_WORKER']}"
            for key in ("unacked", "unacked_index", "unacked_mutex")
        },
    }
`;

/** The history of answers would need a database of its own. */
const withoutHistoryDatabase = python`INSTALLED_APPS.remove("lms.djangoapps.coursewarehistoryextended")
DATABASE_ROUTERS.remove("openedx.core.lib.django_courseware_routers.StudentModuleHistoryExtendedRouter")
`;

/** To the container's output only, and events as lines of JSON. A container has no syslog, and nobody rotates files. */
const logging = python`# Logs
LOGGING["handlers"].pop("local", None)
LOGGING["handlers"]["tracking"] = {
    "class": "logging.StreamHandler",
    "level": "DEBUG",
    "formatter": "raw",
    "stream": "ext://sys.stdout",
}
LOGGING["loggers"]["tracking"]["handlers"] = ["tracking"]
for logger in LOGGING["loggers"].values():
    if "local" in logger.get("handlers", []):
        logger["handlers"] = [handler for handler in logger["handlers"] if handler != "local"]
`;

function mail({ platform, ...facts }: Facts): Settings {
    const addresses = [
        "API_ACCESS_FROM_EMAIL",
        "API_ACCESS_MANAGER_EMAIL",
        "BUGS_EMAIL",
        "BULK_EMAIL_DEFAULT_FROM_EMAIL",
        "DEFAULT_FEEDBACK_EMAIL",
        "DEFAULT_FROM_EMAIL",
        "PAYMENT_SUPPORT_EMAIL",
        "PRESS_EMAIL",
        "SERVER_EMAIL",
        "TECH_SUPPORT_EMAIL",
        "UNIVERSITY_EMAIL",
    ];
    return {
        ...Object.fromEntries(addresses.map((one) => [one, platform.contactEmail])),
        CONTACT_MAILING_ADDRESS: `${platform.name} - ${urls(facts).lms}`,
        ACE_ENABLED_CHANNELS: ["django_email"],
        ACE_CHANNEL_DEFAULT_EMAIL: "django_email",
        ACE_CHANNEL_TRANSACTIONAL_EMAIL: "django_email",
        EMAIL_FILE_PATH: "/tmp/openedx/emails",
    };
}

function browsers(variant: Variant, facts: Facts): Settings {
    const { hosts, internal } = facts;
    const secure = facts.scheme === "https";
    const { lms, studio, mfe } = urls(facts);
    return {
        ALLOWED_HOSTS:
            variant === "lms"
                ? [hosts.lms, ...(hosts.aliases ?? []), hostOf(internal.lms)]
                : [hosts.studio, hostOf(internal.cms)],
        // Browsers only accept a cookie across sites if it is a secure one.
        SESSION_COOKIE_SECURE: secure,
        CSRF_COOKIE_SECURE: secure,
        SESSION_COOKIE_SAMESITE: secure ? "None" : "Lax",
        ENABLE_CORS_HEADERS: true,
        CORS_ALLOW_CREDENTIALS: true,
        CORS_ORIGIN_ALLOW_ALL: false,
        CORS_ALLOW_INSECURE: !secure,
        CORS_ORIGIN_WHITELIST: [variant === "lms" ? lms : studio, mfe],
        LANGUAGE_COOKIE_NAME: "openedx-language-preference",
        X_FRAME_OPTIONS: "SAMEORIGIN",
    };
}

/** Code of authors never runs in these processes, but in the service for it, if there is one. */
const unsafeCode = python`# Python in problems
import codejail.jail_code

codejail.jail_code.configure("python", "nonexistingpythonbinary", user=None)
CODE_JAIL = {"python_bin": "nonexistingpythonbinary", "user": None}
`;
