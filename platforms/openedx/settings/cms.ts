import { assignments, literal, python, type Python, set } from "../../../components/languages/python";
import { joined, linesOf } from "../../../components/languages/text";
import type { Facts, Settings } from "./facts";
import { makeFolders } from "./lms";
import { taskFileSettings } from "./storage";
import { urls } from "./urls";

/** What only Studio has. */
export const cmsSettings = (facts: Facts): Python =>
    joined(
        [
            python`# Studio\n${assignments(own(facts))}`,
            entries(facts),
            taskFileSettings(facts),
            ...(facts.switches.indigo ? [indigo] : []),
            makeFolders(facts),
        ],
        "\n",
    );

function own(facts: Facts): Settings {
    const { lms, mfe } = urls(facts);
    return {
        STUDIO_NAME: `${facts.platform.name} - Studio`,
        SOCIAL_AUTH_EDX_OAUTH2_KEY: "cms-sso",
        // From the pod, and from the browser. The address to come back to has the scheme of the request.
        SOCIAL_AUTH_EDX_OAUTH2_URL_ROOT: `http://${facts.internal.lms}`,
        SOCIAL_AUTH_EDX_OAUTH2_PUBLIC_URL_ROOT: lms,
        SOCIAL_AUTH_REDIRECT_IS_HTTPS: false,
        SESSION_COOKIE_NAME: "studio_session_id",
        FRONTEND_LOGIN_URL: `${lms}/login`,
        FRONTEND_REGISTER_URL: `${lms}/register`,
        MAX_ASSET_UPLOAD_FILE_SIZE_IN_MB: 100,
        ENABLE_COURSEWARE_INDEX: true,
        COURSE_AUTHORING_MICROFRONTEND_URL: `${mfe}/authoring`,
        CATALOG_MICROFRONTEND_URL: `${mfe}/catalog`,
    };
}

/** Of lists and dictionaries that Open edX has filled. */
function entries(facts: Facts): Python {
    const staticFiles = {
        BACKEND: "django.core.cache.backends.locmem.LocMemCache",
        LOCATION: "staticfiles_cms",
        KEY_PREFIX: "staticfiles_cms",
    };
    return linesOf([
        set(python`CACHES["staticfiles"]`, staticFiles),
        python`LOGIN_REDIRECT_WHITELIST = [*LOGIN_REDIRECT_WHITELIST, ${literal(facts.hosts.mfe)}]`,
        python`CSRF_TRUSTED_ORIGINS = [*CSRF_TRUSTED_ORIGINS, ${literal(urls(facts).mfe)}]`,
    ]);
}

const indigo = python`if "base_vendor" in PIPELINE["JAVASCRIPT"]:
    PIPELINE["JAVASCRIPT"]["base_vendor"]["source_filenames"] += ["indigo/js/dark-theme.js"]
`;
