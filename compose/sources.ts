import type { Path, Place } from "./errors";
import { type Node, textOf } from "./node";

/** Where the values of a model are written. */
export class Sources {
    constructor(private readonly root: Node) {}

    /**
     * The place of a value, or of the nearest one around it that is written.
     *
     * @param path in the model: `["services", "web", "ports", 0]`
     */
    at(path: Path): Place {
        let node: Node = this.root;
        let place = node.at;
        for (const part of path) {
            const next = step(node, part);
            if (!next) return place;
            place = next.at;
            node = next.node;
        }
        return place;
    }
}

function step(node: Node, part: string | number): { at: Place; node: Node } | undefined {
    if (node.kind === "mapping") return node.entries.get(String(part));
    if (node.kind !== "sequence") return undefined;
    const item =
        typeof part === "number"
            ? node.items[part]
            : // A list of KEY=VALUE, where the model has a mapping.
              node.items.findLast((one) => textOf(one)?.split("=", 1)[0] === part);
    return item && { at: item.at, node: item };
}
