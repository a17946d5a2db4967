import { type Problem, show } from "./problems";

/** Deeper than any valid configuration; cyclic values would never end. */
const deepest = 64;

/**
 * Everything in a value that a configuration must not contain: values that JSON cannot represent, infinite nesting, and
 * keys with a special meaning in JavaScript.
 *
 * @param path path of the value
 */
export function plainProblems(value: unknown, path: string, depth = 0): Problem[] {
    const problem = (message: string): Problem[] => [{ path, message }];
    if (typeof value === "number" && !Number.isFinite(value))
        return problem(`${value} is not allowed; allowed: a number, not larger than 1.7e308`);
    if (typeof value !== "object" || value === null) return [];
    const isList = Array.isArray(value);
    if (!isList && Object.getPrototypeOf(value) !== Object.prototype)
        return problem(
            `a ${value.constructor.name} is not allowed; allowed: a text, a number, true, false, a list or a map`,
        );
    if (depth === deepest)
        return [
            {
                path: path.length > 80 ? `${path.slice(0, 79)}…` : path,
                message: `is nested too deeply; allowed: ${deepest} levels, and no alias to a containing map or list`,
            },
        ];
    return Object.entries(value).flatMap(([key, inner]) =>
        key === "__proto__"
            ? [{ path: `${path}.${key}`, message: `the key ${show(key)} is not allowed; allowed: any other` }]
            : plainProblems(inner, `${path}.${key}`, depth + 1),
    );
}
