import { exactly } from "./languages/regex";

/**
 * A set of paths of a platform, defined once. The balancer's routes, the locations of nginx and Apache and Varnish's
 * rules are all generated from it, so that they agree on which paths match.
 */
export interface PathRule {
    /**
     * Each path matches itself and everything below it. Segments consist of lower-case letters, digits, '_', '-' and
     * '.', as in `/rss/order`.
     */
    readonly paths: readonly string[];
    /** An optional leading segment with a file of the application: `index.php`. @default none */
    readonly entry?: string;
    /** Whether an additional leading segment is optional, such as a store's code. @default false */
    readonly code?: boolean;
}

const part = /^[a-z0-9_.-]*[a-z0-9_-][a-z0-9_.-]*$/;

/**
 * The paths of some rules as a regular expression that works in RE2 (Caddy), PCRE (nginx, Apache, Varnish) and
 * JavaScript. Use it case-insensitively to deny access.
 *
 * @param end pattern after the last segment. @default for a path without its query
 * @throws RangeError for a path that is invalid or would match everything
 */
export function patternOf({ paths, entry, code = false }: PathRule, end = "(/|$)"): string {
    for (const path of paths)
        if (
            !path.startsWith("/") ||
            !path
                .slice(1)
                .split("/")
                .every((one) => part.test(one))
        )
            throw new RangeError(`"${path}" is not a valid path of a rule`);
    if (paths.length === 0) throw new RangeError("a rule needs at least one path");
    const front = [...(entry === undefined ? [] : [`(${exactly(entry)}/)?`]), ...(code ? ["([a-z0-9_]+/)?"] : [])];
    return `^/${front.join("")}(${paths.map((path) => exactly(path.slice(1))).join("|")})${end}`;
}

// Encoded once, or twice for servers that decode twice.
const dot = "(\\.|%(25)*2e)";
const slash = "%(25)*(2f|5c)";

/**
 * A case-insensitive regular expression for URLs whose path is ambiguous, because servers that normalise it and servers
 * that use it as sent disagree: dot segments, encoded slashes, backslashes, control characters, fragments. All servers
 * that decide by path refuse them. The query is ignored.
 */
export const ambiguous = `^[^?]*(/${dot}${dot}?([/;?]|%3b|$)|${slash}|\\x5c|%([01][0-9a-f]|7f)|#)`;
