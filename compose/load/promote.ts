import type { Path } from "../errors";
import { change, changeEach, get, type Mapping, type Node, put, sequence, without } from "../node";
import { merged } from "../rules/merge";
import { merges } from "../rules/rules";
import { into } from "../rules/table";

/**
 * Extensions that have become keys of the specification: `x-develop` of services, and `x-initialSync` of what they watch.
 * The key itself, where both are given, is laid over the extension.
 */
export function promoted(model: Mapping): Mapping {
    return change(model, "services", (services) =>
        services.kind === "mapping"
            ? changeEach(services, (service, name) => {
                  if (service.kind !== "mapping") return service;
                  const named = renamed(service, "x-develop", "develop", ["services", name]);
                  return change(named, "develop", (develop) =>
                      develop.kind === "mapping" ? change(develop, "watch", watches) : develop,
                  );
              })
            : services,
    );
}

const watches = (watch: Node): Node =>
    watch.kind === "sequence"
        ? sequence(
              watch.items.map((item) =>
                  item.kind === "mapping" ? renamed(item, "x-initialSync", "initial_sync", ["watch"]) : item,
              ),
              watch.at,
          )
        : watch;

function renamed(node: Mapping, from: string, to: string, path: Path): Mapping {
    const old = node.entries.get(from);
    if (!old) return node;
    const own = get(node, to);
    const step = [...path, to].reduce<ReturnType<typeof into<(typeof merges)["rule"] & object>>>(
        (at, part) => into(at, part),
        merges,
    );
    return put(without(node, from), to, own ? merged(old.node, own, step, [...path, to]) : old.node, old.at);
}

/** Resets of an extension are those of the key, too. */
export const promotedPaths = (paths: readonly Path[]): readonly Path[] =>
    paths.flatMap((path) =>
        path[0] === "services" && path[2] === "x-develop"
            ? [path, [...path.slice(0, 2), "develop", ...path.slice(3)]]
            : [path],
    );
