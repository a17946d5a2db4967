import { Refusal, type Text, written } from "./text";

export type Tree = { readonly [name: string]: string | number | Tree };

/**
 * A file with one element for each name of the tree, in its order.
 *
 * @throws Refusal for what XML cannot hold: https://www.w3.org/TR/xml/#charsets
 */
export const xmlFile = (root: string, tree: Tree): Text<"xml"> =>
    written(`<?xml version="1.0"?>\n${element(root, tree, "")}`);

function element(name: string, value: string | number | Tree, margin: string): string {
    if (!/^[A-Za-z_][\w.-]*$/.test(name)) throw new Refusal("allowed: the name of an element of XML");
    const inner =
        typeof value === "object"
            ? `\n${Object.entries(value)
                  .map(([child, below]) => element(child, below, `${margin}    `))
                  .join("")}${margin}`
            : escaped(name, String(value));
    return `${margin}<${name}>${inner}</${name}>\n`;
}

/** Characters that XML cannot hold, or that parsers change: a carriage return becomes a line feed. */
const unspeakable = /(?![\t\n])\p{Cc}|[\uFFFE\uFFFF]/u;

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** Not CDATA, which its end mark in a password would close. The value may be a password, so no message contains it. */
function escaped(name: string, text: string): string {
    if (unspeakable.test(text)) throw new Refusal(`"${name}" has a control character in it, which XML cannot hold`);
    return text.replaceAll(/[&<>]/g, (character) => entities[character]!);
}
