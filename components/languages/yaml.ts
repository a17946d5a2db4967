import { Document, isScalar, Scalar, visit } from "yaml";
import type { Json } from "./python";
import { isWhole, Refusal, type Text, written } from "./text";

export type Yaml = Text<"yaml">;

/**
 * A file with one value that all loaders read alike, those of YAML 1.1 (such as PyYAML) and of YAML 1.2.
 *
 * Every text is between double quotes, because the versions differ in which plain words are not texts: `on`, `0123`,
 * `1:20`, dates. https://yaml.org/type/ has those of 1.1.
 *
 * @throws Refusal for numbers that a loader could read as a text or not exactly, and for halves of surrogate pairs
 */
export function yaml(value: { readonly [key: string]: Json }): Yaml {
    const document = new Document(value, { aliasDuplicateObjects: false });
    visit(document, {
        Scalar(key, node) {
            if (typeof node.value === "number") check(node.value);
            if (typeof node.value !== "string") return;
            if (!isWhole(node.value)) throw new Refusal("allowed: any text of whole Unicode characters");
            const isPlainKey = key === "key" && isPlain(node.value);
            node.type = isPlainKey ? Scalar.PLAIN : Scalar.QUOTE_DOUBLE;
        },
        Pair(_, { key }) {
            // Keys of numbers cannot come out of JSON; this is for the compiler only.
            if (!isScalar(key)) throw new Refusal("allowed: texts as keys");
        },
    });
    return written(document.toString({ lineWidth: 0 }).replace(unprintable, escaped));
}

/** Names of settings. Words that are a boolean or null to some loader are not in upper case with an underscore. */
const isPlain = (key: string): boolean =>
    /^[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*$/.test(key) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(key);

function check(value: number): void {
    // A number with an exponent has no dot in JavaScript, and must have one in YAML 1.1.
    if (!/^-?\d+(\.\d+)?$/.test(String(value)) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
        throw new Refusal("allowed: numbers up to 2^53 that need no exponent");
}

/**
 * What is not allowed as it is, or ends a line, in YAML 1.1, and only occurs between double quotes.
 * https://yaml.org/spec/1.1/current.html#c-printable
 */
const unprintable = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
