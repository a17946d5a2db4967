import { z } from "zod";
import { mailServer, port } from "./scalars";

/** A mail relay of an instance's own, for platforms to take into their schema. */
export const mailRelay = z.strictObject({
    /**
     * A server that takes all mail, without a login: for one that wants a login there is `mail`.
     *
     * @default none: mail goes straight to the servers of its recipients
     */
    smarthost: z.strictObject({ host: mailServer, port: port.default(25) }).optional(),
});

export type MailRelayConfig = z.infer<typeof mailRelay>;
