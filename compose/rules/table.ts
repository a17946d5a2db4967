import type { Path } from "../errors";
import { type Node, changeEach, sequence } from "../node";

/** Where a walk stands among the patterns of a table. */
export interface Step<T> {
    /** What applies here. */
    readonly rule?: T;
    readonly inner: ReadonlyMap<string, Step<T>>;
}

/**
 * Rules by pattern: `services.*.ports.*`, where `*` is any key or list item.
 *
 * @throws RangeError if a pattern occurs twice
 */
export function tableOf<T>(rows: Iterable<readonly [string, T]>): Step<T> {
    interface Growing {
        rule?: T;
        inner: Map<string, Growing>;
    }
    const root: Growing = { inner: new Map() };
    for (const [pattern, rule] of rows) {
        let at = root;
        for (const part of pattern.split(".")) {
            if (!at.inner.has(part)) at.inner.set(part, { inner: new Map() });
            at = at.inner.get(part)!;
        }
        if (at.rule) throw new RangeError(`two rules for ${pattern}`);
        at.rule = rule;
    }
    return root;
}

/** The step to a key or list item, undefined where no rule can follow. */
export const into = <T>(step: Step<T> | undefined, part: string | number): Step<T> | undefined =>
    step && ((typeof part === "string" ? step.inner.get(part) : undefined) ?? step.inner.get("*"));

/** The rule for a path, if there is one. */
export const ruleAt = <T>(table: Step<T>, path: Path): T | undefined =>
    path.reduce<Step<T> | undefined>((step, part) => into(step, part), table)?.rule;

/**
 * Applies the rules to what they match, and to nothing below that: a rule that wants its inner values changed calls
 * `deeper`.
 */
export function rewrite<T>(
    node: Node,
    step: Step<T> | undefined,
    path: Path,
    apply: (rule: T, node: Node, path: Path, deeper: (node: Node) => Node) => Node,
): Node {
    if (!step) return node;
    const deeper = (inner: Node): Node => {
        if (inner.kind === "mapping") return changeEach(inner, one);
        if (inner.kind === "sequence") {
            const items = inner.items.map((item, i) => one(item, i));
            return items.every((item, i) => item === inner.items[i]) ? inner : sequence(items, inner.at);
        }
        return inner;
    };
    const one = (value: Node, part: string | number) => rewrite(value, into(step, part), [...path, part], apply);
    return step.rule ? apply(step.rule, node, path, deeper) : deeper(node);
}
