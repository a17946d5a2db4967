import { z } from "zod";
import { email, line, mailServer, port } from "./scalars";

/**
 * Outgoing mail by SMTP, for platforms to take into their own schema: `mail.optional()`, or `mail.omit(…).extend(…)`
 * where the platform's own client can do less or more.
 */
export const mail = z.strictObject({
    host: mailServer,
    port: port.default(587),
    /** `starttls` on the plain port, `tls` from the first byte. */
    encryption: z.enum(["starttls", "tls", "off"]).default("starttls"),
    /** The login's password is `smtpPassword` in plinth:secrets. @default no login */
    username: line.optional(),
    /** Sender, and the address to which the mail server returns what cannot be delivered. */
    from: email,
});

export type MailConfig = z.infer<typeof mail>;

/** Secret keys that a platform with mail offers, each with what it is for. */
export const mailSecrets = { smtpPassword: "Password for mail.username" } as const;

export type MailSecret = keyof typeof mailSecrets;
