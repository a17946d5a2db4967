import type { Service } from "../../compose";
import { type Engine, engines } from "../../config/database";
import type { Image } from "../../config/images";
import type { SecretRules, SecretText } from "../../config/secrets";
import type { Extensions } from "./extensions";
import { serviceLabel } from "./names";
import type { Notes } from "./notes";
import type { Role } from "./roles";
import type { Parts } from "./secrets";
import { type Account, ServiceReader, variablesOf } from "./serviceReader";
import type { ContainerTexts } from "./variables";

/** The last parts of official images' names, by role. */
const images: Readonly<Record<Role, Readonly<Record<string, string>>>> = {
    database: Object.fromEntries(engines.map((engine) => [engine, engine])),
    cache: { redis: "redis", valkey: "valkey" },
    broker: { rabbitmq: "rabbitmq" },
    documents: { mongo: "mongo" },
    storage: { minio: "minio" },
};

/** Other images of caches have their passwords in variables of their own. */
const officialCache =
    /^(docker\.io\/|index\.docker\.io\/)?(redis|valkey)$|^(.*\/)?(library\/(redis|valkey)|valkey\/valkey)$/;

/** Further images with a database's own clients, whose data can be dumped. */
const likeDatabases: Readonly<Record<string, Engine>> = {
    pgvector: "postgres",
    postgis: "postgres",
    timescaledb: "postgres",
    percona: "mysql",
};

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

/** @param set keys in plinth:secrets */
export function readDataServices(
    services: Readonly<Record<string, Service>>,
    extensions: Extensions,
    texts: Texts,
    serviceImages: Readonly<Record<string, Image>>,
    set: readonly string[],
    notes: Notes,
): DataServices {
    const takeovers: Record<string, Takeover> = {};
    const dumps: Record<string, Account> = {};
    const rules: Record<string, { purpose: string; lines: true; fixed?: string }> = {};
    const values: Record<string, SecretText> = {};
    const reader = (service: string) => new ServiceReader(service, services[service]!, texts[service]!, notes);
    for (const service of Object.keys(services)) {
        const { as: role, dump } = extensions.services[service]!;
        const { name, tag } = parts(services[service]!.image ?? "");
        const label = serviceLabel(service);
        /** @param shown what the project says in a variable that is no secret. @default nothing */
        const same = (
            suffix: string,
            key: string | undefined,
            purpose: string,
            prefix = label,
            shown?: { readonly variable: string; readonly parts: Parts },
        ) => {
            const own = `${prefix}${suffix}`;
            rules[own] = { purpose, lines: true };
            const from = key ?? shown?.variable;
            if (from === undefined) return;
            values[own] = key === undefined ? { parts: shown!.parts, plainParts: true } : { parts: [{ key }] };
            rules[own] = { purpose, lines: true, fixed: `its clients have the value of ${from}: set that one` };
            if (set.includes(own))
                notes.refuse(
                    ["services", service, "x-plinth", "as"],
                    `clients have the value of ${from}, but plinth:secrets sets ${own}; set ${from} instead`,
                );
        };
        const fits = (wanted: Role) =>
            Object.hasOwn(images[wanted], name) &&
            (wanted !== "cache" || officialCache.test(services[service]!.image!.replace(/(:[^/@]*)?(@.*)?$/, "")));
        if (role !== undefined && !fits(role)) {
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
                if (!account || !found.hasNames(account.engine)) break;
                if (["root", "postgres"].includes(account.user)) {
                    notes.refuse(
                        ["services", service, "environment"],
                        `clients connect as the administrator; a database of Plinth's has a user of its own: set ${variablesOf(account.engine, "USER").join(" or ")}`,
                    );
                    break;
                }
                same("Password", account.password, `Password of the user of ${service}`);
                same("RootPassword", account.rootPassword, `Password of the administrator of ${service}`);
                // Data are laid out for the user of the image that is based on Debian.
                const image = serviceImages[service]!;
                const plain = image.reference.replace(/(:[^:/@]*)-alpine[^/@]*(@.*)?$/, "$1");
                if (plain !== image.reference && image.reference.includes("@"))
                    notes.warn(
                        ["services", service, "image"],
                        `the digest is left out: it is that of the image with Alpine; ${plain} takes its place`,
                    );
                takeovers[service] = { service, role, account, image: { ...image, reference: plain } };
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
                const variable = "MINIO_ROOT_USER";
                const text = texts[service]!.env[variable];
                const shown =
                    text && "parts" in text && text.parts.length > 0 ? { variable, parts: text.parts } : undefined;
                same("AccessKey", user, `Access key of ${service}`, "objectStorage", shown);
                same("SecretKey", key, `Secret key of ${service}`, "objectStorage");
                takeovers[service] = { service, role };
                break;
            }
        }
        if (takeovers[service]) found.warnOfRest(role, name, tag);
    }
    return { takeovers, dumps, rules, values };
}
