import type { Conversion } from "./conversion";

/**
 * Settings of a database in the words of its command: `postgres -c max_connections=200`, `mysqld --max-connections=200`.
 * What is none is left out, with a warning.
 */
export function serverSettings({ source, notes }: Conversion, service: string): Record<string, string> {
    const words = (source.texts[service]!.command ?? []).map((parts) =>
        parts.map((part) => (typeof part === "object" ? "" : part)).join(""),
    );
    const settings: Record<string, string> = {};
    const rest = /^(postgres|mysqld|mariadbd)$/.test(words[0] ?? "") ? words.slice(1) : words;
    for (let at = 0; at < rest.length; at++) {
        const word = rest[at] === "-c" ? rest[++at]! : rest[at]!.replace(/^(--|-c)/, "");
        const [, name, value] = /^([A-Za-z][\w.-]*)=(.*)$/s.exec(word) ?? [];
        if (name === undefined || value === undefined)
            notes.warn(["services", service, "command"], `"${word}" is left out: it is no setting NAME=VALUE`);
        else settings[name.replaceAll("-", "_")] = value;
    }
    return settings;
}

/** Whether a cache's command or volumes ask for keys that survive a restart, and what it evicts. */
export function cacheSettings(
    { source, services }: Conversion,
    service: string,
): { persistence: boolean; policy?: string } {
    const words = (source.texts[service]!.command ?? []).map((parts) =>
        parts.map((part) => (typeof part === "object" ? "" : part)).join(""),
    );
    const after = (option: string): string | undefined => {
        const at = words.indexOf(option);
        return at < 0 ? undefined : words[at + 1];
    };
    const policy = after("--maxmemory-policy");
    const keeps = services[service]!.volumes?.some(({ target }) => target === "/data") ?? false;
    return { persistence: after("--appendonly") === "yes" || keeps, ...(policy === undefined ? {} : { policy }) };
}
