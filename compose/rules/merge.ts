import { allowed, type Path, refuse } from "../errors";
import {
    equal,
    fingerprint,
    get,
    isNull,
    kindOf,
    made,
    mapping,
    type Mapping,
    type Node,
    scalar,
    sequence,
    textOf,
} from "../node";
import { printed } from "../text/print";
import { startedAndRequired } from "./forms";
import { into, type Step } from "./table";
import { byKey, uniqueItems } from "./unique";

/** Lays a value over another one. @param usual merges mappings key by key, each with its own rule */
export type Merge = (base: Node, over: Node, path: Path, usual: (base: Mapping, over: Mapping) => Mapping) => Node;

/**
 * Compose specification, 13 "Merge": mappings are merged key by key, lists are joined, all else is replaced, except for
 * what the table says.
 */
export function merged(base: Node, over: Node, step: Step<Merge> | undefined, path: Path): Node {
    const usual = (one: Mapping, other: Mapping): Mapping => {
        const entries = new Map(one.entries);
        for (const [key, entry] of other.entries) {
            const before = entries.get(key);
            entries.set(
                key,
                before ? { ...entry, node: merged(before.node, entry.node, into(step, key), [...path, key]) } : entry,
            );
        }
        return mapping(entries, one.at);
    };
    if (step?.rule) return step.rule(base, over, path, usual);
    if (isNull(over)) return base;
    if (base.kind === "scalar") return over;
    if (base.kind !== over.kind)
        refuse(
            over.at,
            path,
            `is ${kindOf(over)} and cannot be laid over ${kindOf(base)} of ${base.at.file}, line ${base.at.line}`,
        );
    if (base.kind === "mapping") return usual(base, over as Mapping);
    return joined(base.items, (over as typeof base).items, base);
}

/** Items that are the same to the last one occur once. */
function joined(base: readonly Node[], over: readonly Node[], { at }: Node): Node {
    const items = [...base];
    const known = new Set(base.map(fingerprint));
    for (const item of over) {
        const print = fingerprint(item);
        if (!known.has(print)) items.push(item);
        known.add(print);
    }
    return sequence(items, at);
}

export const replace: Merge = (_, over) => over;

/** Lists of `KEY=VALUE` or mappings: one value for each key. */
export const byKeys: Merge = (base, over, path) =>
    sequence(uniqueItems([...itemsOf(base), ...itemsOf(over)], byKey, path), base.at);

/** A text, a list or a mapping become a list. */
export const asList: Merge = (base, over) => {
    const [items, more] = [itemsOf(base), itemsOf(over)];
    const isNone = items.length + more.length === 0 && base.kind !== "sequence";
    return isNone ? scalar(null, base.at) : joined(items, more, base);
};

function itemsOf(node: Node): readonly Node[] {
    if (node.kind === "sequence") return node.items;
    if (node.kind === "scalar") return textOf(node) === undefined ? [] : [node];
    const items = [...node.entries].flatMap(([key, { node: value, at }]) => {
        if (isNull(value)) return [scalar(key, at)];
        const values = value.kind === "sequence" ? value.items : [value];
        return values.map((one) => scalar(`${key}=${printed(one)}`, at));
    });
    return items.sort((a, b) => ((a.value as string) < (b.value as string) ? -1 : 1));
}

/** A list of keys and a mapping become a mapping. @param value of a key that stands in a list */
const asMapping =
    (value: (at: Node) => Node): Merge =>
    (base, over, path, usual) => {
        const keyed = (node: Node): Mapping => {
            if (node.kind === "mapping") return node;
            if (isNull(node)) return made({}, node.at);
            const items = node.kind === "sequence" ? node.items : [node];
            return mapping(
                items.map((item, i) => {
                    const key =
                        textOf(item) ??
                        refuse(item.at, [...path, i], `is ${kindOf(item)}; ${allowed(["a text", "a mapping"])}`);
                    return [key, { at: item.at, node: value(item) }];
                }),
                node.at,
            );
        };
        return usual(keyed(base), keyed(over));
    };

export const byNames = asMapping(({ at }) => scalar(null, at));

export const byDependencies = asMapping(({ at }) =>
    made(
        { condition: scalar(startedAndRequired.condition, at), required: scalar(startedAndRequired.required, at) },
        at,
    ),
);

/** A text is the context. */
export const builds: Merge = (base, over, _path, usual) => {
    const long = (node: Node): Mapping =>
        node.kind === "mapping"
            ? node
            : textOf(node) === undefined
              ? made({}, node.at)
              : made({ context: node }, node.at);
    return usual(long(base), long(over));
};

/** Options of one driver are not for another one. */
export const loggings: Merge = (base, over, path, usual) => {
    for (const node of [base, over])
        if (node.kind !== "mapping") refuse(node.at, path, `is ${kindOf(node)}; allowed: a mapping`);
    const [one, other] = [get(base, "driver"), get(over, "driver")];
    return !one || !other || equal(one, other) ? usual(base as Mapping, over as Mapping) : over;
};

export const limits: Merge = (base, over, _path, usual) =>
    base.kind === "mapping" && over.kind === "mapping" ? usual(base, over) : over;

/** Address pools are the same if their subnets are. */
export const pools: Merge = (base, over, path, usual) => {
    for (const node of [base, over])
        if (node.kind !== "sequence") refuse(node.at, path, `is ${kindOf(node)}; allowed: a list`);
    // Boxes, since compose-go goes on changing pools that it has already taken.
    const taken: { pool: Mapping }[] = [];
    const subnet = ({ pool }: { pool: Mapping }) => textOf(get(pool, "subnet"));
    const find = (wanted: string | undefined) => taken.findIndex((box) => subnet(box) === wanted);
    const poolOf = (node: Node, i: number): { pool: Mapping } =>
        node.kind === "mapping"
            ? { pool: node }
            : refuse(node.at, [...path, i], `is ${kindOf(node)}; allowed: a mapping`);
    const overs = (over as { items: readonly Node[] }).items.map(poolOf);
    for (const box of (base as { items: readonly Node[] }).items.map(poolOf))
        for (const other of overs) {
            if (subnet(other) !== subnet(box) && find(subnet(other)) < 0) {
                taken.push(other);
                continue;
            }
            box.pool = usual(box.pool, other.pool);
            const at = find(subnet(box));
            if (at >= 0) taken[at] = box;
            else taken.push(box);
        }
    return taken.length > 0
        ? sequence(
              taken.map(({ pool }) => pool),
              base.at,
          )
        : scalar(null, base.at);
};
