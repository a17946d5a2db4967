import { UserError } from "../system/errors";

/** Why the server, or kubectl, did not do something, as far as it matters here. */
export type KubectlFailure =
    | "notFound"
    /** The server has no such kind of objects. */
    | "unknownKind"
    | "alreadyExists"
    /** The account has no right to it. */
    | "forbidden"
    /** The account has the right, and a rule of the cluster's is against it: Pod Security, a quota. */
    | "denied"
    | "other";

/** kubectl has failed. */
export class KubectlError extends UserError {
    /**
     * @param kind why
     * @param said kubectl's own words
     * @param output its standard output: of several objects it prints those that it could have
     */
    constructor(
        message: string,
        readonly kind: KubectlFailure,
        readonly said: string,
        readonly output = "",
        exitCode = 1,
    ) {
        super(message, exitCode);
    }
}

/** The server's reasons are in parentheses; authorization and admission have the same one. */
const signs: readonly (readonly [KubectlFailure, RegExp])[] = [
    ["notFound", /NotFound/],
    ["unknownKind", /no matches for kind|ensure CRDs|the server doesn't have a resource type/],
    ["alreadyExists", /AlreadyExists/],
    ["denied", /is forbidden: (?!User )/],
    ["forbidden", /forbidden/i],
];

export const kubectlFailure = (said: string): KubectlFailure =>
    signs.find(([, sign]) => sign.test(said))?.[0] ?? "other";

/** Lines of what kubectl says that are about failures of other kinds; it warns in lines of their own. */
export const linesBut = (said: string, ...kinds: readonly KubectlFailure[]): string[] =>
    said
        .split("\n")
        .filter((line) => line.trim() !== "" && !/^warning/i.test(line) && !kinds.includes(kubectlFailure(line)));
