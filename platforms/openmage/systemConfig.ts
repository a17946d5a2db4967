import type { OpenMageConfig } from "./config";

/** Overrides of the system configuration that OpenMage reads from the environment. */
export function systemConfigEnv({ systemConfig, mail }: OpenMageConfig): Record<string, string> {
    // Without a mail server, every mail would cause an error.
    const all = { ...(mail ? {} : { "default/system/smtp/disable": "1" }), ...systemConfig };
    const overrides = Object.entries(all).map(([path, value]) => [
        `OPENMAGE_CONFIG__${path.toUpperCase().split("/").join("__")}`,
        value,
    ]);
    return { OPENMAGE_CONFIG_OVERRIDE_ALLOWED: "1", ...Object.fromEntries(overrides) };
}
