import Table from "cli-table3";
import pc from "picocolors";

/** A table without borders, for people and for `awk` alike. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
    const plain = {
        top: "",
        "top-mid": "",
        "top-left": "",
        "top-right": "",
        bottom: "",
        "bottom-mid": "",
        "bottom-left": "",
        "bottom-right": "",
        left: "",
        "left-mid": "",
        mid: "",
        "mid-mid": "",
        right: "",
        "right-mid": "",
        middle: "  ",
    };
    const lines = new Table({
        head: head.map((title) => pc.dim(title)),
        chars: plain,
        style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
    });
    lines.push(...rows.map((row) => [...row]));
    return lines.toString();
}

/** `1 object`, `2 objects`. */
export const count = (number: number, thing: string): string => `${number} ${thing}${number === 1 ? "" : "s"}`;
