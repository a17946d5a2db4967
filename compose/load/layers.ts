import { ComposeError, type Path, refuse } from "../errors";
import { change, changeEach, isNull, type Mapping, type Node, sequence, textOf, without } from "../node";
import { forms, identities } from "../rules/rules";
import { rewrite } from "../rules/table";
import { withoutRepeats } from "../rules/unique";
import { schemaProblems } from "../schema/schema";
import { interpolate } from "./interpolate";
import { promoted } from "./promote";
import type { Context } from "./session";

/** A document's mapping with its variables replaced. */
export function prepared(root: Node, { environment, session }: Context): Mapping {
    if (root.kind !== "mapping")
        refuse(root.at, [], "a Compose file is a mapping with services, volumes, networks and so on");
    return promoted(interpolate(root, environment, session) as Mapping);
}

/** In the long forms and without repetitions. @param isWhole whether it must be valid, which parts of one need not be */
export function finished(model: Mapping, { session }: Context, isWhole: boolean): Mapping {
    const unique = withoutRepeats(model, identities) as Mapping;
    if (isWhole) {
        const problems = schemaProblems(unique);
        if (problems.length > 0) throw new ComposeError(problems);
        const version = unique.entries.get("version");
        if (version) session.warn(version.at, ["version"], "is obsolete and not used; remove it");
    }
    const long = rewrite(without(unique, "version"), forms, [], (form, node, path, deeper) => form(node, path, deeper));
    return withoutRepeats(withoutEmptyServers(long as Mapping), identities) as Mapping;
}

/** Empty entries of `dns`, as `${DNS}` may leave them. */
const withoutEmptyServers = (model: Mapping): Mapping =>
    ["services", "jobs"].reduce(
        (whole, key) =>
            eachContainer(whole, key, (container) =>
                change(container, "dns", (dns) =>
                    dns.kind === "sequence"
                        ? sequence(
                              dns.items.filter((item) => !isNull(item) && textOf(item) !== ""),
                              dns.at,
                          )
                        : dns,
                ),
            ),
        model,
    );

/** With each service or job changed. */
export const eachContainer = (
    model: Mapping,
    key: string,
    to: (container: Mapping, name: string) => Mapping,
): Mapping =>
    change(model, key, (all) =>
        all.kind === "mapping" ? changeEach(all, (one, name) => (one.kind === "mapping" ? to(one, name) : one)) : all,
    );

/** What `!reset` and `!override` of a file take out of what it is laid over. */
export function withoutPaths(node: Node, paths: readonly Path[]): Node {
    if (paths.length === 0 || node.kind !== "mapping") return node;
    return changeEach(node, (value, key) => {
        const inner = paths.filter((path) => path[0] === key);
        if (inner.some((path) => path.length === 1)) return undefined;
        return withoutPaths(
            value,
            inner.map((path) => path.slice(1)),
        );
    });
}
