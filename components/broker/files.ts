import { createHash } from "node:crypto";
import { json } from "../languages/json";
import { linesOf, type Text, wordsOf } from "../languages/text";

const { text: rabbitmq, word } = wordsOf<"rabbitmq">();

/** Minimum memory limit in MiB: the server with its management pages uses more than 100 before the first message. */
export const leastMemory = 256;

/** The salted password hash that RabbitMQ stores. https://www.rabbitmq.com/docs/passwords */
export function passwordHash(user: string, password: string): string {
    // The salt is derived, not random: the same password must give the same Secret in every run.
    const salt = createHash("sha256").update(`${user}\0${password}`).digest().subarray(0, 4);
    return saltedHash(salt, password);
}

export const saltedHash = (salt: Uint8Array, password: string): string =>
    Buffer.concat([salt, createHash("sha256").update(salt).update(password).digest()]).toString("base64");

export interface Accounts {
    /** The platform's user, with all permissions in its virtual host and none elsewhere. */
    readonly user: string;
    readonly password: string;
    readonly vhost: string;
    readonly adminPassword: string;
}

/** The broker's administrator, for its management pages. */
export const administrator = "admin";

/** Users, virtual host and permissions. With these, the server creates no `guest` user. */
export function definitions({ user, password, vhost, adminPassword }: Accounts): Text<"json"> {
    const account = (name: string, secret: string, tags: readonly string[]) => ({
        name,
        password_hash: passwordHash(name, secret),
        hashing_algorithm: "rabbit_password_hashing_sha256",
        tags,
    });
    const everything = { configure: ".*", write: ".*", read: ".*" };
    return json({
        users: [account(user, password, []), account(administrator, adminPassword, ["administrator"])],
        vhosts: [{ name: vhost }],
        permissions: [user, administrator].map((name) => ({ user: name, vhost, ...everything })),
    });
}

/**
 * Memory in MiB above which publishers are blocked. This is an alarm, not a cap: the rest is for messages that arrive
 * in the meantime.
 */
export const memoryWatermark = (limit: number): number => Math.floor(limit * 0.6);

/** Free MiB of the volume below which publishers are blocked. RabbitMQ's default of 50 MB would be used up too fast. */
export const diskFreeLimit = (disk: number): number => Math.min(2048, Math.max(50, Math.floor(disk / 10)));

export interface Settings {
    /** Memory limit of the container, in MiB. */
    readonly limit: number;
    /** Size of the volume, in MiB. */
    readonly disk: number;
    readonly version: readonly [major: number, minor: number];
    /** Deprecated features that clients still need. */
    readonly permits: readonly string[];
    /** Path of the definitions. */
    readonly definitions: string;
}

/** `rabbitmq.conf`. It replaces the image's settings directory, which would open `guest` to the network. */
export function configurationFile({
    limit,
    disk,
    version: [major, minor],
    permits,
    definitions,
}: Settings): Text<"rabbitmq"> {
    return linesOf([
        rabbitmq`listeners.tcp.default = 5672`,
        rabbitmq`management.tcp.port = 15672`,
        rabbitmq`loopback_users.guest = true`,
        rabbitmq`# Read at every start, so that a changed password works with old data.`,
        rabbitmq`load_definitions = ${word(definitions)}`,
        rabbitmq`# Of the container's limit: the server may see the node's memory instead.`,
        rabbitmq`total_memory_available_override_value = ${limit}MiB`,
        rabbitmq`vm_memory_high_watermark.absolute = ${memoryWatermark(limit)}MiB`,
        rabbitmq`disk_free_limit.absolute = ${diskFreeLimit(disk)}MiB`,
        rabbitmq`log.console = true`,
        rabbitmq`log.file = false`,
        // Older servers have the features but do not know these settings, and refuse to start with unknown settings.
        ...(major > 3 || (major === 3 && minor >= 13)
            ? permits.map((feature) => rabbitmq`deprecated_features.permit.${word(feature)} = true`)
            : []),
    ]);
}

/** `enabled_plugins`, in Erlang's syntax. */
export const enabledPlugins = (metrics: boolean): Text<"rabbitmq"> =>
    metrics ? rabbitmq`[rabbitmq_management,rabbitmq_prometheus].\n` : rabbitmq`[rabbitmq_management].\n`;
