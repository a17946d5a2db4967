import type { LoadedProject } from "../../compose";
import type { SecretText } from "../../config/secrets";

/** Takes the place of a secret value of the user while the project is read: the value itself is not known yet. */
export const marker = (key: string): string => `\uE000${key}\uE001`;
const markers = /\uE000([^\uE000\uE001]+)\uE001/g;

/** Keys of the secret values that a text has. */
export const markersIn = (text: string): string[] => [...text.matchAll(markers)].map(([, key]) => key!);

/** A text in parts: literal ones, and secret values by their keys. */
export type Parts = SecretText["parts"];

/** Whether the name of a variable says that its value is secret. */
export const looksSecret = (name: string): boolean =>
    /PASS(WORD|WD|PHRASE|WRD)?S?(_|$|\d|HASH)|(^|_)PWD?(_|$)|PWD$|SECRET|TOKEN|CREDENTIAL|(API|PRIVATE|ACCESS|ENCRYPTION|SIGNING|MASTER|LICEN[CS]E|AUTH|SERVICE_ROLE|ANON|ENC|HMAC|CRYPT\w*)_?KEYS?(_|$|\d)|(^|_)KEY(_BASE)?$|SALT|COOKIE$|DSN$|AUTH$|HTPASSWD/i.test(
        name,
    ) &&
    !/(_FILE|_PATH|_DIR|_LENGTH|_TTL|_LIFETIME|_TIMEOUT|_ENABLED?|_EXPIR\w*|_EXP|_ALGORITHM|_ISSUER|_AUDIENCE|_USER(NAME)?|_HEADER|_NAME|_MIN|_MAX|_DAYS|_MINUTES|_SECONDS|_URL|_PUBLIC_KEY)$/i.test(
        name,
    ) &&
    !/^(ALLOW|ENABLE|DISABLE|USE|REQUIRE)_/i.test(name);

/** Values that say yes or no, or nothing, under whatever name. */
const saysNothing = (text: string): boolean => /^(|true|false|yes|no|on|off|none|null|0|1)$/i.test(text);

/** `://user:PASSWORD@` */
const urlPassword = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/"']*:)([^\s@/"']+)(?=@)/gi;

/** `--requirepass VALUE`, `--password=VALUE` */
const secretOption = /(?:^|\s)--?[\w-]*(?:pass(?:word|wd)?|secret|token|api-?key)[\w-]*[= ]\s*(["']?)([^\s"'$]+)\1/gi;

/** `-pPASSWORD` of MySQL's programs, `-u user:PASSWORD`, and hashes of passwords as htpasswd writes them */
const secretWord = /(?:^|\s)-p\S|(?:^|\s)(?:-u|--user)[= ]?\S+:\S|\$(?:apr1|1|5|6|y|2[abxy]?|argon2\w*)\$|\{SS?HA\}/;

/** Whether a text that stands nowhere else has a password in the form of an option, a setting or a hash. */
export const hasSecret = (text: string): boolean =>
    secretWord.test(text) || secretSetting.test(text) || new RegExp(secretOption.source, "i").test(text);

/** `password: VALUE` in a file of settings */
const secretSetting =
    /(?:pass(?:word|wd|phrase)?|secret|token|api_?key|private_?key)["']?\s*[:=]\s*["']?(?!["'\s${<]|true|false|null|yes|no)\S/i;

/** The secret values of a project, each with the key under which the user may set another one. */
export class SecretPlan {
    readonly values: Record<string, SecretText> = {};
    readonly rules: Record<string, { purpose: string; lines: true }> = {};
    /** Keys by value, for values that cannot be mistaken for ordinary words. */
    private readonly known = new Map<string, string>();
    /** Keys by value, all of them: for passwords in URLs. */
    private readonly all = new Map<string, string>();
    private pattern: RegExp | undefined;
    /** `:PASSWORD@` of a URL or of an address without a scheme, with characters that neither should have. */
    private inAddress: RegExp | undefined;

    constructor({ project, environment }: LoadedProject) {
        const services = Object.keys(project.services);
        for (const [name, value] of Object.entries(environment))
            if (looksSecret(name)) this.learn(value, name, services);
    }

    /** Remembers a value that stands under a secret name, so that it is found in other texts. */
    learn(text: string, key: string, services: readonly string[]): void {
        if (saysNothing(text) || text.includes("\uE000")) return;
        if (!this.all.has(text)) {
            this.all.set(text, key);
            this.inAddress = undefined;
        }
        const isWord = /^[a-z]{1,12}$/i.test(text) || services.includes(text) || /^\d{1,5}$/.test(text);
        if (text.length < 6 || isWord || this.known.has(text)) return;
        this.known.set(text, key);
        this.pattern = undefined;
    }

    /** Declares a text that is secret as a whole. @returns its key */
    add(key: string, text: string, purpose: string): string {
        const parts = this.all.get(text) === key ? split(text) : this.partsOf(text);
        this.values[key] = { parts };
        this.rules[key] = { purpose, lines: true };
        return key;
    }

    /** Whether a text of settings has a password, under whatever name. */
    isSettings(text: string): boolean {
        return secretSetting.test(text) || this.hasUnknownPassword(this.partsOf(text));
    }

    /** Whether a text has a URL with a password that stands nowhere else. */
    hasUnknownPassword(parts: Parts): boolean {
        return parts.some((part) => typeof part === "string" && new RegExp(urlPassword.source, "i").test(part));
    }

    partsOf(text: string): Parts {
        const known = (value: string) => {
            const key = this.all.get(value);
            return key === undefined ? undefined : marker(key);
        };
        this.inAddress ??= new RegExp(`(?<=:)(?:${alternatives([...this.all.keys()]).join("|")})(?=@)`, "g");
        const inAddresses = this.all.size > 0 ? text.replace(this.inAddress, (value) => known(value)!) : text;
        const inUrls = inAddresses.replace(urlPassword, (whole, before: string, password: string) => {
            const mark = known(password);
            return mark === undefined ? whole : before + mark;
        });
        const inOptions = inUrls.replace(secretOption, (whole, quote: string, value: string) => {
            const mark = known(value);
            return mark === undefined
                ? whole
                : whole.slice(0, whole.length - value.length - quote.length) + mark + quote;
        });
        this.pattern ??= this.known.size > 0 ? anyOf([...this.known.keys()]) : undefined;
        const marked = this.pattern
            ? inOptions.replace(this.pattern, (value) => marker(this.known.get(value)!))
            : inOptions;
        const parts = split(marked);
        for (const part of parts) if (typeof part === "object") this.use(part.key);
        return parts;
    }

    /** Ensures that a key has a value, and a rule. */
    private use(key: string): void {
        if (Object.hasOwn(this.rules, key)) return;
        this.rules[key] = { purpose: `Variable ${key} of the Compose project`, lines: true };
        const found = [...this.all].find(([, other]) => other === key);
        if (found) this.values[key] = { parts: [found[0]] };
    }
}

/** Literal texts for a regular expression, the longest ones first. */
const alternatives = (texts: readonly string[]): string[] =>
    [...texts].sort((a, b) => b.length - a.length).map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));

const anyOf = (texts: readonly string[]): RegExp => new RegExp(alternatives(texts).join("|"), "g");

/** A text without its secret parts. */
export const plainText = (parts: Parts): string => parts.map((part) => (typeof part === "object" ? "" : part)).join("");

/** A text in which markers stand for secrets. */
export function split(text: string): Parts {
    const parts: (string | { readonly key: string })[] = [];
    let at = 0;
    for (const match of text.matchAll(markers)) {
        if (match.index > at) parts.push(text.slice(at, match.index));
        parts.push({ key: match[1]! });
        at = match.index + match[0].length;
    }
    if (at < text.length) parts.push(text.slice(at));
    return parts;
}
