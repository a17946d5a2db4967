import { createHash } from "node:crypto";

/** Maximum length of a Service's name, a label value or a pod's host name (RFC 1123 label). */
export const maxNameLength = 63;

/**
 * Joins parts to an object name of at most 63 characters.
 *
 * A longer name is cut and gets a digest of the whole name as suffix, so that long names do not collide.
 */
export function objectName(...parts: readonly string[]): string {
    const name = parts.filter((part) => part !== "").join("-");
    if (name.length <= maxNameLength) return name;
    const digest = createHash("sha256").update(name).digest("hex").slice(0, 8);
    return `${name.slice(0, maxNameLength - 9).replace(/[-.]+$/, "")}-${digest}`;
}

/** A digest of ten hexadecimal digits that depends on the content but not on the order of keys. */
export function contentHash(content: unknown): string {
    return createHash("sha256").update(canonical(content)).digest("hex").slice(0, 10);
}

function canonical(value: unknown): string {
    if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    if (typeof value === "object" && value !== null) {
        const entries = Object.entries(value)
            .filter(([, inner]) => inner !== undefined)
            .sort(([a], [b]) => (a < b ? -1 : 1));
        return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(",")}}`;
    }
    return JSON.stringify(value) ?? "null";
}

/** The name for accepting the loss of an object: `persistentvolumeclaim/opencart/files`. */
export const consentName = (object: {
    readonly kind?: string;
    readonly metadata?: { readonly name: string; readonly namespace?: string };
}): string =>
    [object.kind?.toLowerCase(), object.metadata?.namespace, object.metadata?.name]
        .filter((part) => part !== undefined)
        .join("/");

/** The name for accepting the loss of a generated password: `randompassword/shop-database`. */
export const passwordConsentName = (resource: string): string => `randompassword/${resource}`;

/** The name for accepting the loss of a generated private key: `privatekey/learn-jwt`. */
export const keyConsentName = (resource: string): string => `privatekey/${resource}`;

/** A path as a part of a name: `/var/lib/data` is `var-lib-data`, `/` is `root`. */
export const pathName = (path: string): string =>
    path
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "-")
        .replace(/^-|-$/g, "") || "root";
