import { z } from "zod";
import { show, suggest } from "./problems";
import { at, unwrap } from "./walk";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** One line per problem: path below the checked value, what is wrong, and what is allowed. */
export interface Explanation {
    readonly path: Path;
    readonly message: string;
}

/** Turns a schema's issues with a value into messages that name the value and what is allowed. */
export function explain(schema: z.ZodType, value: unknown, issues: readonly Issue[]): Explanation[] {
    return issues.flatMap((issue) => explainOne(schema, value, issue, []));
}

function explainOne(schema: z.ZodType, value: unknown, issue: Issue, above: Path): Explanation[] {
    const path = [...above, ...issue.path];
    switch (issue.code) {
        case "unrecognized_keys": {
            const known = knownKeys(schema, value, path);
            return issue.keys.map((key) => ({
                path: [...path, key],
                message: `unknown key${suggest(key, known)}${known.length > 0 ? `; allowed: ${known.join(", ")}` : ""}`,
            }));
        }
        case "invalid_union": {
            if (issue.message.startsWith("allowed:"))
                return [{ path, message: refused(at(value, path), issue.message) }];
            if (issue.errors.length === 0) {
                const options = "options" in issue ? (issue.options as unknown[]) : [];
                return [{ path, message: refused(at(value, path), options.map(show).join(", ")) }];
            }
            // The user most likely meant the alternative that fails deepest.
            const depth = (branch: readonly Issue[]) => Math.max(...branch.map((i) => i.path.length), 0);
            const meant = [...issue.errors].sort((a, b) => depth(b) - depth(a))[0]!;
            if (depth(meant) > 0) return meant.flatMap((inner) => explainOne(schema, value, inner, path));
            const allowed = issue.errors.flatMap((branch) => branch.map((i) => expected(i)));
            return [{ path, message: refused(at(value, path), [...new Set(allowed)].join(", or ")) }];
        }
        case "invalid_key":
            return [{ path, message: refused(path.at(-1), issue.issues.map(expected).join(", or ")) }];
        default:
            return [{ path, message: refused(at(value, path), expected(issue)) }];
    }
}

function refused(written: unknown, allowed: string): string {
    const rule = allowed.startsWith("allowed:") ? allowed : `allowed: ${allowed}`;
    return written === undefined ? `is missing; ${rule}` : `${show(written)} is not allowed; ${rule}`;
}

function expected(issue: Issue): string {
    switch (issue.code) {
        case "invalid_type":
            return (
                { record: "a map", object: "a map", array: "a list", int: "a whole number" }[
                    issue.expected as string
                ] ?? `a ${issue.expected}`
            );
        case "invalid_value":
            return issue.message.startsWith("allowed:") ? issue.message : issue.values.map(show).join(", ");
        case "too_small":
            return `at least ${issue.minimum}`;
        case "too_big":
            return issue.origin === "string" ? `at most ${issue.maximum} characters` : `at most ${issue.maximum}`;
        case "unrecognized_keys":
            return `no key ${issue.keys.map(show).join(", ")}`;
        default:
            return issue.message;
    }
}

/** The schema's keys at a path, for suggestions. */
function knownKeys(schema: z.ZodType, value: unknown, path: Path): string[] {
    let current = unwrap(schema, value);
    let inner = value;
    for (const key of path) {
        inner = at(inner, [key]);
        if (current instanceof z.ZodObject)
            current = (Object.hasOwn(current.shape, key) ? current.shape[String(key)] : undefined) as z.ZodType;
        else if (current instanceof z.ZodRecord) current = current.valueType as z.ZodType;
        else if (current instanceof z.ZodArray) current = current.element as z.ZodType;
        else return [];
        if (!current) return [];
        current = unwrap(current, inner);
    }
    return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}
