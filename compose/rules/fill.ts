import { type Path, refuse } from "../errors";
import { get, kindOf, type Mapping, type Node, put, scalar, textOf } from "../node";
import { printed } from "../text/print";

/** Sets what was left out, once all files are merged. */
export type Fill = (node: Node, path: Path) => Node;

const set = (node: Mapping, key: string, value: string | boolean): Mapping =>
    node.entries.has(key) ? node : put(node, key, scalar(value, node.at));

const inMapping =
    (fill: (node: Mapping) => Mapping): Fill =>
    (node, path) =>
        node.kind === "mapping" ? fill(node) : refuse(node.at, path, `is ${kindOf(node)}; allowed: a mapping`);

/** Other forms stay. */
const ifMapping =
    (fill: (node: Mapping) => Mapping): Fill =>
    (node) =>
        node.kind === "mapping" ? fill(node) : node;

export const buildContext = ifMapping((node) => set(node, "context", "."));
export const port = ifMapping((node) => set(set(node, "protocol", "tcp"), "mode", "ingress"));
export const bind = inMapping((node) => set(node, "create_host_path", true));
export const secretTarget = inMapping((node) =>
    set(node, "target", `/run/secrets/${printed(get(node, "source") ?? scalar(null, node.at))}`),
);
export const deviceCount = inMapping((node) => (node.entries.has("device_ids") ? node : set(node, "count", "all")));

/** Refuses what no schema can say. */
export type Check = (node: Node, path: Path) => void;

/** Compose specification, 8 "configs" and 9 "secrets". */
export const oneSource =
    (...keys: readonly string[]): Check =>
    (node, path) => {
        const given = keys.filter((key) => get(node, key));
        if (given.length > 1) refuse(node.at, path, `only one of ${given.join(", ")} is allowed`);
        if (given.length === 0 && !get(node, "driver") && !get(node, "external"))
            refuse(node.at, path, `one of ${keys.join(", ")} or external is needed`);
    };

/** An external volume has its settings elsewhere: Compose specification, 7 "volumes", "external". */
export const onlyName: Check = (node, path) => {
    const isExternal = get(node, "external");
    if (node.kind !== "mapping" || !isExternal) return;
    if (isExternal.kind !== "scalar" || typeof isExternal.value !== "boolean")
        refuse(isExternal.at, [...path, "external"], `is ${kindOf(isExternal)}; allowed: true, false`);
    const other = [...node.entries].find(([key]) => !["name", "external"].includes(key) && !key.startsWith("x-"));
    if (isExternal.value && other)
        refuse(other[1].at, [...path, other[0]], "an external volume has its settings elsewhere; allowed: name");
};

export const notEmpty: Check = (node, path) => {
    if (textOf(node) === "") refuse(node.at, path, "must not be empty");
};

export const countOrIds: Check = (node, path) => {
    if (get(node, "count") && get(node, "device_ids"))
        refuse(node.at, path, "only one of count and device_ids is allowed");
};

/** @param isValid of an address */
export const hostAddress =
    (isValid: (address: string) => boolean): Check =>
    (node, path) => {
        const address = get(node, "host_ip");
        if (address && !isValid(textOf(address) ?? ""))
            refuse(address.at, [...path, "host_ip"], `${JSON.stringify(textOf(address))} is no IP address`);
    };
