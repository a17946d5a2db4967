import { Instant, type Node } from "../node";

/** A value as Go prints it with `%v`, which is how Compose makes texts of numbers, booleans and dates. */
export function printed(node: Node): string {
    if (node.kind === "sequence") return `[${node.items.map(printed).join(" ")}]`;
    if (node.kind === "mapping") {
        const keys = [...node.entries.keys()].sort();
        return `map[${keys.map((key) => `${key}:${printed(node.entries.get(key)!.node)}`).join(" ")}]`;
    }
    const { value } = node;
    if (value === null) return "<nil>";
    if (value instanceof Instant) return value.text;
    return typeof value === "number" ? printedFloat(value) : String(value);
}

/** Shortest digits, with an exponent below 1e-4 and from 1e21 on. */
export function printedFloat(value: number): string {
    if (Number.isNaN(value)) return "NaN";
    if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
    if (Object.is(value, -0)) return "-0";
    const size = Math.abs(value);
    if (size === 0 || (size >= 1e-4 && size < 1e21)) return String(value);
    const [digits, exponent] = value.toExponential().split("e") as [string, string];
    return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}
