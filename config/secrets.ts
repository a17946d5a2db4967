import { suggest } from "./problems";

/** A platform's rules for one secret key that a user may set. */
export interface SecretRule {
    /** Its purpose: one line, without a full stop. */
    readonly purpose: string;
    /** Minimum number of characters. @default 1 */
    readonly min?: number;
    /** Maximum number of characters. @default no limit */
    readonly max?: number;
    /** Characters that it must contain, by name: `{letters: /[a-z]/i}`. @default none */
    readonly among?: Readonly<Record<string, RegExp>>;
    /** Whether it may have several lines, such as PEM and JSON. @default false */
    readonly lines?: boolean;
    /** Why no new value may be generated for a shop in use, and what to do instead. @default it may be rotated */
    readonly fixed?: string;
}

/** The text of a secret that a file contains. */
export interface SecretText {
    /** Literal parts, and values of other secret keys. */
    readonly parts: readonly (string | { readonly key: string })[];
    /** Whether the literal parts are no secret themselves. @default false */
    readonly plainParts?: boolean;
}

/** A platform's secret keys, each with its rule, or only its purpose. */
export type SecretRules = Readonly<Record<string, string | SecretRule>>;

/**
 * The secret keys of a component. Each begins with the component's name, so that two components of one kind never share
 * a password.
 *
 * @param parts suffixes of the keys, each with its rule, or only its purpose
 */
export const secretsOf = <Name extends string, Part extends string, Rule extends string | SecretRule>(
    name: Name,
    parts: Readonly<Record<Part, Rule>>,
): Readonly<Record<`${Name}${Part}`, Rule>> =>
    Object.fromEntries(Object.entries<Rule>(parts).map(([part, rule]) => [`${name}${part}`, rule])) as Record<
        `${Name}${Part}`,
        Rule
    >;

/** @returns undefined for an unknown key */
export function ruleOf(rules: SecretRules, key: string): SecretRule | undefined {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    return typeof rule === "string" ? { purpose: rule } : rule;
}

/** @throws RangeError for a key that the platform does not declare, so that it could not be set */
export function checkDeclared(rules: SecretRules, key: string, platform: string): void {
    const declared = Object.keys(rules);
    if (!declared.includes(key))
        throw new RangeError(
            `the platform ${platform} does not declare a secret "${key}"${suggest(key, declared)}; declared: ${declared.join(", ") || "none"}`,
        );
}

/** A placeholder for a secret value of the same type. */
export const placeholder = (name: string): string => `placeholder-${name}`;

/** Without the passphrase, values are unknown placeholders, to which no rule applies. */
export const isPlaceholder = (value: string): boolean => value.startsWith(placeholder(""));

/** Lone surrogates are changed in transit; XML, HTTP and environment variables reject the other characters. */
const untransmittable = /(?![\t\r\n])\p{Cc}|[\uFFFE\uFFFF]|\p{Surrogate}/u;

/** What is wrong with a value, without the value itself; undefined if it is valid. */
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
    // Characters that files, environment variables and protocols cannot contain.
    if (untransmittable.test(value))
        return "the value is not allowed; it contains a control character or a lone surrogate, which files and protocols cannot represent";
    if (!lines && /[\r\n]/.test(value)) return "the value is not allowed; allowed: one line of text";
    return undefined;
}

/**
 * Whether the engine treats a value as encrypted: a map whose only key is `secure`, with a text.
 *
 * https://github.com/pulumi/pulumi/blob/v3.265.0/sdk/go/common/resource/config/object.go (isSecureValue)
 */
export function isEncrypted(value: unknown): value is { readonly secure: string } {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    return Object.keys(value).length === 1 && "secure" in value && typeof value.secure === "string";
}

/** The paths of encrypted values in a value. */
export function encryptedIn(value: unknown, above: readonly string[] = []): (readonly string[])[] {
    if (typeof value !== "object" || value === null) return [];
    if (isEncrypted(value)) return [above];
    return Object.entries(value).flatMap(([key, inner]) => encryptedIn(inner, [...above, key]));
}
