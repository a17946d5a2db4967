import { isWord } from "../../components/languages/text";
import type { Engine } from "../../config/database";
import type { Conversion } from "./conversion";
import { plainText } from "./secrets";

/** Settings of the component's own: with others its server would not start, or not be found. */
const ofComponent = new RegExp(
    `^(${[
        ...["datadir", "basedir", "tmpdir", "socket", "bind_address", "port", "pid_file", "user", "plugin_dir"],
        ...["defaults(_extra)?_file", "init_file", "initialize(_insecure)?", "(skip_)?networking", "skip_grant_tables"],
        ...["mysqlx_(port|socket|bind_address)", "admin_(address|port)", "extra_port", "innodb_\\w+_dir(ectory)?"],
        ...["data_directory", "listen_addresses", "(hba|ident|config)_file", "unix_socket_\\w+", "external_pid_file"],
        ...["ssl", "ssl_\\w+", "include(_if_exists|_dir)?"],
    ].join("|")})$`,
    "i",
);

/**
 * Settings of a database in the words of its command: `postgres -c max_connections=200`, `mysqld --max-connections=200`.
 * What is none is left out, with a warning.
 */
export function serverSettings({ source, notes }: Conversion, service: string, engine: Engine): Record<string, string> {
    const words = (source.texts[service]!.command ?? []).map(plainText);
    const settings: Record<string, string> = {};
    const rest = /^(postgres|mysqld|mariadbd)$/.test(words[0] ?? "") ? words.slice(1) : words;
    for (let at = 0; at < rest.length; at++) {
        const word = rest[at] === "-c" ? rest[++at]! : rest[at]!.replace(/^(--|-c)/, "");
        const [, name, value] = /^([A-Za-z][\w.-]*)=(.*)$/s.exec(word) ?? [];
        const key = name?.replaceAll("-", "_");
        if (key === undefined || value === undefined)
            notes.warn(["services", service, "command"], `"${word}" is left out: it is no setting NAME=VALUE`);
        else if (ofComponent.test(key))
            notes.warn(
                ["services", service, "command"],
                `"${word}" is left out: files, addresses and ports of the server are the component's`,
            );
        else if (engine !== "postgres" && value !== "" && !isWord(value))
            notes.refuse(
                ["services", service, "command"],
                `"${word}" has a value that the server's file cannot have; allowed: letters, digits and _ . : / @ , + - = ~, or none`,
            );
        else settings[key] = value;
    }
    return settings;
}

/** Whether a cache's command or volumes ask for keys that survive a restart, and what it evicts. */
export function cacheSettings(
    { source, services }: Conversion,
    service: string,
): { persistence: boolean; policy?: string } {
    const words = (source.texts[service]!.command ?? []).map(plainText);
    const after = (option: string): string | undefined => {
        const at = words.indexOf(option);
        return at < 0 ? undefined : words[at + 1];
    };
    const policy = after("--maxmemory-policy");
    const keeps = services[service]!.volumes?.some(({ target }) => target === "/data") ?? false;
    return { persistence: after("--appendonly") === "yes" || keeps, ...(policy === undefined ? {} : { policy }) };
}
