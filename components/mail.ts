import type { MailConfig, MailSecret } from "../config/mail";
import type { NetworkRule, SecretRef } from "./graph";
import type { Instance } from "./instance";

/** What pods that send mail need, besides the settings of the mail server. */
export interface OutgoingMail {
    /** Of the user, where there is one. */
    readonly password: SecretRef | undefined;
    /** The way to the mail server. */
    readonly networkRules: readonly NetworkRule[];
}

/**
 * Declares the Secret with the password for the mail server; reports where it is missing.
 *
 * @param config `mail` of the instance's settings; nothing is declared or opened without
 */
export function outgoingMail(
    instance: Instance<MailSecret>,
    config: Pick<MailConfig, "host" | "port" | "username"> | undefined,
): OutgoingMail {
    if (!config) return { password: undefined, networkRules: [] };
    const { host, port, username } = config;
    const value = username === undefined ? undefined : instance.secretValue("smtpPassword");
    if (username !== undefined && !value)
        instance.problem(
            ["mail"],
            `is missing the password of ${username}; set it with: ${instance.howToSet("smtpPassword")}`,
            ["smtpPassword"],
        );
    return {
        password: value && instance.secret(instance.owner, "smtp", { password: value }).password,
        networkRules: [{ name: "smtp", direction: "egress", host, ports: [port] }],
    };
}
