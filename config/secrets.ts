import { suggest } from "./problems";

/** What a platform says of one secret key that a user may set. */
export interface SecretRule {
    /** What it is for: one line, without a full stop. */
    readonly purpose: string;
    /** Fewest characters. @default 1 */
    readonly min?: number;
    /** Most characters. @default no limit */
    readonly max?: number;
    /** What must be among its characters, by name: `{letters: /[a-z]/i}`. @default nothing */
    readonly among?: Readonly<Record<string, RegExp>>;
    /** Whether it has several lines, as PEM and JSON have. @default false */
    readonly lines?: boolean;
    /** Why no new value may be generated for a shop in use, and what to do instead. @default it may */
    readonly fixed?: string;
}

/** A platform's secret keys: each with its rule, or with its purpose alone. */
export type SecretRules = Readonly<Record<string, string | SecretRule>>;

/**
 * The secret keys of a component: each begins with its name, so that two of one sort never share a password.
 *
 * @param parts what follows the name, and what that key is for
 */
export const secretsOf = <Name extends string, Part extends string>(
    name: Name,
    parts: Readonly<Record<Part, string>>,
): Readonly<Record<`${Name}${Part}`, string>> =>
    Object.fromEntries(Object.entries(parts).map(([part, purpose]) => [`${name}${part}`, purpose])) as Record<
        `${Name}${Part}`,
        string
    >;

/** @returns undefined for an unknown key */
export function ruleOf(rules: SecretRules, key: string): SecretRule | undefined {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    return typeof rule === "string" ? { purpose: rule } : rule;
}

/** @throws RangeError for a key that a platform does not declare, and nobody could set */
export function checkDeclared(rules: SecretRules, key: string, platform: string): void {
    const declared = Object.keys(rules);
    if (!declared.includes(key))
        throw new RangeError(
            `the platform ${platform} declares no secret "${key}"${suggest(key, declared)}; it has ${declared.join(", ") || "none"}`,
        );
}

/** A stand-in for a secret value: of the right type, and nobody's password. */
export const placeholder = (name: string): string => `placeholder-${name}`;

/** Where the program runs without the passphrase, values are unknown: no rule says anything of them. */
export const isPlaceholder = (value: string): boolean => value.startsWith(placeholder(""));

/** Half a pair in UTF-16 becomes another character on its way; XML, HTTP and environments refuse the others. */
const unspeakable = /(?![\t\r\n])\p{Cc}|[\uFFFE\uFFFF]|\p{Surrogate}/u;

/** What is wrong with a value, without the value itself; undefined when nothing is. */
export function valueProblem(
    { min = 1, max, among = {}, lines = false }: SecretRule,
    value: string,
): string | undefined {
    if (isPlaceholder(value)) return undefined;
    const { length } = [...value];
    if (length === 0) return "the value is not allowed; allowed: a text that is not empty";
    if (length < min || length > (max ?? length)) {
        const allowed = max === undefined ? `at least ${min}` : `${min} to ${max}`;
        return `a value of ${length} characters is not allowed; allowed: ${allowed}`;
    }
    const without = Object.entries(among).filter(([, pattern]) => !pattern.test(value));
    if (without.length > 0)
        return `a value without ${without.map(([name]) => name).join(" and ")} is not allowed; allowed: a text with ${Object.keys(among).join(" and ")}`;
    // What the files, environments and protocols that it passes through cannot carry.
    if (unspeakable.test(value))
        return "the value is not allowed; it holds a control character, or half a character, which files and protocols cannot carry";
    if (!lines && /[\r\n]/.test(value)) return "the value is not allowed; allowed: a text of one line";
    return undefined;
}

/**
 * Whether a value is an encrypted one, as the engine takes it: a map with the one key `secure`, and a text. A map with
 * other keys as well is a map.
 *
 * https://github.com/pulumi/pulumi/blob/v3.265.0/sdk/go/common/resource/config/object.go (isSecureValue)
 */
export function isEncrypted(value: unknown): value is { readonly secure: string } {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    return Object.keys(value).length === 1 && "secure" in value && typeof value.secure === "string";
}

/** Where encrypted values stand in a value. */
export function encryptedIn(value: unknown, above: readonly string[] = []): (readonly string[])[] {
    if (typeof value !== "object" || value === null) return [];
    if (isEncrypted(value)) return [above];
    return Object.entries(value).flatMap(([key, inner]) => encryptedIn(inner, [...above, key]));
}
