import { createHash } from "node:crypto";
import { json } from "../languages/json";
import { linesOf, type Text, wordsOf } from "../languages/text";

const { text: rabbitmq, word } = wordsOf<"rabbitmq">();

/** Smallest memory limit in MiB: the server with its management pages takes more than 100 before the first message. */
export const leastMemory = 256;

/** What RabbitMQ keeps of a password: salted, as it writes it itself. https://www.rabbitmq.com/docs/passwords */
export function passwordHash(user: string, password: string): string {
    // Derived, since the program has no randomness: the same password must be the same Secret at every run.
    const salt = createHash("sha256").update(`${user}\0${password}`).digest().subarray(0, 4);
    return saltedHash(salt, password);
}

export const saltedHash = (salt: Uint8Array, password: string): string =>
    Buffer.concat([salt, createHash("sha256").update(salt).update(password).digest()]).toString("base64");

export interface Accounts {
    /** The platform's user, who may do everything in its virtual host and nothing elsewhere. */
    readonly user: string;
    readonly password: string;
    readonly vhost: string;
    readonly adminPassword: string;
}

/** The broker's administrator, for its management pages. */
export const administrator = "admin";

/** Users, virtual host and permissions. Where they are given, the server makes no `guest` of its own. */
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

/** Memory in MiB above which publishers wait: an alarm and no cap, so the rest is for what comes in meanwhile. */
export const memoryWatermark = (limit: number): number => Math.floor(limit * 0.6);

/** Free MiB of the volume below which publishers wait. RabbitMQ's own 50 MB is gone before anybody looks. */
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

/** `rabbitmq.conf`. It stands in for the image's own directory of settings, which opens `guest` to the network. */
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
        // Older servers do not know these settings, have the features, and refuse to start with what they do not know.
        ...(major > 3 || (major === 3 && minor >= 13)
            ? permits.map((feature) => rabbitmq`deprecated_features.permit.${word(feature)} = true`)
            : []),
    ]);
}

/** `enabled_plugins`, in Erlang's syntax. */
export const enabledPlugins = (metrics: boolean): Text<"rabbitmq"> =>
    metrics ? rabbitmq`[rabbitmq_management,rabbitmq_prometheus].\n` : rabbitmq`[rabbitmq_management].\n`;
