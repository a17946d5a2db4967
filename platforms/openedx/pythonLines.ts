import type * as lezer from "@lezer/python";

/**
 * The first of some lines at which they are no Python; undefined if they are.
 *
 * @returns its index
 */
export function brokenLine(lines: readonly string[]): number | undefined {
    if (lines.length === 0) return undefined;
    // Only who has such lines waits for the parser to load.
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would be loaded by every command
    const { parser } = require("@lezer/python") as typeof lezer;
    const text = lines.join("\n");
    const cursor = parser.parse(text).cursor();
    do {
        // The end of a text that goes on is behind its last line.
        if (cursor.type.isError) return text.slice(0, cursor.from).trimEnd().split("\n").length - 1;
    } while (cursor.next());
    return undefined;
}
