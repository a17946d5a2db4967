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
        let place = this.root.at;
        for (const next of this.steps(path)) place = next.at;
        return place;
    }

    /** Whether the path that is a value of the model is written relative to a folder. */
    isRelative(path: Path): boolean {
        const found = [...this.steps(path)];
        const node = found.at(-1)?.node;
        return found.length === path.length && node?.kind === "scalar" && node.written !== undefined;
    }

    private *steps(path: Path): Generator<{ readonly at: Place; readonly node: Node }> {
        let node: Node = this.root;
        for (const part of path) {
            const next = step(node, part);
            if (!next) return;
            yield next;
            node = next.node;
        }
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
