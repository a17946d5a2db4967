/** Looks up a variable; undefined if it is not set. */
export type Lookup = (name: string) => string | undefined;

/**
 * Told of variables without value and default.
 *
 * @param isRequired whether the text is refused without a value, which it gives as `${NAME:?reason}`
 * @returns what takes the place of the value. @default nothing, or the refusal
 */
export type Unset = (name: string, isRequired: boolean) => string | undefined;

/** A text that cannot be interpolated. */
export class TemplateError extends Error {}

/** `$$`, `$NAME` or `${…}`, where the braces reach to the last `}` of the line. */
const pattern = () => /\$(?:(\$)|([_a-z][_a-z0-9]*)|\{(?:([_a-z][_a-z0-9]*(?::?[-+?].*)?)\}|))/gi;

/** What follows the name, and what the value then is. */
const operators: Readonly<
    Record<
        string,
        (
            name: string,
            value: string | undefined,
            rest: string,
            expand: (text: string) => string,
            unset: Unset,
        ) => string
    >
> = {
    ":?": (name, value, rest, expand, unset) => value || (unset(name, true) ?? required(name, expand(rest))),
    "?": (name, value, rest, expand, unset) => value ?? unset(name, true) ?? required(name, expand(rest)),
    ":-": (_, value, rest, expand) => (value ? value : expand(rest)),
    "-": (_, value, rest, expand) => value ?? expand(rest),
    ":+": (_, value, rest, expand) => (value ? expand(rest) : (value ?? "")),
    "+": (_, value, rest, expand) => (value === undefined ? "" : expand(rest)),
};

/** Deeper or longer texts are no configuration, and would take long. */
const mostLevels = 100;
const mostLength = 2 ** 20;

/**
 * Replaces variables in a text: Compose specification, 12 "Interpolation", with what compose-go accepts beyond it, which
 * is nested defaults and `:+`. A `$` before anything else than a name, a brace or a `$` stays.
 *
 * @param unset told of variables without value and default, which become empty unless it gives something
 * @throws TemplateError
 */
export function interpolated(text: string, lookup: Lookup, unset: Unset = () => undefined, level = 0): string {
    if (!text.includes("$")) return text;
    if (level > mostLevels) throw new TemplateError(`variables are nested deeper than ${mostLevels} levels`);
    if (text.length > mostLength && text.includes("${"))
        throw new TemplateError(`a text with variables is longer than ${mostLength} characters`);
    const find = pattern();
    let result = "";
    let at = 0;
    for (let match = find.exec(text); match; match = find.exec(text)) {
        const [found, escaped, named] = match;
        const end = escaped || named ? -1 : closingBrace(found);
        const own = end < 0 ? found : found.slice(0, end + 1);
        result += text.slice(at, match.index);
        if (escaped) result += escaped;
        else if (named) result += plain(named, lookup, unset);
        else result += braced(found, own, lookup, unset, level);
        at = match.index + own.length;
        find.lastIndex = at;
    }
    return result + text.slice(at);
}

/** @param found the braces up to the last one of the line @param own the first that is closed */
function braced(found: string, own: string, lookup: Lookup, unset: Unset, level: number): string {
    const inside = pattern().exec(own)?.[3];
    if (inside === undefined) throw new TemplateError("`${` without a name after it; write $$ for a literal $");
    const operator = firstOperator(found);
    const at = operator === undefined ? -1 : inside.indexOf(operator);
    if (operator === undefined || at < 0) return plain(inside, lookup, unset);
    const name = inside.slice(0, at);
    const expand = (inner: string): string => interpolated(inner, lookup, unset, level + 1);
    return operators[operator]!(name, lookup(name), inside.slice(at + operator.length), expand, unset);
}

function plain(name: string, lookup: Lookup, unset: Unset): string {
    const value = lookup(name);
    return value ?? unset(name, false) ?? "";
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
