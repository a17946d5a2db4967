import { type Origin, originAt } from "../config/merge";
import { flow } from "../operations/stackfile/yamlEdit";

/** Longer lines have their comment behind them, out of the column. */
const widest = 72;

/**
 * A configuration as YAML with the origin of each value beside it. What no layer says is the schema's default.
 *
 * @param unmarked keys of the outermost map that are nobody's choice
 */
export function withOrigins(value: object, origin: Origin, unmarked: readonly string[] = []): string {
    const lines = linesOf(value, origin).map(({ text, from }) => ({
        text,
        from: unmarked.some((key) => text.startsWith(`${key}:`)) ? undefined : from,
    }));
    const lengths = lines.filter(({ from }) => from !== undefined).map(({ text }) => text.length);
    const width = Math.min(widest, Math.max(0, ...lengths));
    return lines.map(({ text, from }) => (from === undefined ? text : `${text.padEnd(width)}  # ${from}`)).join("\n");
}

/** One line for every value that is no map, or an empty one. */
function linesOf(map: object, origin: Origin): { text: string; from?: string }[] {
    return Object.entries(map).flatMap(([key, value]: [string, unknown]) => {
        if (value === undefined) return [];
        const own = originAt(origin, [key]);
        const isDeep = typeof value === "object" && value !== null && !Array.isArray(value);
        if (!isDeep || Object.keys(value).length === 0)
            return [{ text: `${flow(key)}: ${flow(value)}`, from: typeof own === "string" ? own : "default" }];
        const inner = linesOf(value, own ?? {}).map((line) => ({ ...line, text: `  ${line.text}` }));
        return [{ text: `${flow(key)}:` }, ...inner];
    });
}
