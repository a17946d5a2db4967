import { msmtp, type Msmtp, value } from "../../components/languages/msmtp";
import { linesOf } from "../../components/languages/text";
import type { OpenMageConfig } from "./config";

/**
 * Configuration of msmtp, through which PHP sends. The password is `SMTP_PASSWORD` in the environment.
 *
 * @param authorities certificates of the authorities by which the server is known
 */
export function msmtprc(
    { host, port, encryption, from, username, timeoutSeconds }: NonNullable<OpenMageConfig["mail"]>,
    authorities = "/etc/ssl/certs/ca-certificates.crt",
): Msmtp {
    return linesOf([
        msmtp`account default`,
        msmtp`host ${value(host)}`,
        msmtp`port ${port}`,
        msmtp`from ${value(from)}`,
        msmtp`timeout ${timeoutSeconds}`,
        ...(encryption === "off"
            ? [msmtp`tls off`]
            : [
                  msmtp`tls on`,
                  encryption === "starttls" ? msmtp`tls_starttls on` : msmtp`tls_starttls off`,
                  msmtp`tls_trust_file ${value(authorities)}`,
              ]),
        ...(username === undefined
            ? [msmtp`auth off`]
            : // By default, msmtp does not send passwords in clear text.
              [
                  encryption === "off" ? msmtp`auth plain` : msmtp`auth on`,
                  msmtp`user ${value(username)}`,
                  msmtp`passwordeval "printenv SMTP_PASSWORD"`,
              ]),
    ]);
}
