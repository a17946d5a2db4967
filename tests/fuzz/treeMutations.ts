import { type Document, isMap, isScalar, isSeq, type Pair, Scalar, type YAMLMap, type YAMLSeq } from "yaml";
import type { Dice } from "./dice";
import { nastyScalar, nastyTexts, nastyValue, prototypeKeys, withKey } from "./values";

/** A place in a tree whose value may be replaced. */
interface Slot {
    readonly key: string;
    readonly parent: YAMLMap | YAMLSeq;
    readonly value: unknown;
    readonly set: (value: unknown) => void;
    readonly remove: () => void;
}

/** Changes a tree in one place. @returns what was done, in words */
type Mutation = (document: Document, slot: Slot, slots: readonly Slot[], dice: Dice) => string;

export function slotsOf(document: Document): Slot[] {
    const found: Slot[] = [];
    const visit = (node: unknown): void => {
        if (isMap(node))
            for (const pair of [...node.items] as Pair[]) {
                found.push({
                    key: isScalar(pair.key) ? String(pair.key.value) : "?",
                    parent: node,
                    value: pair.value,
                    set: (value) => {
                        pair.value = value;
                    },
                    remove: () => {
                        node.items = node.items.filter((item) => item !== pair);
                    },
                });
                visit(pair.value);
            }
        else if (isSeq(node))
            [...node.items].forEach((item, index) => {
                found.push({
                    key: String(index),
                    parent: node,
                    value: item,
                    set: (value) => {
                        node.items[index] = value;
                    },
                    remove: () => {
                        node.items = node.items.filter((other) => other !== item);
                    },
                });
                visit(item);
            });
    };
    visit(document.contents);
    return found;
}

const mutations: readonly Mutation[] = [
    (document, slot, _, dice) => {
        slot.set(document.createNode(nastyScalar(dice)));
        return `another scalar at ${slot.key}`;
    },
    (document, slot, _, dice) => {
        slot.set(document.createNode(nastyValue(dice)));
        return `another value at ${slot.key}`;
    },
    (_, slot) => {
        slot.set(null);
        return `null at ${slot.key}`;
    },
    (_, slot) => {
        slot.remove();
        return `without ${slot.key}`;
    },
    (document, slot) => {
        const text = isScalar(slot.value) ? String(slot.value.value) : "text";
        slot.set(document.createNode(isScalar(slot.value) && typeof slot.value.value === "number" ? text : [text]));
        return `another type at ${slot.key}`;
    },
    (document, slot, _, dice) => {
        const wrapped = document.createNode(dice.chance(0.5) ? [] : {}) as YAMLMap | YAMLSeq;
        if (isMap(wrapped)) wrapped.set(dice.among([...prototypeKeys, "a", "secure", "0"]), slot.value);
        else wrapped.add(slot.value);
        slot.set(wrapped);
        return `${slot.key} wrapped`;
    },
    (document, slot) => {
        if (isMap(slot.value)) slot.set(document.createNode(slot.value.items.map(({ value }) => value)));
        else if (isSeq(slot.value)) slot.set(document.createNode(Object.fromEntries(Object.entries(slot.value.items))));
        return `map and list exchanged at ${slot.key}`;
    },
    (document, { key, parent }, _, dice) => {
        const pair = isMap(parent)
            ? parent.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
            : undefined;
        const name = dice.among([...prototypeKeys, ...nastyTexts, key.toUpperCase(), `${key}x`, key.slice(1)]);
        if (pair) pair.key = document.createNode(name);
        return `${key} renamed to ${JSON.stringify(name)}`;
    },
    (document, slot, _, dice) => {
        const key = dice.among([...prototypeKeys, ...nastyTexts, "secure", "<<", "type", "mode", "topology"]);
        const target = isMap(slot.value) ? slot.value : isMap(slot.parent) ? slot.parent : undefined;
        const value = dice.chance(0.5) ? nastyScalar(dice) : withKey(dice.among(prototypeKeys), nastyScalar(dice));
        target?.items.push(document.createPair(key, value) as Pair);
        return `a key ${JSON.stringify(key)} at ${slot.key}`;
    },
    (_, slot, slots, dice) => {
        const other = dice.among(slots);
        slot.set(clone(other.value));
        return `${other.key} at ${slot.key}, too`;
    },
    (_, slot, slots, dice) => {
        const other = dice.among(slots);
        const { value } = slot;
        slot.set(clone(other.value));
        other.set(clone(value));
        return `${slot.key} and ${other.key} exchanged`;
    },
    (_, slot, __, dice) => {
        if (isSeq(slot.value) && slot.value.items.length > 0)
            slot.value.items.push(clone(dice.among(slot.value.items)));
        return `an item of ${slot.key} twice`;
    },
    (_, slot, __, dice) => {
        const date = new Scalar(
            dice.among(["2026-11-21", "2026-11-21T10:00:00Z", "12:30", "0001-01-01", "99999-01-01"]),
        );
        date.type = "PLAIN";
        slot.set(date);
        return `a date at ${slot.key}`;
    },
    (_, slot, __, dice) => {
        if (isScalar(slot.value) && typeof slot.value.value === "string") {
            const text = slot.value.value;
            const at = dice.below(text.length + 1);
            slot.set(new Scalar(text.slice(0, at) + dice.among(nastyTexts) + text.slice(at + dice.below(2))));
        }
        return `a text within ${slot.key}`;
    },
];

const clone = (node: unknown): unknown =>
    isMap(node) || isSeq(node) || isScalar(node) ? (node.clone() as unknown) : node;

/** Changes a tree in one place, whatever it means. @returns what was done, in words */
export function mutateTree(document: Document, dice: Dice): string {
    const slots = slotsOf(document);
    if (slots.length === 0) return "nothing";
    return dice.among(mutations)(document, dice.among(slots), slots, dice);
}
