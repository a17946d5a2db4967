import { assignments, literal, python, type Python, set } from "../../../components/languages/python";
import { joined, linesOf } from "../../../components/languages/text";
import type { Facts, Settings } from "./facts";
import { frontendSiteConfig, mfeConfig, microfrontendUrls } from "./microfrontends";
import { profileImageSettings } from "./storage";
import { urls } from "./urls";

/** What only the LMS has. */
export const lmsSettings = (facts: Facts): Python =>
    joined(
        [
            python`# The LMS\n${assignments(own(facts))}`,
            entries(facts),
            profileImageSettings(facts),
            python`# Micro-frontends\n${assignments(microfrontends(facts))}`,
            ...(facts.switches.indigo ? [indigo] : []),
            makeFolders(facts),
        ],
        "\n",
    );

const own = ({ hosts, switches, ...facts }: Facts): Settings => ({
    LOGIN_REDIRECT_WHITELIST: [hosts.studio, hosts.mfe],
    // Studio asks the LMS for tokens inside of the cluster, without TLS.
    OAUTH_ENFORCE_SECURE: false,
    DEFAULT_EMAIL_LOGO_URL: `${urls({ ...facts, hosts }).lms}/theming/asset/images/logo.png`,
    BULK_EMAIL_SEND_USING_EDX_ACE: true,
    ENABLE_FOOTER_MOBILE_APP_LINKS: false,
    MOBILE_STORE_ACE_URLS: {},
    SOCIAL_MEDIA_FOOTER_ACE_URLS: {},
    COURSE_CATALOG_VISIBILITY_PERMISSION: "see_in_catalog",
    COURSE_ABOUT_VISIBILITY_PERMISSION: "see_about_page",
    SEARCH_SKIP_SHOW_IN_CATALOG_FILTERING: false,
    SEARCH_SKIP_ENROLLMENT_START_DATE_FILTERING: true,
    ENABLE_COURSE_DISCOVERY: switches.courseDiscovery,
    ENABLE_COURSEWARE_SEARCH: true,
    ENABLE_DASHBOARD_SEARCH: true,
    ...(switches.notes
        ? {
              EDXNOTES_CLIENT_NAME: "notes",
              EDXNOTES_PUBLIC_API: `${switches.notes.publicUrl}/api/v1`,
              EDXNOTES_INTERNAL_API: `${switches.notes.url}/api/v1`,
          }
        : {}),
});

/** Of lists and dictionaries that Open edX has filled. */
function entries(facts: Facts): Python {
    const { studio, mfe } = urls(facts);
    const staticFiles = {
        BACKEND: "django.core.cache.backends.locmem.LocMemCache",
        LOCATION: "staticfiles_lms",
        KEY_PREFIX: "staticfiles_lms",
    };
    return linesOf([
        set(python`CACHES["staticfiles"]`, staticFiles),
        set(python`REGISTRATION_EXTRA_FIELDS["terms_of_service"]`, "hidden"),
        set(python`REGISTRATION_EXTRA_FIELDS["honor_code"]`, "hidden"),
        python`IDA_LOGOUT_URI_LIST = [*IDA_LOGOUT_URI_LIST, ${literal(`${studio}/logout/`)}]`,
        python`CSRF_TRUSTED_ORIGINS = [*CSRF_TRUSTED_ORIGINS, ${literal(mfe)}]`,
    ]);
}

const microfrontends = (facts: Facts): Settings => ({
    ENABLE_MFE_CONFIG_API: true,
    // Seconds. Browsers keep it for minutes in any case.
    MFE_CONFIG_API_CACHE_TIMEOUT: 1,
    ENABLE_AUTHN_MICROFRONTEND: true,
    ENABLE_CATALOG_MICROFRONTEND: true,
    ENABLE_NEW_BULK_EMAIL_EXPERIENCE: true,
    ...microfrontendUrls(facts),
    MFE_CONFIG: mfeConfig(facts),
    ...(facts.mfe.configOf ? { MFE_CONFIG_OVERRIDES: facts.mfe.configOf } : {}),
    FRONTEND_SITE_CONFIG: frontendSiteConfig(facts),
});

/** Before the folders of templates that applications have, which would be found first. */
const indigo = python`TEMPLATES[0]["DIRS"].insert(0, "/openedx/themes/indigo/lms/templates")
`;

/** Folders on the volumes. Those of static files are in the image. */
export const makeFolders = ({ services }: Pick<Facts, "services">): Python =>
    services.objectStorage
        ? python`import os

os.makedirs(DATA_DIR, exist_ok=True)
`
        : python`import os

for folder in (DATA_DIR, MEDIA_ROOT, ORA2_FILEUPLOAD_ROOT):
    os.makedirs(folder, exist_ok=True)
`;
