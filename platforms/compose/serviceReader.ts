import type { Service } from "../../compose";
import type { Engine } from "../../config/database";
import type { Notes } from "./notes";
import type { Role } from "./roles";
import { markersIn } from "./secrets";
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
