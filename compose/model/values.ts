import { refuse } from "../errors";
import { isNull, type Node, textOf } from "../node";
import { printed } from "../text/print";
import { commandWords } from "./words";
import { byKey, integer, record, type Shape, text, wrong } from "./shape";
import { durationText, nanosecondsOf, bytesOf } from "./units";

/** As Go writes it: `1m30s`. */
export const duration: Shape<string> = {
    read(node, path) {
        if (isNull(node)) return undefined;
        const written = printed(node);
        const value = nanosecondsOf(written);
        if (value === undefined)
            refuse(
                node.at,
                path,
                `${JSON.stringify(written)} is no duration; allowed: 1m30s, with ns, us, ms, s, m, h, d or w`,
            );
        return durationText(value);
    },
};

/** The same where none is as good as zero. */
export const nonZeroDuration: Shape<string> = {
    read(node, path) {
        const value = duration.read(node, path);
        return value === "0s" ? undefined : value;
    },
};

/** A number of bytes, as a text of digits. Units are powers of 1024: Compose specification, 11 "Specifying byte values". */
export const bytes: Shape<string> = {
    read(node, path) {
        if (isNull(node) || node.kind !== "scalar") return undefined;
        // compose-go takes a number with a fraction as none.
        const value =
            typeof node.value === "bigint" ? node.value : typeof node.value === "string" ? bytesOf(node.value) : 0n;
        if (value === undefined)
            refuse(node.at, path, `${JSON.stringify(printed(node))} is no size; allowed: 512, 64k, 256m, 1.5gb`);
        return value === 0n ? undefined : String(value);
    },
};

/** Permissions: a text is octal, as it is in `chmod`. */
export const mode: Shape<string> = {
    read(node, path) {
        if (isNull(node)) return undefined;
        const written = node.kind === "scalar" ? node.value : null;
        if (typeof written === "bigint") return `0${written.toString(8)}`;
        const octal = typeof written === "string" ? /^[-+]?[0-7]+$/.exec(written) : null;
        if (!octal) return refuse(node.at, path, `is no mode; allowed: octal digits, such as "0440"`);
        return `0${parseInt(octal[0], 8).toString(8)}`;
    },
};

/** The words of a command. A text is split at blanks, as a shell would, but no shell runs it: specification, 5 "command". */
export const command: Shape<readonly string[]> = {
    read(node, path) {
        if (isNull(node)) return undefined;
        const line = textOf(node);
        if (line === undefined) {
            if (node.kind !== "sequence") return wrong(node, path, "a text", "a list");
            return node.items.map((item, i) => textOf(item) ?? wrong(item, [...path, i], "a text"));
        }
        return (
            commandWords(line) ??
            refuse(
                node.at,
                path,
                "a quote or bracket is not closed, or a bracket is not in quotes; write the command as a list",
            )
        );
    },
};

/** A text is for a shell. */
export const healthTest: Shape<readonly string[]> = {
    read(node, path) {
        const line = textOf(node);
        if (line !== undefined) return ["CMD-SHELL", line];
        const words = command.read(node, path);
        return words && words.length > 0 ? words : undefined;
    },
};

/** One text or several. */
export const textOrTexts: Shape<readonly string[]> = {
    read(node, path) {
        if (isNull(node)) return undefined;
        const items = node.kind === "sequence" ? node.items : [node];
        const all = items.map((item, i) => textOf(item) ?? wrong(item, [...path, i], "a text"));
        return all.length > 0 ? all : undefined;
    },
};

/** Ports as they are written. */
export const textsOrNumbers: Shape<readonly string[]> = {
    read(node, path) {
        if (isNull(node)) return undefined;
        if (node.kind !== "sequence") return wrong(node, path, "a list");
        return node.items.length > 0 ? node.items.map(printed) : undefined;
    },
};

/** The pairs of a mapping, or of a list of `KEY=VALUE`. */
export function pairsOf(node: Node, path: readonly (string | number)[]): (readonly [string, Node | undefined])[] {
    if (node.kind === "mapping") return [...node.entries].map(([key, entry]) => [key, entry.node]);
    if (node.kind !== "sequence") return wrong(node, path, "a list", "a mapping");
    return node.items.map((item) => {
        const pair = printed(item);
        const at = pair.indexOf("=");
        return at < 0
            ? [pair, undefined]
            : [pair.slice(0, at), { kind: "scalar", value: pair.slice(at + 1), at: item.at }];
    });
}

const pairs = <T>(value: (node: Node | undefined) => T, checked = false): Shape<Readonly<Record<string, T>>> => ({
    read(node, path) {
        if (isNull(node)) return undefined;
        const found = pairsOf(node, path);
        for (const [key] of checked && node.kind === "sequence" ? found : [])
            if (/\s$/u.test(key)) refuse(node.at, path, `the name ${JSON.stringify(key)} ends with a blank`);
        return found.length > 0 ? byKey(found.map(([key, one]) => [key, value(one)])) : undefined;
    },
});

const isNothing = (node: Node | undefined): boolean => node === undefined || isNull(node);

/** Null for a variable without value. */
export const environment = pairs((node): string | null => (isNothing(node) ? null : printed(node!)), true);
export const labels = pairs((node): string => (isNothing(node) ? "" : printed(node!)));

/** Options go to a driver as texts. */
export const options: Shape<Readonly<Record<string, string>>> = {
    read: (node, path) =>
        isNull(node) || node.kind === "mapping" ? labels.read(node, path) : wrong(node, path, "a mapping"),
};

/** Options that may be given several times. */
export const repeatedOptions: Shape<Readonly<Record<string, readonly string[]>>> = {
    read(node, path) {
        if (isNull(node)) return undefined;
        if (node.kind !== "mapping") return wrong(node, path, "a mapping");
        const all = [...node.entries].map(([key, { node: value }]) => {
            const values = value.kind === "sequence" ? value.items : [value];
            return [key, values.map(printed)] as const;
        });
        return all.length > 0 ? byKey(all) : undefined;
    },
};

/** Options that are texts already. */
export const driverTexts = record(text, "");

/** `ID` for the agent, or `ID: PATH`, sorted. */
export const sshKeys: Shape<readonly string[]> = {
    read(node, path) {
        if (isNull(node)) return undefined;
        if (node.kind !== "mapping") return wrong(node, path, "a mapping");
        const keys = [...node.entries].map(([id, { node: value }]) => {
            const from = isNull(value) ? "" : printed(value);
            return from === "" ? id : `${id}: ${from}`;
        });
        return keys.length > 0 ? keys.sort(byCode) : undefined;
    },
};

/** Soft and hard limit, or one number for both. */
export const limits: Shape<number | { readonly soft: number; readonly hard: number }> = {
    read(node, path) {
        if (isNull(node)) return undefined;
        if (node.kind === "scalar") return integer.read(node, path) ?? { soft: 0, hard: 0 };
        if (node.kind !== "mapping") return wrong(node, path, "an integer", "a mapping of soft and hard");
        const of = (key: string): number => {
            const value = node.entries.get(key)?.node;
            if (!value) return 0;
            const isInteger = value.kind === "scalar" && typeof value.value === "bigint";
            return isInteger ? Number(value.value) : wrong(value, [...path, key], "an integer");
        };
        return { soft: of("soft"), hard: of("hard") };
    },
};

/** A number, or -1 for all. */
export const deviceCount: Shape<number> = {
    read(node, path) {
        if (textOf(node)?.toLowerCase() === "all") return -1;
        if (node.kind === "scalar" && typeof node.value === "number") return wrong(node, path, "all", "an integer");
        return integer.read(node, path);
    },
};

/** `HOST=IP`, sorted: specification, 5 "extra_hosts". */
export const hosts: Shape<readonly string[]> = {
    read(node, path) {
        if (isNull(node)) return undefined;
        const found = new Map<string, string[]>();
        const add = (host: string, addresses: readonly string[]) =>
            found.set(host, [...(found.get(host) ?? []), ...addresses.map((one) => one.replace(/^\[(.+)\]$/s, "$1"))]);
        if (node.kind === "mapping")
            for (const [host, { node: value }] of node.entries)
                add(host, value.kind === "sequence" ? value.items.map(printed) : [text.read(value, path) ?? ""]);
        else if (node.kind === "sequence")
            node.items.forEach((item, i) => {
                const pair = printed(item);
                const at = pair.includes("=") ? pair.indexOf("=") : pair.indexOf(":");
                if (at < 0)
                    refuse(item.at, [...path, i], `${JSON.stringify(pair)} has no address; allowed: HOST=IP, HOST:IP`);
                add(pair.slice(0, at), pair.slice(at + 1).split(","));
            });
        else return wrong(node, path, "a list", "a mapping");
        for (const host of found.keys())
            if (/^$|[:=]/.test(host)) refuse(node.at, path, `${JSON.stringify(host)} is no host name`);
        const all = [...found].flatMap(([host, addresses]) => addresses.map((address) => `${host}=${address}`));
        return found.size > 0 ? all.sort(byCode) : undefined;
    },
};

const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
