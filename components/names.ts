import { createHash } from "node:crypto";

/** Longest name of a Service, a label value or a pod's host name (RFC 1123 label). */
export const maxNameLength = 63;

/**
 * Joins parts to an object's name of at most 63 characters.
 *
 * A longer name keeps its beginning and ends in a digest of the whole, so that two long names never meet.
 */
export function objectName(...parts: readonly string[]): string {
    const name = parts.filter((part) => part !== "").join("-");
    if (name.length <= maxNameLength) return name;
    const digest = createHash("sha256").update(name).digest("hex").slice(0, 8);
    return `${name.slice(0, maxNameLength - 9).replace(/[-.]+$/, "")}-${digest}`;
}

/** Ten hexadecimal digits that change when the content does, whatever the order of its keys. */
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

/** The name by which the loss of an object is accepted: `persistentvolumeclaim/opencart/files`. */
export const consentName = (object: {
    readonly kind?: string;
    readonly metadata?: { readonly name: string; readonly namespace?: string };
}): string =>
    [object.kind?.toLowerCase(), object.metadata?.namespace, object.metadata?.name]
        .filter((part) => part !== undefined)
        .join("/");

/** The name by which the loss of a generated password is accepted: `randompassword/shop-database`. */
export const passwordConsentName = (resource: string): string => `randompassword/${resource}`;
