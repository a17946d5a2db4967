import { change, get, made, type Mapping, type Node, put, scalar, sequence, textOf } from "../node";
import type { Check } from "../rules/fill";
import { merged } from "../rules/merge";
import { checks, fills, locations, merges } from "../rules/rules";
import { rewrite } from "../rules/table";
import { applyExtends } from "./extends";
import { applyIncludes } from "./include";
import { eachContainer, finished, prepared, withoutPaths } from "./layers";
import { promotedPaths } from "./promote";
import { type Context, lookupIn, type Named, secretValue, wholeFile } from "./session";

/**
 * Reads files, each laid over those before it, and makes their paths absolute: Compose specification, 13 "Merge" and 14
 * "Include".
 */
export function readModel(files: readonly Named[], context: Context): Mapping {
    const start: Mapping = made({}, wholeFile(context.session.files.shown(files[0]?.path ?? context.folder)));
    const layered = files.reduce<Mapping>((model, file) => layer(model, file, context), start);
    const filled = rewrite(layered, fills, [], (fill, node, path) => fill(node, path));
    rewrite(filled, checks, [], (check: Check, node, path) => {
        check(node, path);
        return node;
    });
    const base = { folder: context.folder, home: context.session.home };
    const absolute = rewrite(filled, locations, [], (locate, node, path) => locate(node, path, base));
    return withVariables(absolute as Mapping, context);
}

/** One file over what was read before; each of its documents counts as a file. */
function layer(model: Mapping, file: Named, context: Context): Mapping {
    const { session } = context;
    return session.documents(file).reduce<Mapping>((below, { root, resets }) => {
        const top = prepared(root, context);
        const chain = [...context.chain, file.path];
        const included = applyIncludes(top, resets, { ...context, chain }, readModel);
        const kept = withoutPaths(below, promotedPaths(resets)) as Mapping;
        const extended = applyExtends(included, resets, { file: file.path, context });
        return finished(merged(kept, extended, merges, []) as Mapping, context, true);
    }, model);
}

/** Names of variables without value get one, where the environment has it. */
function withVariables(model: Mapping, { environment }: Context): Mapping {
    const lookup = lookupIn(environment);
    const inList = (node: Node): Node =>
        node.kind === "sequence"
            ? sequence(
                  node.items.map((item) => {
                      const value = lookup(textOf(item) ?? "");
                      return value === undefined ? item : scalar(`${textOf(item)}=${value}`, item.at);
                  }),
                  node.at,
              )
            : node;
    const containers = ["services", "jobs"].reduce(
        (whole, key) => eachContainer(whole, key, (container) => change(container, "environment", inList)),
        model,
    );
    return ["secrets", "configs"].reduce(
        (whole, key) =>
            eachContainer(whole, key, (object) => {
                const from = get(object, "environment");
                const value = lookup(textOf(from) ?? "");
                if (value === undefined || !from) return object;
                return put(object, key === "secrets" ? secretValue : "content", scalar(value, from.at));
            }),
        containers,
    );
}
