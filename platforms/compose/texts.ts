import type { LoadedProject } from "../../compose";
import { isExact, type PeerName } from "./names";

/** A name of a peer where a text has it. */
export interface Reference {
    readonly name: PeerName;
    /** Whether it stands where only a host can stand. */
    readonly isHost: boolean;
    readonly port?: number;
}

/** Whether DNS resolves the name as it is written: it takes no notice of capitals. */
export const isResolvable = (name: PeerName): boolean => isExact(name) || name.written.toLowerCase() === name.label;

/** Ports of URLs that state none. */
const schemePorts: Readonly<Record<string, number>> = {
    amqp: 5672,
    amqps: 5671,
    http: 80,
    https: 443,
    ldap: 389,
    ldaps: 636,
    mariadb: 3306,
    mongodb: 27017,
    mqtt: 1883,
    mysql: 3306,
    nats: 4222,
    postgres: 5432,
    postgresql: 5432,
    redis: 6379,
    rediss: 6379,
    smtp: 25,
    ws: 80,
    wss: 443,
};

/** `redis://:PASSWORD@`, `postgresql+asyncpg://` */
function schemePort(before: string): number | undefined {
    const scheme = /\b([a-z][a-z0-9]*)(?:\+[a-z0-9]+)?:\/\/(?:[^\s/"'@]*@)?$/i.exec(before.slice(-200))?.[1];
    const key = scheme?.toLowerCase() ?? "";
    return Object.hasOwn(schemePorts, key) ? schemePorts[key] : undefined;
}

/**
 * What follows an account's name in a URL, `:PASSWORD@` or `@`. The password may have characters that it should not have
 * there; what begins as a port does is one.
 */
const accountInUrl = /^(?::(?!\d{1,5}[^\w@])[^\s"']*)?@/;
/** The same without a scheme before it: `account:PASSWORD@tcp(host:3306)`. */
const accountAlone = /^(?::[^\s"'/,;@]*)?@/;

/** A name with dots may be in a certificate, so it is never written otherwise. */
const mayBeRewritten = ({ written }: PeerName): boolean => !written.includes(".");

/** Finds the names of a project's services in texts, and writes them so that DNS knows them. */
export class PeerTexts {
    private readonly pattern: RegExp | undefined;
    private readonly byWritten = new Map<string, PeerName[]>();

    constructor(
        names: readonly PeerName[],
        private readonly networks: (service: string) => ReadonlySet<string>,
    ) {
        for (const name of names) this.byWritten.set(name.written, [...(this.byWritten.get(name.written) ?? []), name]);
        const all = [...this.byWritten.keys()].sort((a, b) => b.length - a.length).map(escaped);
        if (all.length > 0)
            // A name ends where no further character of a name follows; a dot may end a sentence.
            this.pattern = new RegExp(`(?<![A-Za-z0-9_.-])(?:${all.join("|")})(?![A-Za-z0-9_-]|\\.[A-Za-z0-9_])`, "g");
    }

    /**
     * @param service whose text it is
     * @param isWhole whether the text as a whole is a host if it is nothing but a name: the value of DB_HOST
     * @param portBeside what DB_PORT says, for names without a port
     */
    references(service: string, text: string, isWhole: boolean, portBeside?: number): Reference[] {
        return this.found(service, text, isWhole).map(({ at: _, ...reference }) => ({
            ...(portBeside !== undefined && reference.isHost ? { port: portBeside } : {}),
            ...reference,
        }));
    }

    /** The text with every name at the place of a host as DNS knows it. */
    rewritten(service: string, text: string, isWhole: boolean): string {
        return this.found(service, text, isWhole).reduceRight(
            (now, { at, name, isHost }) =>
                isHost && !isResolvable(name) && mayBeRewritten(name)
                    ? now.slice(0, at) + name.label + now.slice(at + name.written.length)
                    : now,
            text,
        );
    }

    private found(service: string, text: string, isWhole: boolean): (Reference & { readonly at: number })[] {
        if (!this.pattern) return [];
        return [...text.matchAll(this.pattern)].flatMap((match) => {
            const name = this.seen(service, match[0]);
            if (!name) return [];
            const before = text.slice(0, match.index);
            const after = text.slice(match.index + match[0].length);
            if (accountAlone.test(after) || (before.endsWith("://") && accountInUrl.test(after))) return [];
            const [, stated] = /^:(\d{1,5})(?!\d)/.exec(after) ?? [];
            const port = stated === undefined ? schemePort(before) : Number(stated);
            const isHost =
                port !== undefined ||
                /(\/\/|@)$/.test(before) ||
                /(^|[\s,])(--?(h|host|hostname|server|upstream)[ =]|server\s+|fastcgi_pass\s+|uwsgi_pass\s+)$/i.test(
                    before,
                ) ||
                (isWhole && /^[\s,]*$|,\s*$/.test(before) && /^($|\s*,)/.test(after));
            return [{ at: match.index, name, isHost, ...(port === undefined ? {} : { port }) }];
        });
    }

    /** Which of the services that have the name the service can see. */
    private seen(service: string, written: string): PeerName | undefined {
        const own = this.networks(service);
        const isSeen = (name: PeerName) =>
            (name.seenBy ?? service) === service &&
            (name.service === service || [...this.networks(name.service)].some((network) => own.has(network)));
        return this.byWritten
            .get(written)!
            .filter(isSeen)
            .sort((a, b) => (a.seenBy ? -1 : 0) - (b.seenBy ? -1 : 0))[0];
    }
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

/** Whether the value of a variable with this name is a host, or a list of them. */
export const isHostVariable = (name: string): boolean =>
    /(HOST(S|NAME)?|SERVERS?|ADDR(ESS(ES)?)?|URLS?|URI|ENDPOINTS?|NODES?|BROKERS?|PEERS?|SEEDS?|SEED_HOSTS|MASTER(_NODES)?|UPSTREAM|BACKEND|DOMAIN|SERVICE|CLUSTER|REDIS|DB|DATABASE_HOST|IP)$/i.test(
        name,
    ) && !/(DATABASE|DB_?NAME|_DB)$/i.test(name);

/** What the variable beside one with a host says: DB_PORT beside DB_HOST. PORT alone is usually a container's own. */
export function portBeside(name: string, environment: Readonly<Record<string, string | null>>): number | undefined {
    const [, prefix] = /^(.*?)(?:HOST(?:NAME)?|SERVER|ADDR(?:ESS)?)$/i.exec(name) ?? [];
    if (prefix === undefined) return undefined;
    const keys = [...(prefix === "" ? [] : [`${prefix}PORT`, `${prefix}port`]), `${name}_PORT`];
    const port = keys.map((key) => environment[key]).find(Boolean);
    return port !== undefined && port !== null && /^\d{1,5}$/.test(port) ? Number(port) : undefined;
}

/** The networks of a service: those of another one if it shares that one's. */
export function networksOf({ project }: Pick<LoadedProject, "project">, service: string): ReadonlySet<string> {
    const { network_mode: mode, networks } = project.services[service] ?? {};
    const other = /^service:(.+)$/.exec(mode ?? "")?.[1];
    if (other !== undefined && other !== service) return networksOf({ project }, other);
    return mode === "none" ? new Set() : new Set(Object.keys(networks ?? { default: null }));
}
