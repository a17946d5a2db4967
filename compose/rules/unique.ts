import { type Path, refuse } from "../errors";
import { changeEach, get, type Node, sequence, textOf } from "../node";
import { printed } from "../text/print";
import { into, type Step } from "./table";
import { longVolume } from "./volumes";

/** What makes an item of a list the same as another one, which then replaces it: Compose specification, 13 "Merge". */
export type Identity = (item: Node, path: Path) => string;

export const byText: Identity = (item, path) => textOf(item) ?? refuse(item.at, path, "must be a text");

/** `KEY=VALUE` by its key. */
export const byKey: Identity = (item, path) => byText(item, path).split("=", 1)[0]!;

const target = (item: Node, path: Path, what: string): string =>
    textOf(get(item, "target")) ?? refuse(item.at, path, `the ${what} lacks a target`);

export const byVolumeTarget: Identity = (item, path) => {
    const short = textOf(item);
    if (short === undefined && item.kind !== "mapping") return "";
    return target(short === undefined ? item : longVolume(short, item, path), path, "volume");
};

export const byDeviceTarget: Identity = (item, path) => {
    const short = textOf(item)?.split(":");
    if (short) return short[1] ?? short[0]!;
    return item.kind === "mapping" ? target(item, path, "device") : "";
};

/** @param folder where a config or secret without target is mounted */
export const byMountTarget =
    (folder: string): Identity =>
    (item, path) => {
        const name = textOf(item);
        if (name !== undefined) return `${folder}/${name}`;
        if (item.kind !== "mapping") return refuse(item.at, path, "must be a text or a mapping");
        if (get(item, "target")) return target(item, path, "mount");
        return `${folder}/${printed(get(item, "source") ?? item)}`;
    };

export const byPortNumber: Identity = (item, path) => {
    const isNumber = item.kind === "scalar" && (typeof item.value === "bigint" || typeof item.value === "string");
    return isNumber ? printed(item) : refuse(item.at, path, "must be a port");
};

export const byPort: Identity = (item, path) => {
    if (item.kind !== "mapping") return printed(item);
    if (!get(item, "target")) refuse(item.at, path, "the port lacks a target");
    const part = (key: string, otherwise: string) => {
        const value = get(item, key);
        // A number and the same as a text are two.
        return value?.kind === "scalar" ? `${typeof value.value} ${printed(value)}` : `string ${otherwise}`;
    };
    const parts = [part("host_ip", "0.0.0.0"), part("published", "\0"), part("target", ""), part("protocol", "tcp")];
    return JSON.stringify(parts);
};

export const byFile: Identity = (item, path) => {
    if (item.kind !== "mapping") return textOf(item) ?? "";
    return textOf(get(item, "path")) ?? refuse(item.at, path, "the env file lacks a path");
};

/** Keeps one item for each identity: the last one counts, at the place of the first. */
export function uniqueItems(items: readonly Node[], identity: Identity, path: Path): Node[] {
    const kept = new Map<string, Node>();
    items.forEach((item, i) => kept.set(identity(item, [...path, i]), item));
    return [...kept.values()];
}

/** Does so in all lists that have a rule. */
export function withoutRepeats(node: Node, step: Step<Identity> | undefined, path: Path = []): Node {
    if (!step) return node;
    if (node.kind === "mapping")
        return changeEach(node, (value, key) => withoutRepeats(value, into(step, key), [...path, key]));
    if (node.kind !== "sequence" || !step.rule) return node;
    const items = uniqueItems(node.items, step.rule, path);
    return items.length === node.items.length ? node : sequence(items, node.at);
}
