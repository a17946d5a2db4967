import type { Service } from "../../compose";
import { policies } from "../../config/cache";
import type { Engine } from "../../config/database";
import { identifier } from "../../config/insideDatabase";
import type { Notes } from "./notes";
import type { Role } from "./roles";
import { markersIn, type Parts, plainText } from "./secrets";
import type { ContainerTexts } from "./variables";

/** An account of a database, as the project has it. */
export interface Account {
    readonly engine: Engine;
    readonly database: string;
    readonly user: string;
    /** Key of the user's password, and of the administrator's. */
    readonly password: string;
    readonly rootPassword?: string;
}

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

/** The variables of an engine's image that say the same, the one that counts first. */
export const variablesOf = (engine: Engine, what: string): readonly string[] =>
    (engine === "mariadb" ? ["MARIADB", "MYSQL"] : [engine === "mysql" ? "MYSQL" : "POSTGRES"]).map(
        (prefix) => `${prefix}_${what}`,
    );

/** How the command of a server begins. */
const programs: Readonly<Record<Exclude<Role, "database">, RegExp>> = {
    cache: /^(redis|valkey)-server\b/,
    broker: /^rabbitmq-server\b/,
    documents: /^mongod\b/,
    storage: /^(minio )?server\b/,
};

/** Words besides options that say nothing more. */
const operands: Partial<Record<Role, RegExp>> = { storage: /^(server|\/\S*)$/ };

/** What a service's texts say of its server. */
export class ServiceReader {
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
        const names = (what: string) => variablesOf(engine, what);
        const first = (values: readonly (string | undefined)[]) => values.find((value) => value !== undefined);
        const text = (what: string) => first(names(what).map((name) => this.text(name)));
        const secret = (what: string) => first(names(what).map((name) => this.secret(name)));
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
        const database = text("DATABASE");
        if (database === undefined) return refuse("the name of its database", names("DATABASE"));
        const root = secret("ROOT_PASSWORD");
        const user = text("USER");
        const password = user === undefined ? root : secret("PASSWORD");
        if (password === undefined)
            return refuse("the password", names(user === undefined ? "ROOT_PASSWORD" : "PASSWORD"));
        return {
            ...{ engine, database, user: user ?? "root", password },
            ...(root === undefined ? {} : { rootPassword: root }),
        };
    }

    /** Whether a database of this program can have the account's names. Refuses others. */
    hasNames(engine: Engine): boolean {
        const variables = [engine === "postgres" ? "DB" : "DATABASE", "USER"].flatMap((what) =>
            variablesOf(engine, what),
        );
        const odd = variables.filter((variable) => !identifier.optional().safeParse(this.text(variable)).success);
        for (const variable of odd)
            this.notes.refuse(
                ["services", this.name, "environment", variable],
                `"${this.text(variable)}" is no name for a database of Plinth's; allowed: at most 32 letters, digits, '_' and '-', no '-' first`,
            );
        return odd.length === 0;
    }

    /** The key of the value of `--requirepass`. */
    passwordOption(): string | undefined {
        const { command = [], entrypoint = [], env } = this.texts;
        const at = command.findIndex((word) => word.join("") === "--requirepass");
        const value = at < 0 ? undefined : command[at + 1];
        if (value?.length === 1 && typeof value[0] === "object") return value[0].key;
        const asks = (words: readonly Parts[]) => words.some((word) => plainText(word).includes("requirepass"));
        const [variable] = Object.entries(env).find(([, text]) => "parts" in text && asks([text.parts])) ?? [];
        const key = asks(command)
            ? ["command"]
            : asks(entrypoint)
              ? ["entrypoint"]
              : variable === undefined
                ? undefined
                : ["environment", variable];
        // Without its password, a cache would be open to all.
        if (key)
            this.notes.refuse(
                ["services", this.name, ...key],
                "has a password that is not understood; write it without a shell, with the value in .env: command: redis-server --requirepass ${NAME_PASSWORD}",
            );
        else if (command.some((word) => /\.conf$/.test(plainText(word))))
            this.notes.refuse(
                ["services", this.name, "command"],
                "has its settings, and maybe a password, in a file, which x-plinth.as does not read; write them as options, the password as --requirepass ${NAME_PASSWORD}",
            );
        return undefined;
    }

    /** Says which options of the command its component does not have. Their values may be secret. */
    private warnOfWords(role: Role): void {
        // A database has them as settings.
        if (role === "database") return;
        const words = (this.texts.command ?? []).map(plainText);
        const warn = (message: string) => this.notes.warn(["services", this.name, "command"], message);
        const rest = programs[role].test(words.slice(0, 2).join(" ")) ? words : ["", ...words];
        const isOption = (word: string) => /^--?[A-Za-z]/.test(word);
        const start = rest.findIndex(isOption);
        const before = rest.slice(1, start < 0 ? rest.length : start).filter((word) => !operands[role]?.test(word));
        if (before.length > 0)
            warn(`"${before[0]}" is left out: x-plinth.as makes it a component of Plinth's, which reads options only`);
        for (const [index, word] of rest.entries()) {
            if (!isOption(word)) continue;
            const [name = ""] = word.split("=");
            if (role === "cache" && /^--(requirepass|appendonly)$/.test(word)) continue;
            if (role === "cache" && word === "--maxmemory-policy") {
                const policy = rest[index + 1] ?? "";
                if (!(policies as readonly string[]).includes(policy))
                    warn(`${word} "${policy}" is left out: it is noeviction; allowed: ${policies.join(", ")}`);
            } else warn(`${name} is left out: x-plinth.as makes it a component of Plinth's, which has no such option`);
        }
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
        this.warnOfWords(role);
        if (role !== "database" && tag !== "")
            this.notes.warn(
                [...path, "image"],
                `the version is Plinth's own, not ${tag}; images.${image} of the instance sets another one`,
            );
    }
}
