import { type Problem, show } from "./problems";

/** Deeper than anything that can be configured; what contains itself never ends. */
const deepest = 64;

/**
 * Everything in a value that no configuration may hold: what JSON has no form for, what is nested without end, and keys
 * that JavaScript would take for something else.
 *
 * @param path where the value stands
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
                message: `is nested too deeply; allowed: ${deepest} levels, and no alias of what it stands in`,
            },
        ];
    return Object.entries(value).flatMap(([key, inner]) =>
        key === "__proto__"
            ? [{ path: `${path}.${key}`, message: `the key ${show(key)} is not allowed; allowed: any other` }]
            : plainProblems(inner, `${path}.${key}`, depth + 1),
    );
}
