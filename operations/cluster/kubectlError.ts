import { failureIn, ToolError } from "../system/toolError";

/** Why the server or kubectl failed, as far as it matters here. */
export type KubectlFailure =
    | "notFound"
    /** The server has no such kind of objects. */
    | "unknownKind"
    | "alreadyExists"
    /** The account has no right to it. */
    | "forbidden"
    /** The account has the right, and a rule of the cluster's is against it: Pod Security, a quota, a webhook. */
    | "denied"
    | "other";

/** A kubectl command failed. Of several objects, kubectl prints those that it could read. */
export class KubectlError extends ToolError<KubectlFailure> {}

/** The server gives its reason in parentheses; authorization and admission share one. */
const patterns: readonly (readonly [KubectlFailure, RegExp])[] = [
    ["notFound", /NotFound/],
    ["unknownKind", /no matches for kind|ensure CRDs|the server doesn't have a resource type/],
    ["alreadyExists", /AlreadyExists/],
    ["denied", /is forbidden: (?!User )|admission webhook "[^"]*" denied/],
    ["forbidden", /forbidden/i],
];

export const kubectlFailure = (output: string): KubectlFailure => failureIn(patterns, output);

/** Lines of kubectl's output that report failures of other kinds; warnings are on separate lines. */
export const linesExcept = (said: string, ...kinds: readonly KubectlFailure[]): string[] =>
    said
        .split("\n")
        .filter((line) => line.trim() !== "" && !/^warning/i.test(line) && !kinds.includes(kubectlFailure(line)));
