import { z } from "zod";
import { outside, outsideName } from "./database";
import { own, ownOnly } from "./own";
import { secretsOf } from "./secrets";
import type { ServerTlsConfig } from "./serverTls";

/** Default port of a broker. */
export const brokerPort = 5672;

/** Port of a broker outside the cluster: with TLS, AMQP has one of its own. */
export const outsideBrokerPort = ({
    port,
    tls,
}: {
    readonly port?: number | undefined;
    readonly tls?: ServerTlsConfig;
}): number => port ?? (tls === undefined || tls === false ? brokerPort : 5671);

/** The schema of a message broker (RabbitMQ), for use in platforms' schemas. */
export const broker = z.discriminatedUnion("topology", [
    z.strictObject({
        /** One server in the cluster, with its own volume. */
        topology: z.literal("single"),
        /**
         * Consent to a new minor or major version, as the version that wrote the data: `rabbitmq 4.2`. Upgrades follow
         * RabbitMQ's own list, one step at a time, after `rabbitmqctl enable_feature_flag all` on the old version,
         * without which the new one does not start: https://www.rabbitmq.com/docs/upgrade
         *
         * @default none: a different version is refused
         */
        upgradeFrom: ownOnly(
            z
                .string()
                .regex(
                    /^rabbitmq \d+\.\d+$/,
                    'allowed: "rabbitmq" with major and minor version, such as "rabbitmq 4.2"',
                )
                .optional(),
        ),
    }),
    own(
        z.strictObject({
            /** A broker outside the cluster, with a virtual host and a user that exist; the password is `brokerPassword` in plinth:secrets. */
            topology: z.literal("external"),
            ...outside,
            /** @default the platform's */
            vhost: outsideName.optional(),
            /** @default the platform's */
            user: ownOnly(outsideName.optional()),
        }),
        {
            what: "virtual host",
            key: ["vhost"],
            // Two instances would process each other's tasks.
            identity: ({ vhost = "/", ...server }) => [server.host, outsideBrokerPort(server), vhost],
            fresh: (instance) => instance,
        },
    ),
]);

export type BrokerConfig = z.infer<typeof broker>;

/**
 * Secret keys for a broker, each with its purpose.
 *
 * @param name of its component
 */
export const brokerSecretsOf = <Name extends string>(name: Name) =>
    secretsOf(name, {
        Password: "Password of the platform's user at the message broker; required for an external one",
        AdminPassword: "Password of the user admin, for the broker's management pages",
    });

export type BrokerSecret<Name extends string> = keyof ReturnType<typeof brokerSecretsOf<Name>>;

/** The secret keys of a component named `broker`. */
export const brokerSecrets = brokerSecretsOf("broker");
