import type { Facts, Settings } from "./facts";
import { laidOver } from "./layers";
import { urls } from "./urls";

/** The micro-frontends of the image, each in a folder with its name. All other paths are the common site's. */
export const imageMfes = [
    "account",
    "admin-console",
    "authn",
    "authoring",
    "catalog",
    "communications",
    "discussions",
    "gradebook",
    "learner-dashboard",
    "learning",
    "ora-grading",
    "profile",
] as const;

/** Settings of the LMS with the addresses of micro-frontends. */
export function microfrontendUrls(facts: Facts): Settings {
    const { mfe } = urls(facts);
    return {
        ACCOUNT_MICROFRONTEND_URL: `${mfe}/account/`,
        ADMIN_CONSOLE_MICROFRONTEND_URL: `${mfe}/admin-console`,
        AUTHN_MICROFRONTEND_URL: `${mfe}/authn`,
        AUTHN_MICROFRONTEND_DOMAIN: `${facts.hosts.mfe}/authn`,
        CATALOG_MICROFRONTEND_URL: `${mfe}/catalog`,
        COMMUNICATIONS_MICROFRONTEND_URL: `${mfe}/communications`,
        COURSE_AUTHORING_MICROFRONTEND_URL: `${mfe}/authoring`,
        DISCUSSIONS_MICROFRONTEND_URL: `${mfe}/discussions`,
        DISCUSSIONS_MFE_FEEDBACK_URL: null,
        INSTRUCTOR_MICROFRONTEND_URL: `${mfe}/instructor-dashboard`,
        LEARNER_HOME_MICROFRONTEND_URL: `${mfe}/learner-dashboard/`,
        LEARNING_MICROFRONTEND_URL: `${mfe}/learning`,
        ORA_GRADING_MICROFRONTEND_URL: `${mfe}/ora-grading`,
        PROFILE_MICROFRONTEND_URL: `${mfe}/profile/u/`,
        WRITABLE_GRADEBOOK_URL: `${mfe}/gradebook`,
    };
}

/** What the LMS tells the image's micro-frontends, so that one image serves any host. Everybody can read it. */
export function mfeConfig(facts: Facts): Settings {
    const { lms, studio, mfe } = urls(facts);
    const logo = `${lms}/theming/asset/images/logo.png`;
    const own: Settings = {
        ACCESS_TOKEN_COOKIE_NAME: "edx-jwt-cookie-header-payload",
        ACCOUNT_PROFILE_URL: `${mfe}/profile`,
        ACCOUNT_SETTINGS_URL: `${mfe}/account/`,
        ADMIN_CONSOLE_URL: `${mfe}/admin-console`,
        BASE_URL: facts.hosts.mfe,
        COURSE_AUTHORING_MICROFRONTEND_URL: `${mfe}/authoring`,
        CREDENTIALS_BASE_URL: "",
        CSRF_TOKEN_API_PATH: "/csrf/api/v1/token",
        DISABLE_ENTERPRISE_LOGIN: true,
        DISCOVERY_API_BASE_URL: "",
        DISCUSSIONS_MFE_BASE_URL: `${mfe}/discussions`,
        // The authoring MFE compares these with a text.
        ENABLE_ASSETS_PAGE: "true",
        ENABLE_HOME_PAGE_COURSE_API_V2: "true",
        ENABLE_PROGRESS_GRAPH_SETTINGS: "true",
        ENABLE_TAGGING_TAXONOMY_PAGES: "true",
        ENABLE_UNIT_PAGE: "true",
        MEILISEARCH_ENABLED: "true",
        FAVICON_URL: `${lms}/favicon.ico`,
        INFO_EMAIL: facts.platform.contactEmail,
        LANGUAGE_PREFERENCE_COOKIE_NAME: "openedx-language-preference",
        LEARNING_BASE_URL: `${mfe}/learning`,
        LMS_BASE_URL: lms,
        LOGIN_URL: `${lms}/login`,
        LOGOUT_URL: `${lms}/logout`,
        LOGO_URL: logo,
        LOGO_TRADEMARK_URL: logo,
        LOGO_WHITE_URL: logo,
        MARKETING_SITE_BASE_URL: lms,
        PASSWORD_RESET_SUPPORT_LINK: `mailto:${facts.platform.contactEmail}`,
        REFRESH_ACCESS_TOKEN_ENDPOINT: `${lms}/login_refresh`,
        SCHEDULE_EMAIL_SECTION: true,
        SITE_NAME: facts.platform.name,
        STUDIO_BASE_URL: studio,
        USER_INFO_COOKIE_NAME: "user-info",
        ...(facts.switches.indigo ? indigoConfig : {}),
    };
    return laidOver(own, facts.mfe.config ?? {});
}

/** The theme's own keys: a switch for dark colours, and links at the foot of each page. */
const indigoConfig: Settings = {
    INDIGO_ENABLE_DARK_TOGGLE: true,
    INDIGO_FOOTER_NAV_LINKS: [
        { title: "About Us", url: "/about" },
        { title: "Blog", url: "/blog" },
        { title: "Donate", url: "/donate" },
        { title: "Terms of Service", url: "/tos" },
        { title: "Privacy Policy", url: "/privacy" },
        { title: "Help", url: "/help" },
        { title: "Contact Us", url: "/contact" },
    ],
};

/** The same for the common site of newer micro-frontends. */
export function frontendSiteConfig(facts: Facts): Settings {
    const { lms, studio, mfe } = urls(facts);
    const own: Settings = {
        baseUrl: mfe,
        cmsBaseUrl: studio,
        lmsBaseUrl: lms,
        loginUrl: `${lms}/login`,
        logoutUrl: `${lms}/logout`,
        externalRoutes: [
            { role: "org.openedx.frontend.role.logout", url: `${lms}/logout` },
            { role: "org.openedx.frontend.role.account", url: `${mfe}/account/` },
            { role: "org.openedx.frontend.role.profile", url: `${mfe}/profile/` },
        ],
        commonAppConfig: { DISABLE_ENTERPRISE_LOGIN: true },
    };
    return laidOver(own, facts.mfe.site ?? {});
}
