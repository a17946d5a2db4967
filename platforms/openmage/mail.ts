import type { OpenMageConfig } from "./config";

/** Configuration of msmtp, through which PHP sends. The password is `SMTP_PASSWORD` in the environment. */
export function msmtprc({
    host,
    port,
    encryption,
    from,
    username,
    timeoutSeconds,
}: NonNullable<OpenMageConfig["mail"]>): string {
    const lines = [
        "account default",
        `host ${host}`,
        `port ${port}`,
        `from ${from}`,
        `timeout ${timeoutSeconds}`,
        ...(encryption === "off"
            ? ["tls off"]
            : [
                  "tls on",
                  `tls_starttls ${encryption === "starttls" ? "on" : "off"}`,
                  "tls_trust_file /etc/ssl/certs/ca-certificates.crt",
              ]),
        ...(username === undefined
            ? ["auth off"]
            : // Left to choose, msmtp sends no password in clear.
              [
                  `auth ${encryption === "off" ? "plain" : "on"}`,
                  `user ${username}`,
                  'passwordeval "printenv SMTP_PASSWORD"',
              ]),
    ];
    return `${lines.join("\n")}\n`;
}
