import { expansion, literal, variable } from "../../components/languages/expansion";
import { joined } from "../../components/languages/text";
import type { SecretRef } from "../../components/graph";
import { objectName } from "../../components/names";
import type { Variable, Word } from "../../components/podArgs";
import type { Input } from "../../config/value";
import type { Conversion } from "./conversion";
import type { Parts } from "./secrets";
import type { VariableText } from "./variables";

/**
 * The environment of a container, and how words of its commands refer to secret values: by variables that the kubelet
 * puts in their place.
 *
 * @param name of the container: what of its environment is secret is in the Secret NAME-env
 */
export function environmentOf(
    conversion: Conversion,
    texts: { readonly env: Readonly<Record<string, VariableText>> },
    name: string,
): { env: () => Record<string, Variable>; words: (parts: Parts) => Word } {
    const { instance } = conversion;
    const plain: Record<string, Variable> = {};
    const secret: Record<string, Input<string>> = {};
    const variables = new Map<string, string>();
    for (const [key, text] of Object.entries(texts.env)) {
        if ("key" in text) {
            secret[key] = conversion.secret(text.key);
            variables.set(text.key, key);
        } else if (text.parts.some((part) => typeof part === "object")) secret[key] = conversion.value(text.parts);
        else plain[key] = text.parts.join("");
    }
    const words = (parts: Parts): Word => {
        if (!parts.some((part) => typeof part === "object")) return parts.join("");
        const all = parts.map((part) => {
            if (typeof part === "string") return literal(part);
            const key = variables.get(part.key) ?? `PLINTH_${part.key}`;
            if (!variables.has(part.key)) secret[key] = conversion.secret(part.key);
            variables.set(part.key, key);
            return variable(key);
        });
        return { composed: expansion`${joined(all, "")}` };
    };
    const env = (): Record<string, Variable> => {
        const keys = new Map(Object.keys(secret).map((key) => [key, key.replace(/[^-._a-zA-Z0-9]/g, "_")]));
        if (keys.size === 0) return plain;
        const refs = instance.secret<string>(
            instance.owner,
            objectName(name, "env"),
            Object.fromEntries([...keys].map(([key, label]) => [label, secret[key]!])) as Record<string, never>,
        ) as Record<string, SecretRef>;
        // Secret ones first: commands refer to them.
        return { ...Object.fromEntries([...keys].map(([key, label]) => [key, refs[label]!])), ...plain };
    };
    return { env, words };
}
