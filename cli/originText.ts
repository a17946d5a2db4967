import { type Origin, originAt } from "../config/merge";
import { flow } from "../operations/stackfile/yamlEdit";

/** In longer lines, the comment follows directly, outside the column. */
const widest = 72;

/**
 * A configuration as YAML with the origin of each value as a comment. Values without a layer are the schema's defaults.
 *
 * @param unmarked top-level keys without an origin
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

/** One line for every value that is not a map, or an empty map. */
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
