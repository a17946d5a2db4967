/** Looks up a variable; undefined if it is not set. */
export type Lookup = (name: string) => string | undefined;

/** A text that cannot be interpolated. */
export class TemplateError extends Error {}

/** `$$`, `$NAME` or `${…}`, where the braces reach to the last `}` of the line: what is after them is looked at again. */
const pattern = () => /\$(?:(\$)|([_a-z][_a-z0-9]*)|\{(?:([_a-z][_a-z0-9]*(?::?[-+?].*)?)\}|))/gi;

/** What follows the name, and what the value then is. */
const operators: Readonly<
    Record<string, (name: string, value: string | undefined, rest: string, expand: (text: string) => string) => string>
> = {
    ":?": (name, value, rest, expand) => (value ? value : required(name, expand(rest))),
    "?": (name, value, rest, expand) => value ?? required(name, expand(rest)),
    ":-": (_, value, rest, expand) => (value ? value : expand(rest)),
    "-": (_, value, rest, expand) => value ?? expand(rest),
    ":+": (_, value, rest, expand) => (value ? expand(rest) : (value ?? "")),
    "+": (_, value, rest, expand) => (value === undefined ? "" : expand(rest)),
};

/**
 * Replaces variables in a text: Compose specification, 12 "Interpolation", with what compose-go accepts beyond it, which
 * is nested defaults and `:+`. A `$` before anything else than a name, a brace or a `$` stays.
 *
 * @param unset told of variables without value and default, which become empty
 * @throws TemplateError
 */
export function interpolated(text: string, lookup: Lookup, unset: (name: string) => void = () => {}): string {
    if (!text.includes("$")) return text;
    const expand = (inner: string): string => interpolated(inner, lookup, unset);
    return text.replace(pattern(), (found: string, escaped?: string, named?: string) => {
        if (escaped) return escaped;
        if (named) return plain(named, lookup, unset);
        const end = closingBrace(found);
        const [own, rest] = end < 0 ? [found, ""] : [found.slice(0, end + 1), found.slice(end + 1)];
        const braced = pattern().exec(own)?.[3];
        if (braced === undefined) throw new TemplateError("`${` without a name after it; write $$ for a literal $");
        // The first operator in what was found counts, and compose-go looks for it in the name's own braces only.
        const operator = firstOperator(found);
        const at = operator === undefined ? -1 : braced.indexOf(operator);
        if (operator === undefined || at < 0) return plain(braced, lookup, unset);
        const name = braced.slice(0, at);
        const value = operators[operator]!(name, lookup(name), braced.slice(at + operator.length), expand);
        return value + expand(rest);
    });
}

function plain(name: string, lookup: Lookup, unset: (name: string) => void): string {
    const value = lookup(name);
    if (value === undefined) unset(name);
    return value ?? "";
}

function required(name: string, reason: string): never {
    throw new TemplateError(`the variable ${name} must have a value${reason === "" ? "" : `: ${reason}`}`);
}

function firstOperator(text: string): string | undefined {
    const found = Object.keys(operators).flatMap((operator) => {
        const at = text.indexOf(operator);
        return at < 0 ? [] : [{ operator, at }];
    });
    return found.sort((a, b) => a.at - b.at)[0]?.operator;
}

/** Index of the brace that closes the first one; -1 if there is none. */
function closingBrace(text: string): number {
    let open = 0;
    for (let i = 0; i < text.length; i++) {
        if (text[i] === "}" && --open === 0) return i;
        if (text[i] === "{") {
            open++;
            i++;
        }
    }
    return -1;
}
