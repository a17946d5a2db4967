import { exactly } from "./languages/regex";

/**
 * A part of a platform's addresses, stated once. The balancer's routes, the locations of nginx and Apache and what
 * Varnish passes are all made of it, so that none of them takes another path for it than the others do.
 */
export interface PathRule {
    /** Each means itself and everything below it: parts of lower-case letters, digits, '_', '-' and '.', as in `/rss/order`. */
    readonly paths: readonly string[];
    /** A file of the application that may stand in front: `index.php`. @default none */
    readonly entry?: string;
    /** Whether one more part may stand in front, such as a store's code. @default false */
    readonly code?: boolean;
}

const part = /^[a-z0-9_.-]*[a-z0-9_-][a-z0-9_.-]*$/;

/**
 * The addresses of some rules as a regular expression, the same for RE2 (Caddy), PCRE (nginx, Apache, Varnish) and
 * JavaScript. It is to be used without regard to case wherever something is closed.
 *
 * @param end what follows the last part. @default for a path without its query
 * @throws RangeError for a path that is none, or means everything
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
            throw new RangeError(`"${path}" is no path that a rule can have`);
    if (paths.length === 0) throw new RangeError("a rule has at least one path");
    const front = [...(entry === undefined ? [] : [`(${exactly(entry)}/)?`]), ...(code ? ["([a-z0-9_]+/)?"] : [])];
    return `^/${front.join("")}(${paths.map((path) => exactly(path.slice(1))).join("|")})${end}`;
}

// Encoded once or, for those who decode twice, again.
const dot = "(\\.|%(25)*2e)";
const slash = "%(25)*(2f|5c)";

/**
 * Addresses whose path is one thing to who resolves it and another to who takes it as it was sent, as a regular
 * expression without regard to case: segments of dots, encoded slashes, backslashes, control characters, fragments.
 * Nobody who judges by paths lets them pass; what follows a `?` is not looked at.
 */
export const ambiguous = `^[^?]*(/${dot}${dot}?([/;?]|%3b|$)|${slash}|\\x5c|%([01][0-9a-f]|7f)|#)`;
