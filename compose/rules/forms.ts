import { allowed, type Path, refuse } from "../errors";
import {
    changeEach,
    get,
    kindOf,
    made,
    mapping,
    type Mapping,
    type Node,
    put,
    scalar,
    sequence,
    textOf,
} from "../node";
import { printed } from "../text/print";
import { longVolume } from "./volumes";

/**
 * Turns the short form of a value into the long one.
 *
 * @param deeper changes the values inside by their own rules
 */
export type Form = (node: Node, path: Path, deeper: (node: Node) => Node) => Node;

const wrongKind = (node: Node, path: Path, ...kinds: readonly string[]): never =>
    refuse(node.at, path, `is ${kindOf(node)}; ${allowed(kinds)}`);

/** A text stands for a mapping with this key. */
const textAs =
    (key: string): Form =>
    (node, path, deeper) => {
        if (node.kind === "mapping") return deeper(node);
        if (textOf(node) !== undefined) return made({ [key]: node }, node.at);
        return wrongKind(node, path, "a text", "a mapping");
    };

/** Sets keys that a mapping lacks. */
const filled = (node: Mapping, values: Readonly<Record<string, string | boolean>>): Mapping =>
    Object.entries(values).reduce(
        (whole, [key, value]) => (whole.entries.has(key) ? whole : put(whole, key, scalar(value, node.at))),
        node,
    );

export const build = textAs("context");
export const extended = textAs("service");
export const source = textAs("source");
export const cron = textAs("cron");

export const inner: Form = (node, _, deeper) => deeper(node);

export const list: Form = (node) => (textOf(node) === undefined ? node : sequence([node], node.at));

export const text: Form = (node) => (textOf(node) === undefined ? scalar(printed(node), node.at) : node);

/** A list of keys stands for a mapping without values. */
export const keys: Form = (node, path) =>
    node.kind === "sequence" ? keyed(node.items, node, path, () => scalar(null, node.at)) : node;

function keyed(items: readonly Node[], node: Node, path: Path, value: (item: Node, key: string) => Node): Mapping {
    return mapping(
        items.map((item, i) => {
            const key = textOf(item) ?? wrongKind(item, [...path, i], "a text");
            return [key, { at: item.at, node: value(item, key) }];
        }),
        node.at,
    );
}

export const startedAndRequired = { condition: "service_started", required: true } as const;

/** Compose specification, 5 "depends_on". */
export const dependencies: Form = (node, path) => {
    if (node.kind === "sequence")
        return keyed(node.items, node, path, ({ at }) => filled(made({}, at), startedAndRequired));
    if (node.kind !== "mapping") return wrongKind(node, path, "a list", "a mapping");
    return changeEach(node, (value, key) =>
        value.kind === "mapping" ? filled(value, startedAndRequired) : wrongKind(value, [...path, key], "a mapping"),
    );
};

/** Compose specification, 5 "env_file". */
export const envFiles: Form = (node, path) => {
    if (textOf(node) === undefined && node.kind !== "sequence") return wrongKind(node, path, "a text", "a list");
    const items = node.kind === "sequence" ? node.items : [node];
    return sequence(
        items.map((item, i) => {
            if (textOf(item) !== undefined) return filled(made({ path: item }, item.at), { required: true });
            return item.kind === "mapping"
                ? filled(item, { required: true })
                : wrongKind(item, [...path, i], "a text", "a mapping");
        }),
        node.at,
    );
};

/** Compose specification, 5 "gpus": `all`, or requests. */
export const gpus: Form = (node, path, deeper) => {
    if (node.kind === "sequence") return deeper(node);
    if (textOf(node) === undefined) return wrongKind(node, path, "all", "a list");
    return sequence([made({ count: scalar("all", node.at) }, node.at)], node.at);
};

export const volume: Form = (node, path) => {
    const short = textOf(node);
    if (short !== undefined) return longVolume(short, node, path);
    return node.kind === "mapping" ? node : wrongKind(node, path, "a text", "a mapping");
};

/** `SOURCE[:TARGET[:PERMISSIONS]]`: Compose specification, 5 "devices". */
export const device: Form = (node, path) => {
    const short = textOf(node);
    if (short === undefined) return node.kind === "mapping" ? node : wrongKind(node, path, "a text", "a mapping");
    const [from, to, permissions = "rwm", ...more] = short.split(":");
    if (more.length > 0)
        refuse(node.at, path, `${JSON.stringify(short)} has too many colons; allowed: SOURCE[:TARGET[:PERMISSIONS]]`);
    const parts = { source: from!, target: to || from!, permissions };
    return made(
        Object.fromEntries(Object.entries(parts).map(([key, value]) => [key, scalar(value, node.at)])),
        node.at,
    );
};

export const limit: Form = (node, path) =>
    node.kind === "mapping" || (node.kind === "scalar" && typeof node.value === "bigint")
        ? node
        : wrongKind(node, path, "an integer", "a mapping of soft and hard");

/** `KEY=VALUE` in a list. */
export const pairs: Form = (node, path) => pairsOf(node, path, () => undefined);

/** The agent may be named without a path: Compose specification, "build", "ssh". */
export const sshKeys: Form = (node, path) =>
    pairsOf(node, path, (key, { at }) => (key === "default" ? scalar(null, at) : undefined));

function pairsOf(node: Node, path: Path, alone: (key: string, item: Node) => Node | undefined): Node {
    if (node.kind === "mapping") return node;
    if (node.kind !== "sequence") return wrongKind(node, path, "a list", "a mapping");
    return mapping(
        node.items.map((item, i) => {
            const pair = textOf(item) ?? wrongKind(item, [...path, i], "a text");
            const at = pair.indexOf("=");
            const value = at < 0 ? alone(pair, item) : scalar(pair.slice(at + 1), item.at);
            if (!value) refuse(item.at, [...path, i], `has no "=" in it; ${allowed(["KEY=VALUE"])}`);
            return [at < 0 ? pair : pair.slice(0, at), { at: item.at, node: value }];
        }),
        node.at,
    );
}

/** `external: {name: …}` is an older form of `external: true` and `name`: Compose specification, 6 "external". */
export const external: Form = (node, path, deeper) => {
    if (node.kind !== "mapping")
        return node.kind === "scalar" && node.value === null ? node : wrongKind(node, path, "a mapping");
    const resource = deeper(node) as Mapping;
    const old = get(resource, "external");
    if (old?.kind !== "mapping") return resource;
    const outer = get(resource, "name");
    const name = get(old, "name");
    const clear = put(resource, "external", scalar(true, old.at));
    if (!name) return clear;
    if (outer && textOf(outer) !== textOf(name))
        refuse(
            name.at,
            [...path, "external", "name"],
            'differs from "name" beside it; write only "name" and "external: true"',
        );
    return put(clear, "name", name);
};
