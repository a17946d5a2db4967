import Table from "cli-table3";
import pc from "picocolors";

/** A table without borders, readable by users and `awk`. */
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

/** Cores for display: `0.50`, rounded up. */
export const cores = (cpu: number): string => (Math.ceil(cpu * 100 - 1e-6) / 100).toFixed(2);

/** Bytes for display: `1.5 GiB`. */
export const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
