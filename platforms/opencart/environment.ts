import type { SecretRef, Setting } from "../../components/graph";
import type { OpenCartConfig } from "./config";
import { paths } from "./paths";

/** What every container with the shop's code knows. */
export const commonEnv = (namespace: string): Record<string, string> => ({
    DB_PREFIX: "oc_",
    // Several shops may use one external server.
    CACHE_PREFIX: `${namespace}.`,
    OPENCART_HOME: paths.opencart,
    OPENCART_ROOT: paths.root,
    OPENCART_STORAGE: paths.storage,
    // Adds our directory to PHP's own.
    PHP_INI_SCAN_DIR: `:${paths.php}`,
});

/** The mail server, as `settings.php` writes it into the shop's settings; nothing without a server or its password. */
export function mailEnv(
    mail: OpenCartConfig["mail"],
    password: SecretRef | undefined,
): Record<string, Setting | number> {
    if (!mail || !password) return {};
    const prefix = { off: "", starttls: "tls://", tls: "ssl://" } as const;
    return {
        MAIL_HOST: `${prefix[mail.encryption]}${mail.host}`,
        MAIL_PORT: mail.port,
        MAIL_USERNAME: mail.username,
        MAIL_PASSWORD: password,
        MAIL_TIMEOUT: mail.timeoutSeconds,
    };
}
