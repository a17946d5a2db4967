import type { Service } from "../../compose";
import { type Engine, engines } from "../../config/database";
import type { Image } from "../../config/images";
import type { SecretRules, SecretText } from "../../config/secrets";
import type { Extensions } from "./extensions";
import { serviceLabel } from "./names";
import type { Notes } from "./notes";
import type { Role } from "./roles";
import { markersIn } from "./secrets";
import type { ContainerTexts } from "./variables";

/** The last parts of official images' names, by role. */
const images: Readonly<Record<Role, Readonly<Record<string, string>>>> = {
    database: Object.fromEntries(engines.map((engine) => [engine, engine])),
    cache: { redis: "redis", valkey: "valkey" },
    broker: { rabbitmq: "rabbitmq" },
    documents: { mongo: "mongo" },
    storage: { minio: "minio" },
};

/** Further images with a database's own clients, whose data can be dumped. */
const likeDatabases: Readonly<Record<string, Engine>> = {
    pgvector: "postgres",
    postgis: "postgres",
    timescaledb: "postgres",
    percona: "mysql",
};

/** An account of a database, as the project has it. */
export interface Account {
    readonly engine: Engine;
    readonly database: string;
    readonly user: string;
    /** Key of the user's password, and of the administrator's. */
    readonly password: string;
    readonly rootPassword?: string;
}

/** What takes the place of a service, with what the project says of it. */
export type Takeover = { readonly service: string } & (
    | { readonly role: "database"; readonly account: Account; readonly image: Image }
    | { readonly role: "cache"; readonly engine: "redis" | "valkey"; readonly hasPassword: boolean }
    | { readonly role: "broker"; readonly user: string; readonly vhost: string }
    | { readonly role: "documents"; readonly database: string; readonly open: boolean }
    | { readonly role: "storage" }
);

/** Data services that have a component of this program, and databases that are dumped as they are. */
export interface DataServices {
    readonly takeovers: Readonly<Record<string, Takeover>>;
    readonly dumps: Readonly<Record<string, Account>>;
    readonly rules: SecretRules;
    readonly values: Readonly<Record<string, SecretText>>;
}

/** Splits `docker.io/library/postgres:17-alpine`. */
const parts = (image: string): { name: string; tag: string } => {
    const [, name = "", tag = ""] = /([^/:@]+)(?::([^/@]+))?(?:@.*)?$/.exec(image) ?? [];
    return { name, tag };
};

type Texts = Readonly<Record<string, ContainerTexts>>;

export function readDataServices(
    services: Readonly<Record<string, Service>>,
    extensions: Extensions,
    texts: Texts,
    serviceImages: Readonly<Record<string, Image>>,
    notes: Notes,
): DataServices {
    const takeovers: Record<string, Takeover> = {};
    const dumps: Record<string, Account> = {};
    const rules: Record<string, { purpose: string; lines: true }> = {};
    const values: Record<string, SecretText> = {};
    const reader = (service: string) => new ServiceReader(service, services[service]!, texts[service]!, notes);
    for (const service of Object.keys(services)) {
        const { as: role, dump } = extensions.services[service]!;
        const { name, tag } = parts(services[service]!.image ?? "");
        const label = serviceLabel(service);
        const same = (suffix: string, key: string | undefined, purpose: string, prefix = label) => {
            rules[`${prefix}${suffix}`] = { purpose, lines: true };
            if (key !== undefined) values[`${prefix}${suffix}`] = { parts: [{ key }] };
        };
        if (role !== undefined && !Object.hasOwn(images[role], name)) {
            notes.refuse(
                ["services", service, "x-plinth", "as"],
                `"${role}" does not fit the image ${services[service]!.image ?? "that is built"}; allowed: the official image of ${Object.keys(images[role]).join(", ")}`,
            );
            continue;
        }
        const engine = (engines as readonly string[]).includes(name) ? (name as Engine) : likeDatabases[name];
        if (dump && role === undefined) {
            const account = engine && reader(service).account(engine);
            if (account) dumps[service] = account;
            if (!engine)
                notes.refuse(
                    ["services", service, "x-plinth", "dump"],
                    `needs an image of ${[...engines, ...Object.keys(likeDatabases)].join(", ")}`,
                );
        }
        if (role === undefined) continue;
        const found = reader(service);
        switch (role) {
            case "database": {
                const account = found.account(name as Engine);
                if (!account) break;
                if (["root", "postgres"].includes(account.user)) {
                    notes.refuse(
                        ["services", service, "environment"],
                        `clients connect as the administrator; a database of Plinth's has a user of its own: set ${userVariables[account.engine].join(" or ")}`,
                    );
                    break;
                }
                same("Password", account.password, `Password of the user of ${service}`);
                same("RootPassword", account.rootPassword, `Password of the administrator of ${service}`);
                // Data are laid out for the user of the image that is based on Debian.
                const image = serviceImages[service]!;
                const plain = { ...image, reference: image.reference.replace(/-alpine[^@]*/, "") };
                takeovers[service] = { service, role, account, image: plain };
                break;
            }
            case "cache": {
                const key = found.passwordOption();
                same("Password", key, `Password of ${service}`);
                takeovers[service] = {
                    ...{ service, role, engine: name as "redis" | "valkey" },
                    hasPassword: key !== undefined,
                };
                break;
            }
            case "broker": {
                const user = found.text("RABBITMQ_DEFAULT_USER") ?? "guest";
                const key = found.secret("RABBITMQ_DEFAULT_PASS");
                if (["guest", "admin"].includes(user) || key === undefined) {
                    notes.refuse(
                        ["services", service, "environment"],
                        `a broker of Plinth's has a user of its own: set RABBITMQ_DEFAULT_USER, neither guest nor admin, and RABBITMQ_DEFAULT_PASS`,
                    );
                    break;
                }
                same("Password", key, `Password of the user of ${service}`);
                same("AdminPassword", undefined, `Password of the user admin of ${service}`);
                takeovers[service] = { service, role, user, vhost: found.text("RABBITMQ_DEFAULT_VHOST") ?? "/" };
                break;
            }
            case "documents": {
                const key = found.secret("MONGO_INITDB_ROOT_PASSWORD");
                const user = found.text("MONGO_INITDB_ROOT_USERNAME");
                if (user !== undefined && user !== "root") {
                    notes.refuse(
                        ["services", service, "environment", "MONGO_INITDB_ROOT_USERNAME"],
                        `"${user}" is not allowed here; allowed: root, the administrator of a document store of Plinth's`,
                    );
                    break;
                }
                same("Password", undefined, `Password of the user app of ${service}`);
                same("RootPassword", key, `Password of the administrator (root) of ${service}`);
                const database = found.text("MONGO_INITDB_DATABASE") ?? "app";
                takeovers[service] = { service, role, database, open: key === undefined };
                break;
            }
            case "storage": {
                const [user, key] = [found.secret("MINIO_ROOT_USER"), found.secret("MINIO_ROOT_PASSWORD")];
                same("AccessKey", user, `Access key of ${service}`, "objectStorage");
                same("SecretKey", key, `Secret key of ${service}`, "objectStorage");
                takeovers[service] = { service, role };
                break;
            }
        }
        if (takeovers[service]) found.warnOfRest(role, name, tag);
    }
    return { takeovers, dumps, rules, values };
}

const userVariables: Readonly<Record<Engine, readonly string[]>> = {
    mariadb: ["MARIADB_USER", "MYSQL_USER"],
    mysql: ["MYSQL_USER"],
    postgres: ["POSTGRES_USER"],
};

/** Keys of a service that its component answers for, or that say how others reach it. */
const answered = [
    ...["as", "image", "environment", "env_file", "volumes", "healthcheck", "restart", "ports", "expose", "networks"],
    ...["container_name", "hostname", "shm_size", "stop_grace_period", "depends_on", "deploy", "mem_limit", "command"],
    ...[
        "secrets",
        "profiles",
        "labels",
        "cpus",
        "mem_reservation",
        "user",
        "read_only",
        "tmpfs",
        "cap_add",
        "cap_drop",
    ],
    ...["security_opt", "stop_signal", "ulimits", "init", "tty", "stdin_open", "logging", "pull_policy", "attach"],
];

/** What a service's texts say of its server. */
class ServiceReader {
    constructor(
        private readonly name: string,
        private readonly service: Service,
        private readonly texts: ContainerTexts,
        private readonly notes: Notes,
    ) {}

    /** The value of a variable that is no secret. */
    text(variable: string): string | undefined {
        const value = this.service.environment?.[variable];
        if (value === undefined || value === null || value === "") return undefined;
        if (markersIn(value).length > 0)
            this.notes.refuse(
                ["services", this.name, "environment", variable],
                "comes from plinth:secrets; allowed: a value that the project shows, since objects are named by it",
            );
        return value;
    }

    /** The key of a secret variable, or of the secret that NAME_FILE mounts. */
    secret(variable: string): string | undefined {
        const text = this.texts.env[variable];
        if (text && "key" in text) return text.key;
        if (text?.parts.length === 1 && typeof text.parts[0] === "object") return text.parts[0].key;
        const [, secret] = /^\/run\/secrets\/(.+)$/.exec(this.service.environment?.[`${variable}_FILE`] ?? "") ?? [];
        const mounted = this.service.secrets?.find(
            ({ source, target = source }) => target === secret || target === `/run/secrets/${secret}`,
        );
        return mounted?.source?.replace(/[^A-Za-z0-9_]/g, "_");
    }

    account(engine: Engine): Account | undefined {
        const first = <T>(read: (variable: string) => T | undefined, ...names: string[]) =>
            names.map((name) => read.call(this, name)).find((value) => value !== undefined);
        const { text, secret } = this;
        const prefixes = engine === "mariadb" ? ["MARIADB", "MYSQL"] : [engine === "mysql" ? "MYSQL" : "POSTGRES"];
        const names = (suffix: string) => prefixes.map((prefix) => `${prefix}_${suffix}`);
        const refuse = (what: string, variables: readonly string[]) => {
            this.notes.refuse(
                ["services", this.name, "environment"],
                `does not say ${what}; set ${variables.join(" or ")}`,
            );
            return undefined;
        };
        if (engine === "postgres") {
            const user = this.text("POSTGRES_USER") ?? "postgres";
            const password = this.secret("POSTGRES_PASSWORD");
            if (password === undefined) return refuse("the password", ["POSTGRES_PASSWORD"]);
            return { engine, user, database: this.text("POSTGRES_DB") ?? user, password };
        }
        const database = first(text, ...names("DATABASE"));
        if (database === undefined) return refuse("the name of its database", names("DATABASE"));
        const root = first(secret, ...names("ROOT_PASSWORD"));
        const user = first(text, ...names("USER"));
        const password = user === undefined ? root : first(secret, ...names("PASSWORD"));
        if (password === undefined)
            return refuse("the password", names(user === undefined ? "ROOT_PASSWORD" : "PASSWORD"));
        return {
            ...{ engine, database, user: user ?? "root", password },
            ...(root === undefined ? {} : { rootPassword: root }),
        };
    }

    /** The key of the value of `--requirepass`. */
    passwordOption(): string | undefined {
        const words = this.texts.command ?? [];
        const at = words.findIndex((word) => word.join("") === "--requirepass");
        const value = at < 0 ? undefined : words[at + 1];
        if (value?.length === 1 && typeof value[0] === "object") return value[0].key;
        if (value)
            this.notes.refuse(
                ["services", this.name, "command"],
                "has a password that is no variable; write --requirepass ${NAME_PASSWORD}, with the value in .env",
            );
        return undefined;
    }

    /** Says what of the service its component does not have. */
    warnOfRest(role: Role, image: string, tag: string): void {
        const path = ["services", this.name];
        for (const key of Object.keys(this.service))
            if (!answered.includes(key) && !key.startsWith("x-"))
                this.notes.warn([...path, key], "is left out: x-plinth.as makes it a component of Plinth's");
        for (const [index, { target = "", type }] of (this.service.volumes ?? []).entries())
            if (type !== "volume")
                this.notes.warn(
                    [...path, "volumes", index],
                    `${target} is left out: x-plinth.as makes it a component of Plinth's, which reads no files of the project`,
                );
        if (role !== "database" && tag !== "")
            this.notes.warn(
                [...path, "image"],
                `the version is Plinth's own, not ${tag}; images.${image} of the instance sets another one`,
            );
    }
}
